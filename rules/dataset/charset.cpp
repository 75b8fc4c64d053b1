#include "rules/dataset/charset.h"

#include "rules/dataset/converters.h"
#include "rules/dataset/iso_2022.h"
#include "rules/dataset/values.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {
namespace {

constexpr std::uint8_t escape = 0x1B;
constexpr std::string_view padding(" \0", 2);

struct Term {
  std::string_view number;
  CodeSet set;
};

constexpr std::array terms = {
    Term{"6", CodeSet::ir6},     Term{"100", CodeSet::ir100}, Term{"101", CodeSet::ir101},
    Term{"109", CodeSet::ir109}, Term{"110", CodeSet::ir110}, Term{"144", CodeSet::ir144},
    Term{"127", CodeSet::ir127}, Term{"126", CodeSet::ir126}, Term{"138", CodeSet::ir138},
    Term{"148", CodeSet::ir148}, Term{"203", CodeSet::ir203}, Term{"166", CodeSet::ir166},
    Term{"13", CodeSet::ir13},   Term{"87", CodeSet::ir87},   Term{"159", CodeSet::ir159},
    Term{"149", CodeSet::ir149}, Term{"58", CodeSet::ir58},
};

Delimiters delimiters_of(Vr vr) {
  return {has_text_values(vr), vr == Vr::pn};
}

bool is_plain_ascii(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t byte) { return byte < 0x80 && byte != escape; });
}

std::string to_string(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<void> load_character_sets() {
  return open_converters();
}

std::optional<CharacterSet> CharacterSet::parse(std::string_view value) {
  CharacterSet result;
  const auto declared = split_values(value);
  if (declared.size() == 1) {
    if (declared.front().empty()) return result;
    const std::array<std::pair<std::string_view, Base>, 3> whole = {
        {{"ISO_IR 192", Base::utf8}, {"GB18030", Base::gb18030}, {"GBK", Base::gbk}}};
    for (const auto& [name, base] : whole) {
      if (declared.front() != name) continue;
      result.base_ = base;
      return result;
    }
  }
  for (std::size_t i = 0; i < declared.size(); ++i) {
    std::string_view name = declared[i];
    if (name.empty() && i == 0) {
      result.declared_.push_back(CodeSet::ir6);
      continue;
    }
    constexpr std::string_view with_extensions = "ISO 2022 IR ";
    constexpr std::string_view without_extensions = "ISO_IR ";
    if (name.starts_with(with_extensions)) {
      result.extensions_ = true;
      name.remove_prefix(with_extensions.size());
    } else if (name.starts_with(without_extensions)) {
      name.remove_prefix(without_extensions.size());
    } else {
      return std::nullopt;
    }
    const auto term =
        std::find_if(terms.begin(), terms.end(), [&](const Term& t) { return t.number == name; });
    if (term == terms.end()) return std::nullopt;
    result.declared_.push_back(term->set);
  }
  if (declared.size() > 1) result.extensions_ = true;
  return result;
}

std::optional<std::string> CharacterSet::decode(std::span<const std::uint8_t> bytes, Vr vr) const {
  const bool governed = uses_character_set(vr);
  const bool romaji = base_ == Base::iso_2022 && !declared_.empty() && declared_.front() == CodeSet::ir13;
  if (is_plain_ascii(bytes) && !(governed && romaji)) return to_string(bytes);
  if (!governed) return std::nullopt;
  switch (base_) {
    case Base::utf8: {
      std::string text = to_string(bytes);
      if (!is_valid_utf8(text)) return std::nullopt;
      return text;
    }
    case Base::gb18030:
      return to_utf8("GB18030", bytes);
    case Base::gbk:
      return to_utf8("GBK", bytes);
    case Base::iso_2022:
      break;
  }
  if (!extensions_ && std::find(bytes.begin(), bytes.end(), escape) != bytes.end()) return std::nullopt;
  return decode_iso_2022(bytes, declared_, delimiters_of(vr));
}

std::optional<std::vector<std::string>> CharacterSet::decode_values(std::span<const std::uint8_t> bytes,
                                                                    Vr vr) const {
  const auto text = decode(bytes, vr);
  if (!text) return std::nullopt;
  std::vector<std::string> values;
  if (has_text_values(vr)) {
    for (const std::string_view value : split_values(*text)) values.emplace_back(value);
    if (values.size() == 1 && values.front().empty()) values.clear();
    return values;
  }
  // Leading spaces of ST, LT, UT are significant (PS3.5 §6.2).
  const auto last = text->find_last_not_of(padding);
  if (last != std::string::npos) values.push_back(text->substr(0, last + 1));
  return values;
}

std::optional<std::vector<std::uint8_t>> CharacterSet::encode(std::string_view utf8, Vr vr) const {
  if (!is_valid_utf8(utf8)) return std::nullopt;
  const bool ascii = is_plain_ascii({reinterpret_cast<const std::uint8_t*>(utf8.data()), utf8.size()});
  if (!uses_character_set(vr) || base_ == Base::utf8) {
    if (!ascii && !uses_character_set(vr)) return std::nullopt;
    return std::vector<std::uint8_t>(utf8.begin(), utf8.end());
  }
  if (utf8.find(static_cast<char>(escape)) != std::string_view::npos) return std::nullopt;
  if (base_ == Base::gb18030) return from_utf8("GB18030", utf8);
  if (base_ == Base::gbk) return from_utf8("GBK", utf8);
  return encode_iso_2022(utf8, declared_, extensions_, delimiters_of(vr));
}

bool CharacterSet::is_ascii_transparent() const noexcept {
  if (base_ == Base::utf8) return true;
  if (base_ != Base::iso_2022) return false;
  return std::none_of(declared_.begin(), declared_.end(), [](CodeSet set) {
    return set == CodeSet::ir13 || set == CodeSet::ir87 || set == CodeSet::ir159;
  });
}

bool is_valid_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  while (i < text.size()) {
    const std::uint8_t lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0U) != 0x80) return false;
    }
    const std::uint8_t second = byte(i + 1);
    // Over-long forms, surrogates, beyond U+10FFFF.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace trialgate::rules
