#include "rules/dataset/bytes.h"

namespace trialgate::rules {
namespace {

constexpr Tag length_to_end{0x0008, 0x0001};
constexpr std::uint64_t short_length_most = 0xFFFE;

/// Retired, and wrong as soon as anything was changed (PS3.5 §7.2).
bool is_dropped(Tag tag) {
  return tag.is_group_length() || tag == length_to_end;
}

}  // namespace

/// Serialises a tree of elements. Depth is that of what was parsed or built, so recursion is bounded by
/// parse().
class Writer {
 public:
  explicit Writer(const DataSet& data_set) : data_set_(data_set) {}

  Result<WrittenDataSet> write_all() {
    const auto& pixels = data_set_.pixel_data;
    for (const Element& element : data_set_.elements) {
      if (is_dropped(element.tag())) continue;
      const bool is_range = pixels && !element.replaced_ && element.tag() == pixels->tag &&
                            element.offset_ + element.header_bytes_ == pixels->offset;
      if (is_range) {
        append({element.source_.data() - element.header_bytes_, element.header_bytes_});
        written_.pixel_offset = pixels->offset;
        written_.pixel_length = pixels->length;
        out_ = &written_.suffix;
      } else if (auto done = write_element(element, data_set_.elements.encoding()); !done) {
        return done.error();
      }
    }
    return std::move(written_);
  }

 private:
  Result<void> write_element(const Element& element, Encoding encoding) {
    if (element.is_sequence()) return write_sequence(element, encoding);
    if (!element.replaced_) {
      // Header and value are neighbours in what was parsed.
      append(
          {element.source_.data() - element.header_bytes_, element.header_bytes_ + element.source_.size()});
      return {};
    }
    const auto value = element.value();
    if (value.size() >= undefined_length) return fail(Errc::unsupported, "value length");
    const bool is_short = encoding != Encoding::implicit_little && !has_long_length(element.encoded_vr_);
    if (is_short && value.size() > short_length_most) {
      return fail(Errc::unsupported, "length of " + to_string(element.tag()));
    }
    write_header(element, encoding, static_cast<std::uint32_t>(value.size()));
    append(value);
    return {};
  }

  Result<void> write_sequence(const Element& element, Encoding encoding) {
    const bool undefined = element.undefined_length_;
    write_header(element, encoding, undefined ? undefined_length : 0);
    const std::size_t start = out_->size();
    for (const Item& item : element.items_) {
      if (auto done = write_item(item); !done) return done;
    }
    if (undefined) {
      const Encoding delimiter = element.items_.empty() ? empty_sequence_encoding(element, encoding)
                                                        : element.items_.front().elements.encoding();
      write_item_header(tags::sequence_delimitation, 0, delimiter);
      return {};
    }
    const bool is_short = encoding != Encoding::implicit_little && !has_long_length(element.encoded_vr_);
    return patch_length(start, is_short ? 2 : 4, encoding == Encoding::explicit_big, element.tag());
  }

  Result<void> write_item(const Item& item) {
    const Encoding encoding = item.elements.encoding();
    write_item_header(tags::item, item.undefined_length ? undefined_length : 0, encoding);
    const std::size_t start = out_->size();
    for (const Element& child : item.elements) {
      if (is_dropped(child.tag())) continue;
      if (auto done = write_element(child, encoding); !done) return done;
    }
    if (item.undefined_length) {
      write_item_header(tags::item_delimitation, 0, encoding);
      return {};
    }
    return patch_length(start, 4, encoding == Encoding::explicit_big, tags::item);
  }

  static Encoding empty_sequence_encoding(const Element& element, Encoding encoding) {
    return element.encoded_vr_ == Vr::un ? Encoding::implicit_little : encoding;
  }

  void write_header(const Element& element, Encoding encoding, std::uint32_t length) {
    const bool big_endian = encoding == Encoding::explicit_big;
    write_u16(element.tag().group(), big_endian);
    write_u16(element.tag().element(), big_endian);
    if (encoding == Encoding::implicit_little) {
      write_u32(length, false);
      return;
    }
    if (element.encoded_vr_ == Vr::unknown && element.header_bytes_ >= 8) {
      append({element.source_.data() - element.header_bytes_ + 4, 2});
    } else {
      const std::string_view vr = element.encoded_vr_ == Vr::unknown ? "UN" : to_string(element.encoded_vr_);
      out_->insert(out_->end(), vr.begin(), vr.end());
    }
    if (has_long_length(element.encoded_vr_)) {
      write_u16(0, big_endian);
      write_u32(length, big_endian);
    } else {
      write_u16(static_cast<std::uint16_t>(length), big_endian);
    }
  }

  void write_item_header(Tag tag, std::uint32_t length, Encoding encoding) {
    const bool big_endian = encoding == Encoding::explicit_big;
    write_u16(tag.group(), big_endian);
    write_u16(tag.element(), big_endian);
    write_u32(length, big_endian);
  }

  /// The length field in front of `start` gets the number of bytes written since.
  Result<void> patch_length(std::size_t start, std::size_t field_bytes, bool big_endian, Tag tag) {
    const std::uint64_t length = out_->size() - start;
    const std::uint64_t most = field_bytes == 2 ? short_length_most : undefined_length - 1;
    if (length > most) return fail(Errc::unsupported, "length of " + to_string(tag));
    for (std::size_t i = 0; i < field_bytes; ++i) {
      const std::size_t place = big_endian ? field_bytes - 1 - i : i;
      (*out_)[start - field_bytes + place] = static_cast<std::uint8_t>(length >> (8 * i));
    }
    return {};
  }

  void append(std::span<const std::uint8_t> bytes) { out_->insert(out_->end(), bytes.begin(), bytes.end()); }

  void write_u16(std::uint16_t value, bool big_endian) {
    const auto low = static_cast<std::uint8_t>(value & 0xFFU);
    const auto high = static_cast<std::uint8_t>(value >> 8U);
    out_->push_back(big_endian ? high : low);
    out_->push_back(big_endian ? low : high);
  }

  void write_u32(std::uint32_t value, bool big_endian) {
    const auto low = static_cast<std::uint16_t>(value & 0xFFFFU);
    const auto high = static_cast<std::uint16_t>(value >> 16U);
    write_u16(big_endian ? high : low, big_endian);
    write_u16(big_endian ? low : high, big_endian);
  }

  const DataSet& data_set_;
  WrittenDataSet written_;
  std::vector<std::uint8_t>* out_ = &written_.prefix;
};

Result<WrittenDataSet> write(const DataSet& data_set) {
  if (!data_set.complete) return fail(Errc::malformed_dataset, "data set was not read to its end");
  return Writer(data_set).write_all();
}

}  // namespace trialgate::rules
