#include "rules/dataset/dictionary.h"

#include "rules/dataset/recent_attributes.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdicent.h>
#include <dcmtk/dcmdata/dcdict.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <unordered_map>
#include <vector>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 35> vr_names = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD",
                                                       "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV", "OW",
                                                       "PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM", "UC",
                                                       "UI", "UL", "UN", "UR", "US", "UT", "UV", "??"};
static_assert(vr_names.size() == static_cast<std::size_t>(Vr::unknown) + 1);

/// A dictionary row that stands for several groups or elements.
struct Range {
  DictionaryEntry entry;
  Tag upper;

  [[nodiscard]] bool contains(Tag tag) const noexcept {
    return tag.group() >= entry.tag.group() && tag.group() <= upper.group() &&
           tag.element() >= entry.tag.element() && tag.element() <= upper.element();
  }
};

struct PrivateKey {
  std::string_view creator;
  std::uint32_t tag = 0;

  friend bool operator==(const PrivateKey&, const PrivateKey&) = default;
};

struct PrivateKeyHash {
  std::size_t operator()(const PrivateKey& key) const noexcept {
    return std::hash<std::string_view>{}(key.creator) * 31 + key.tag;
  }
};

/// DCMTK marks retired attributes in the name; PS3.6 does not.
std::string_view keyword_of(std::string_view name) {
  for (const std::string_view prefix : {"RETIRED_", "ACR_NEMA_2C_", "ACR_NEMA_"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

class Dictionary {
 public:
  Dictionary() {
    // Only the non-const dictionary has iterators.
    DcmDataDictionary& source = dcmDataDict.wrlock();
    loaded_ = source.isDictionaryLoaded();
    for (auto entry = source.normalBegin(); entry != source.normalEnd(); ++entry) add(**entry);
    for (auto entry = source.repeatingBegin(); entry != source.repeatingEnd(); ++entry) add(**entry);
    dcmDataDict.wrunlock();
    for (const DictionaryEntry& entry : recent_attributes()) add_public(entry);
  }

  [[nodiscard]] bool loaded() const noexcept { return loaded_; }

  [[nodiscard]] const DictionaryEntry* find(Tag tag) const noexcept {
    if (const auto found = by_tag_.find(tag); found != by_tag_.end()) return found->second;
    if (tag.is_private()) return nullptr;
    for (const Range& range : ranges_) {
      if (range.contains(tag)) return &range.entry;
    }
    return nullptr;
  }

  [[nodiscard]] const DictionaryEntry* find(std::string_view keyword) const noexcept {
    const auto found = by_keyword_.find(keyword);
    return found == by_keyword_.end() ? nullptr : found->second;
  }

  [[nodiscard]] const DictionaryEntry* find_private(Tag tag, std::string_view creator) const noexcept {
    const auto low_byte = static_cast<std::uint16_t>(tag.element() & 0xFFU);
    for (const std::uint16_t element : {low_byte, tag.element()}) {
      const auto found = private_.find({creator, Tag(tag.group(), element).value()});
      if (found != private_.end()) return found->second;
    }
    return nullptr;
  }

 private:
  void add(const DcmDictEntry& source) {
    const std::string_view version =
        source.getStandardVersion() == nullptr ? "" : source.getStandardVersion();
    // DCMTK's catch-all rows for group lengths, private creators and what must not occur.
    if (version == "GENERIC" || version == "PRIVATE" || version == "ILLEGAL") return;
    DictionaryEntry entry;
    entry.tag = Tag(source.getGroup(), source.getElement());
    entry.keyword = keep(keyword_of(source.getTagName()));
    set_vr(entry, source.getEVR());
    entry.vm_min = static_cast<std::uint16_t>(std::max(source.getVMMin(), 1));
    entry.vm_max =
        source.getVMMax() == DcmVariableVM ? std::uint16_t{0} : static_cast<std::uint16_t>(source.getVMMax());
    entry.retired = version.ends_with("retired");
    if (source.getPrivateCreator() != nullptr) {
      if (!source.isRepeating()) {
        private_.try_emplace({keep(source.getPrivateCreator()), entry.tag.value()},
                             &entries_.emplace_back(entry));
      }
    } else if (source.isRepeating()) {
      ranges_.push_back({entry, Tag(source.getUpperGroup(), source.getUpperElement())});
      entries_.push_back(entry);
      by_keyword_.try_emplace(entry.keyword, &entries_.back());
    } else {
      add_public(entry);
    }
  }

  void add_public(const DictionaryEntry& entry) {
    if (by_tag_.contains(entry.tag)) return;
    const DictionaryEntry* kept = &entries_.emplace_back(entry);
    by_tag_.emplace(entry.tag, kept);
    const auto [place, added] = by_keyword_.try_emplace(entry.keyword, kept);
    if (!added && place->second->retired) place->second = kept;
  }

  static void set_vr(DictionaryEntry& entry, DcmEVR vr) {
    switch (vr) {
      case EVR_ox:
      case EVR_px:
      case EVR_lt:
        entry.vr = Vr::ow;
        entry.vr_varies = true;
        return;
      case EVR_xs:
        entry.vr = Vr::us;
        entry.vr_varies = true;
        return;
      case EVR_up:
        entry.vr = Vr::ul;
        return;
      default:
        break;
    }
    const std::string_view name = DcmVR(vr).getVRName();
    entry.vr = name.size() == 2 ? parse_vr(name[0], name[1]) : Vr::un;
    if (entry.vr == Vr::unknown) entry.vr = Vr::un;
  }

  std::string_view keep(std::string_view text) { return strings_.emplace_back(text); }

  bool loaded_ = false;
  std::deque<std::string> strings_;
  std::deque<DictionaryEntry> entries_;
  std::unordered_map<Tag, const DictionaryEntry*> by_tag_;
  std::unordered_map<std::string_view, const DictionaryEntry*> by_keyword_;
  std::unordered_map<PrivateKey, const DictionaryEntry*, PrivateKeyHash> private_;
  std::vector<Range> ranges_;
};

const Dictionary& dictionary() {
  static const Dictionary instance;
  return instance;
}

constexpr std::string_view hex_digits = "0123456789ABCDEF";

std::optional<std::uint16_t> parse_hex4(std::string_view text) noexcept {
  unsigned value = 0;
  for (const char character : text) {
    const auto digit =
        hex_digits.find(static_cast<char>(std::toupper(static_cast<unsigned char>(character))));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4U | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

std::string to_string(Tag tag) {
  std::string text = "(0000,0000)";
  for (std::size_t digit = 0; digit < 8; ++digit) {
    text[1 + digit + digit / 4] = hex_digits[tag.value() >> (28 - 4 * digit) & 0xFU];
  }
  return text;
}

std::optional<Tag> parse_tag(std::string_view text) noexcept {
  if (text.size() == 11 && text.front() == '(' && text.back() == ')') text = text.substr(1, 9);
  if (text.size() != 9 || text[4] != ',') return std::nullopt;
  const auto group = parse_hex4(text.substr(0, 4));
  const auto element = parse_hex4(text.substr(5));
  if (!group || !element) return std::nullopt;
  return Tag(*group, *element);
}

std::string_view to_string(Vr vr) noexcept {
  return vr_names[static_cast<std::size_t>(vr)];
}

Vr parse_vr(char first, char second) noexcept {
  static constexpr auto table = [] {
    std::array<Vr, 26 * 26> result{};
    result.fill(Vr::unknown);
    for (std::size_t vr = 0; vr < static_cast<std::size_t>(Vr::unknown); ++vr) {
      const auto row = static_cast<std::size_t>(vr_names[vr][0] - 'A');
      result[row * 26 + static_cast<std::size_t>(vr_names[vr][1] - 'A')] = static_cast<Vr>(vr);
    }
    return result;
  }();
  if (first < 'A' || first > 'Z' || second < 'A' || second > 'Z') return Vr::unknown;
  return table[static_cast<std::size_t>(first - 'A') * 26 + static_cast<std::size_t>(second - 'A')];
}

bool uses_character_set(Vr vr) noexcept {
  switch (vr) {
    case Vr::lo:
    case Vr::lt:
    case Vr::pn:
    case Vr::sh:
    case Vr::st:
    case Vr::uc:
    case Vr::ut:
      return true;
    default:
      return false;
  }
}

bool is_text(Vr vr) noexcept {
  switch (vr) {
    case Vr::ae:
    case Vr::as:
    case Vr::cs:
    case Vr::da:
    case Vr::ds:
    case Vr::dt:
    case Vr::is:
    case Vr::tm:
    case Vr::ui:
    case Vr::ur:
      return true;
    default:
      return uses_character_set(vr);
  }
}

bool has_text_values(Vr vr) noexcept {
  return is_text(vr) && vr != Vr::lt && vr != Vr::st && vr != Vr::ur && vr != Vr::ut;
}

std::size_t value_bytes(Vr vr) noexcept {
  switch (vr) {
    case Vr::ow:
    case Vr::ss:
    case Vr::us:
      return 2;
    case Vr::at:
    case Vr::fl:
    case Vr::of:
    case Vr::ol:
    case Vr::sl:
    case Vr::ul:
      return 4;
    case Vr::fd:
    case Vr::od:
    case Vr::ov:
    case Vr::sv:
    case Vr::uv:
      return 8;
    default:
      return 1;
  }
}

bool has_long_length(Vr vr) noexcept {
  switch (vr) {
    case Vr::ob:
    case Vr::od:
    case Vr::of:
    case Vr::ol:
    case Vr::ov:
    case Vr::ow:
    case Vr::sq:
    case Vr::sv:
    case Vr::uc:
    case Vr::un:
    case Vr::unknown:
    case Vr::ur:
    case Vr::ut:
    case Vr::uv:
      return true;
    default:
      return false;
  }
}

Result<void> load_dictionary() {
  if (!dictionary().loaded()) return fail(Errc::invalid_configuration, "DICOM data dictionary");
  return {};
}

const DictionaryEntry* lookup(Tag tag) noexcept {
  return dictionary().find(tag);
}

const DictionaryEntry* lookup(std::string_view keyword) noexcept {
  return dictionary().find(keyword);
}

const DictionaryEntry* lookup_private(Tag tag, std::string_view creator) noexcept {
  return dictionary().find_private(tag, creator);
}

std::string keyword_or_tag(Tag tag) {
  const DictionaryEntry* entry = lookup(tag);
  // One keyword stands for all groups of a repeating group: only the tag tells them apart.
  if (entry == nullptr || entry->tag != tag) return to_string(tag);
  return std::string(entry->keyword);
}

}  // namespace trialgate::rules
