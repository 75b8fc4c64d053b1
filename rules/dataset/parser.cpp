#include "rules/dataset/parser.h"

#include "rules/dataset/inflate.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

constexpr std::size_t depth_ceiling = 64;
constexpr std::uint64_t item_header_bytes = 8;

bool is_pixel_data(Tag tag) {
  return tag == tags::pixel_data || tag == tags::float_pixel_data || tag == tags::double_float_pixel_data;
}

}  // namespace

Result<DataSet> Parser::read_data_set(const TransferSyntax& transfer_syntax) {
  result_.transfer_syntax = &transfer_syntax;
  const Encoding encoding = !transfer_syntax.explicit_vr ? Encoding::implicit_little
                            : transfer_syntax.big_endian ? Encoding::explicit_big
                                                         : Encoding::explicit_little;
  result_.elements = ElementList(encoding);
  Level& level = levels_.emplace_back();
  level.list = &result_.elements;
  level.encoding = encoding;
  level.list_end = bytes_.size();
  if (auto done = run(); !done) return done.error();
  if (result_.elements.empty()) return fail(Errc::malformed_dataset, "no data element");
  result_.complete = !stopped_;
  return std::move(result_);
}

std::optional<std::vector<Item>> Parser::read_items(Encoding encoding) {
  Element sequence;
  sequence.source_ = bytes_.first(0);
  Level& level = levels_.emplace_back();
  level.sequence = &sequence;
  level.encoding = encoding;
  level.sequence_end = bytes_.size();
  if (!run() || stopped_ || result_.fatal || sequence.content_ == Content::unreadable_items)
    return std::nullopt;
  return std::move(sequence.items_);
}

bool Parser::open(Element& element, const Limits& limits) {
  if (element.content_ != Content::bytes || element.replaced_ || element.source_.empty()) return false;
  const Parser probe(element.source_, limits);
  const Encoding encoding = element.encoding_ == Encoding::implicit_little
                                ? Encoding::implicit_little
                                : probe.items_encoding(0, element.source_.size());
  auto items = Parser(element.source_, limits).read_items(encoding);
  if (!items || items->empty()) return false;
  element.items_ = std::move(*items);
  element.content_ = Content::items;
  element.vr_ = Vr::sq;
  element.source_ = element.source_.first(0);
  return true;
}

Result<void> Parser::run() {
  while (!levels_.empty()) {
    auto done = levels_.back().list == nullptr ? read_item() : read_element();
    if (!done) return done;
  }
  return {};
}

Result<void> Parser::read_element() {
  Level& level = levels_.back();
  if (position_ >= level.list_end) {
    if (level.list_undefined) {
      give_up(AnomalyKind::unterminated_sequence);
    } else {
      end_of_list();
    }
    return {};
  }
  const bool outermost = level.sequence == nullptr;
  if (outermost && ends_in_trailing_bytes(level)) {
    end_of_list();
    return {};
  }
  if (level.list_end - position_ < 8) {
    give_up(AnomalyKind::value_overrun);
    return {};
  }
  const bool big_endian = level.encoding == Encoding::explicit_big;
  const Tag tag = read_tag(&bytes_[position_], big_endian);
  if (level.list_undefined && tag == tags::item_delimitation) {
    if (read_u32(&bytes_[position_ + 4], big_endian) != 0) {
      note(AnomalyKind::delimitation_length, Severity::fatal, position_);
    }
    check_group_length(level, tag);
    position_ += item_header_bytes;
    level.list = nullptr;
    return {};
  }
  if (tag.group() == 0xFFFE) {
    give_up(AnomalyKind::item_tag_as_element, tag);
    return {};
  }
  const auto header = read_header(level.encoding);
  if (!header) {
    give_up(AnomalyKind::undefined_vr, tag);
    return {};
  }
  return start_element(*header);
}

Result<void> Parser::start_element(const Header& header) {
  Level& level = levels_.back();
  const Tag tag = header.tag;
  check_group_length(level, tag);
  check_tag(level, tag);
  Element element;
  element.tag_ = tag;
  element.offset_ = position_;
  element.header_bytes_ = header.bytes;
  element.encoding_ = level.encoding;
  element.vr_ = meaning(level, header);
  element.encoded_vr_ = level.encoding == Encoding::implicit_little ? element.vr_ : header.wire_vr;
  if (header.wire_vr == Vr::unknown) note(AnomalyKind::undefined_vr, Severity::fatal, position_, tag);
  position_ += header.bytes;
  return read_value(std::move(element), header);
}

std::optional<Parser::Header> Parser::read_header(Encoding encoding) const noexcept {
  const std::uint8_t* at = &bytes_[position_];
  const bool big_endian = encoding == Encoding::explicit_big;
  Header header;
  header.tag = read_tag(at, big_endian);
  if (encoding == Encoding::implicit_little) {
    header.length = read_u32(at + 4, false);
    return header;
  }
  header.wire_vr = parse_vr(static_cast<char>(at[4]), static_cast<char>(at[5]));
  const auto is_capital = [](std::uint8_t letter) { return letter >= 'A' && letter <= 'Z'; };
  // PS3.5 §6.2: a VR that a later edition adds has the long form. Anything but two letters is no header at
  // all.
  if (header.wire_vr == Vr::unknown && !(is_capital(at[4]) && is_capital(at[5]))) return std::nullopt;
  if (!has_long_length(header.wire_vr)) {
    header.length = read_u16(at + 6, big_endian);
    return header;
  }
  if (levels_.back().list_end - position_ < 12) return std::nullopt;
  header.bytes = 12;
  header.length = read_u32(at + 8, big_endian);
  return header;
}

Vr Parser::meaning(const Level& level, const Header& header) const {
  if (level.encoding != Encoding::implicit_little && header.wire_vr != Vr::un) return header.wire_vr;
  if (header.tag.is_group_length()) return Vr::ul;
  if (header.tag.is_private_creator()) return Vr::lo;
  if (!header.tag.is_private()) {
    const DictionaryEntry* entry = lookup(header.tag);
    return entry == nullptr ? Vr::un : entry->vr;
  }
  const std::string_view creator = level.list->creator_of(header.tag);
  const DictionaryEntry* entry = creator.empty() ? nullptr : lookup_private(header.tag, creator);
  // A private dictionary may be wrong about a sequence; open_as_sequence() is for those who rely on it.
  return entry == nullptr || entry->vr == Vr::sq ? Vr::un : entry->vr;
}

Result<void> Parser::read_value(Element element, const Header& header) {
  const Level& level = levels_.back();
  const Tag tag = header.tag;
  const bool is_explicit = level.encoding != Encoding::implicit_little;
  const bool is_un = is_explicit && header.wire_vr == Vr::un;
  const DictionaryEntry* entry = tag.is_private() ? nullptr : lookup(tag);
  const Vr dictionary_vr = entry == nullptr ? Vr::un : entry->vr;

  if (header.length == undefined_length) {
    if (tag == tags::pixel_data && header.wire_vr != Vr::sq) return read_fragments(std::move(element));
    if (element.vr_ == Vr::sq && !is_un)
      return enter_sequence(std::move(element), level.encoding, header.length);
    if (is_un) {
      const Encoding encoding = items_encoding(position_, level.list_end);
      return enter_sequence(std::move(element), encoding, header.length);
    }
    if (!is_explicit) {
      if (element.vr_ != Vr::un) {
        note(AnomalyKind::undefined_length_not_allowed, Severity::fatal, element.offset_, tag);
      }
      return enter_sequence(std::move(element), level.encoding, header.length);
    }
    if (starts_with_item(position_, level.list_end, level.encoding == Encoding::explicit_big)) {
      note(AnomalyKind::sequence_as_other_vr, Severity::tolerable, element.offset_, tag);
      const Encoding encoding = items_encoding(position_, level.list_end);
      return enter_sequence(std::move(element), encoding, header.length);
    }
    note(AnomalyKind::undefined_length_not_allowed, Severity::tolerable, element.offset_, tag);
    return read_fragments(std::move(element));
  }

  if (is_explicit && !is_un && entry != nullptr && !entry->vr_varies) check_vr(element, dictionary_vr);
  if (element.vr_ == Vr::sq) {
    const Encoding encoding = is_un ? items_encoding(position_, level.list_end) : level.encoding;
    return enter_sequence(std::move(element), encoding, header.length);
  }
  if (is_explicit && dictionary_vr == Vr::sq && header.length != 0) {
    const std::uint64_t end = position_ + std::min<std::uint64_t>(header.length, level.list_end - position_);
    if (starts_with_item(position_, end, level.encoding == Encoding::explicit_big)) {
      note(AnomalyKind::sequence_as_other_vr, Severity::tolerable, element.offset_, tag);
      const Encoding encoding = items_encoding(position_, end);
      return enter_sequence(std::move(element), encoding, header.length);
    }
    note(AnomalyKind::unreadable_sequence, Severity::fatal, element.offset_, tag);
  }
  return read_plain_value(std::move(element), header.length);
}

Result<void> Parser::read_plain_value(Element element, std::uint32_t length) {
  const Level& level = levels_.back();
  const bool outermost = level.sequence == nullptr;
  const bool is_pixels = outermost && is_pixel_data(element.tag_);
  const Tag tag = element.tag_;
  std::uint64_t available = level.list_end - position_;
  if (length > available && !is_pixels) {
    give_up(outermost ? AnomalyKind::truncated : AnomalyKind::value_overrun, tag);
    return {};
  }
  if (length > available) {
    note(AnomalyKind::truncated, Severity::fatal, position_, tag);
    stopped_ = true;
  } else {
    available = length;
  }
  if (!is_pixels && length > limits_.max_value_bytes) return fail(Errc::limit_exceeded, "value length");
  if (length % 2 != 0) note(AnomalyKind::odd_length, Severity::tolerable, element.offset_, tag);
  element.source_ = bytes_.subspan(position_, available);
  if (is_pixels) {
    pixel_bytes_ += available;
    if (result_.pixel_data) {
      note(AnomalyKind::second_pixel_data, Severity::fatal, element.offset_, tag);
    } else {
      result_.pixel_data = PixelData{tag, element.vr_, position_, available};
    }
  }
  position_ += available;
  auto added = add(std::move(element));
  if (stopped_) levels_.clear();
  return added;
}

Result<void> Parser::read_fragments(Element element) {
  const Level& level = levels_.back();
  const bool big_endian = level.encoding == Encoding::explicit_big;
  const bool is_pixels = level.sequence == nullptr && element.tag_ == tags::pixel_data;
  const std::uint64_t start = position_;
  PixelData pixels{element.tag_, element.vr_, start, 0, true};
  bool readable = false;
  bool first = true;
  while (level.list_end - position_ >= item_header_bytes) {
    const Tag tag = read_tag(&bytes_[position_], big_endian);
    const std::uint64_t length = read_u32(&bytes_[position_ + 4], big_endian);
    if (tag == tags::sequence_delimitation) {
      if (length != 0) note(AnomalyKind::delimitation_length, Severity::fatal, position_, element.tag_);
      position_ += item_header_bytes;
      readable = true;
      break;
    }
    if (tag != tags::item || length > level.list_end - position_ - item_header_bytes) break;
    position_ += item_header_bytes + length;
    if (!first) {
      ++pixels.fragments;
      pixels.fragment_bytes += length;
    }
    first = false;
    // Fragments are cheaper than elements, but a file of empty ones must end too.
    if (pixels.fragments > limits_.max_elements * 16) return fail(Errc::limit_exceeded, "fragments");
  }
  if (!readable && !is_pixels) {
    give_up(AnomalyKind::fragments_unreadable, element.tag_);
    return {};
  }
  if (is_pixels && !result_.transfer_syntax->encapsulated) {
    note(AnomalyKind::undefined_length_not_allowed, Severity::fatal, element.offset_, element.tag_);
  }
  if (!readable) {
    note(AnomalyKind::fragments_unreadable, Severity::fatal, position_, element.tag_);
    position_ = level.list_end;
    stopped_ = true;
  }
  pixels.length = position_ - start;
  element.content_ = Content::fragments;
  element.undefined_length_ = true;
  element.source_ = bytes_.subspan(start, pixels.length);
  if (is_pixels) {
    pixel_bytes_ += pixels.length;
    if (result_.pixel_data) {
      note(AnomalyKind::second_pixel_data, Severity::fatal, element.offset_, element.tag_);
    } else {
      result_.pixel_data = pixels;
    }
  }
  auto added = add(std::move(element));
  if (stopped_) levels_.clear();
  return added;
}

Result<void> Parser::enter_sequence(Element element, Encoding encoding, std::uint32_t length) {
  const Level& parent = levels_.back();
  const bool undefined = length == undefined_length;
  if (levels_.size() > std::min(limits_.max_depth, depth_ceiling)) {
    return fail(Errc::limit_exceeded, "nested sequences");
  }
  if (!undefined && length > parent.list_end - position_) {
    give_up(parent.sequence == nullptr ? AnomalyKind::truncated : AnomalyKind::value_overrun, element.tag_);
    return {};
  }
  element.content_ = Content::items;
  element.undefined_length_ = undefined;
  element.source_ = bytes_.subspan(position_, 0);
  const std::uint64_t end = undefined ? parent.list_end : position_ + length;
  ElementList& list = *parent.list;
  if (auto added = add(std::move(element)); !added) return added;
  Level level;
  level.sequence = &list.elements_.back();
  level.encoding = encoding;
  level.sequence_end = end;
  levels_.push_back(level);
  return {};
}

Result<void> Parser::read_item() {
  Level& level = levels_.back();
  Element& sequence = *level.sequence;
  const bool undefined = sequence.undefined_length_;
  if (!undefined && position_ == level.sequence_end) {
    levels_.pop_back();
    return {};
  }
  if (level.sequence_end - position_ < item_header_bytes) {
    give_up(undefined ? AnomalyKind::unterminated_sequence : AnomalyKind::not_an_item);
    return {};
  }
  const bool big_endian = level.encoding == Encoding::explicit_big;
  const Tag tag = read_tag(&bytes_[position_], big_endian);
  const std::uint32_t length = read_u32(&bytes_[position_ + 4], big_endian);
  if (undefined && tag == tags::sequence_delimitation) {
    if (length != 0) note(AnomalyKind::delimitation_length, Severity::fatal, position_);
    position_ += item_header_bytes;
    levels_.pop_back();
    return {};
  }
  if (tag != tags::item) {
    give_up(AnomalyKind::not_an_item);
    return {};
  }
  const std::uint64_t rest = level.sequence_end - position_ - item_header_bytes;
  if (length != undefined_length && length > rest) {
    give_up(AnomalyKind::item_overrun);
    return {};
  }
  if (auto counted = count_one(); !counted) return counted;
  Item& item = sequence.items_.emplace_back();
  item.elements = ElementList(level.encoding);
  item.undefined_length = length == undefined_length;
  item.offset = position_;
  position_ += item_header_bytes;
  level.list = &item.elements;
  level.list_undefined = item.undefined_length;
  level.list_end = item.undefined_length ? level.sequence_end : position_ + length;
  level.group_length.reset();
  return {};
}

Result<void> Parser::count_one() {
  if (++count_ > limits_.max_elements) return fail(Errc::limit_exceeded, "number of data elements");
  return {};
}

Result<void> Parser::add(Element element) {
  if (position_ - pixel_bytes_ > limits_.max_header_bytes) return fail(Errc::limit_exceeded, "header length");
  if (auto counted = count_one(); !counted) return counted;
  ElementList& list = *levels_.back().list;
  if (list.elements_.empty() && levels_.size() == 1) list.elements_.reserve(128);
  list.elements_.push_back(std::move(element));
  return {};
}

void Parser::end_of_list() {
  Level& level = levels_.back();
  check_group_length(level, tags::item_delimitation);
  if (level.sequence == nullptr) {
    levels_.pop_back();
  } else {
    level.list = nullptr;
  }
}

bool Parser::ends_in_trailing_bytes(const Level& level) {
  const auto rest = bytes_.subspan(position_, level.list_end - position_);
  if (level.list->empty()) return false;
  const bool too_short = rest.size() < 8;
  if (!too_short && read_u32(rest.data(), false) != 0) return false;
  const bool zeros = std::all_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte == 0; });
  if (zeros) {
    note(AnomalyKind::trailing_zeros, Severity::tolerable, position_);
  } else if (too_short) {
    note(AnomalyKind::trailing_bytes, Severity::fatal, position_);
  }
  return zeros || too_short;
}

bool Parser::starts_with_item(std::uint64_t position, std::uint64_t end, bool big_endian) const noexcept {
  if (end - position < item_header_bytes * 2) return false;
  const std::uint8_t* at = &bytes_[position];
  if (read_tag(at, big_endian) != tags::item) return false;
  const std::uint32_t length = read_u32(at + 4, big_endian);
  if (length == undefined_length) return true;
  // Encapsulated fragments are items too, but do not begin with a data element.
  if (length < 8 || length > end - position - item_header_bytes) return false;
  if (parse_vr(static_cast<char>(at[12]), static_cast<char>(at[13])) != Vr::unknown) return true;
  const bool known = lookup(read_tag(at + 8, big_endian)) != nullptr;
  return known && read_u32(at + 12, big_endian) <= length - 8;
}

Encoding Parser::items_encoding(std::uint64_t position, std::uint64_t end) const noexcept {
  if (end - position < item_header_bytes * 2) return Encoding::implicit_little;
  const std::uint8_t* at = &bytes_[position];
  if (read_tag(at, true) == tags::item) return Encoding::explicit_big;
  const std::uint32_t item_length = read_u32(at + 4, false);
  std::uint64_t available = end - position - item_header_bytes * 2;
  if (item_length != undefined_length) {
    if (item_length < 8) return Encoding::implicit_little;
    available = std::min<std::uint64_t>(available, item_length - 8);
  }
  const bool letters = parse_vr(static_cast<char>(at[12]), static_cast<char>(at[13])) != Vr::unknown;
  if (!letters) return Encoding::implicit_little;
  // Two letters may also be the low half of an implicit length: then a greater tag, or the end, follows the
  // value.
  const std::uint64_t implicit_length = read_u32(at + 12, false);
  if (implicit_length > available) return Encoding::explicit_little;
  const std::uint64_t rest = available - implicit_length;
  const bool follows =
      rest == 0 || (rest >= 8 && read_tag(at + 16 + implicit_length, false) > read_tag(at + 8, false));
  return follows ? Encoding::implicit_little : Encoding::explicit_little;
}

Result<DataSet> parse(std::span<const std::uint8_t> bytes, const TransferSyntax& transfer_syntax,
                      const Limits& limits) {
  if (!transfer_syntax.deflated) return Parser(bytes, limits).read_data_set(transfer_syntax);
  if (!limits.allow_deflated) return fail(Errc::unsupported, "deflated transfer syntax");
  auto inflated = inflate(bytes, limits);
  if (!inflated) return inflated.error();
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(*inflated));
  auto data_set = Parser(*owner, limits).read_data_set(transfer_syntax);
  if (data_set) data_set->inflated = std::move(owner);
  return data_set;
}

bool open_as_sequence(Element& element, const Limits& limits) {
  return Parser::open(element, limits);
}

}  // namespace trialgate::rules
