#include "rules/deidentify/value_kinds.h"

#include "rules/dataset/values.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

bool is_free_text(Vr vr) noexcept {
  return vr == Vr::lt || vr == Vr::st || vr == Vr::uc || vr == Vr::un || vr == Vr::ur || vr == Vr::ut;
}

/// Codes of a hospital or a maker: their meanings are free text.
bool is_local_scheme(std::string_view scheme) noexcept {
  return scheme.empty() || scheme.starts_with("99") || scheme.starts_with("L");
}

}  // namespace

bool is_plain_ascii(std::span<const std::uint8_t> bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte < 0x80 && byte != 0x1B; });
}

bool is_telling(Vr vr) noexcept {
  return vr == Vr::pn || vr == Vr::da || vr == Vr::dt || vr == Vr::tm || vr == Vr::ui || is_free_text(vr);
}

bool is_date_or_time(std::string_view text, Vr vr) {
  return std::ranges::all_of(split_values(text), [vr](std::string_view value) {
    if (value.empty()) return true;
    if (vr == Vr::da) return static_cast<bool>(parse_date(value));
    if (vr == Vr::dt) return static_cast<bool>(parse_date_time(value));
    return static_cast<bool>(parse_time(value));
  });
}

bool has_control_characters(const Element& element) noexcept {
  const std::string_view text = element.text();
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool layout = c == '\t' || c == '\n' || c == '\f' || c == '\r' || byte == 0x1B;
    return (byte < 0x20 && !layout) || byte == 0x7F;
  });
}

bool has_too_many_numbers(const Element& element) noexcept {
  switch (element.vr()) {
    case Vr::at:
    case Vr::fd:
    case Vr::fl:
    case Vr::sl:
    case Vr::ss:
    case Vr::sv:
    case Vr::ul:
    case Vr::us:
    case Vr::uv:
      break;
    default:
      return false;
  }
  const DictionaryEntry* const known = lookup(element.tag());
  return known != nullptr && known->vm_max != 0 &&
         element.value().size() > known->vm_max * value_bytes(element.vr());
}

bool has_local_code(const Element& sequence) {
  constexpr Tag code_meaning{0x0008, 0x0104};
  constexpr Tag coding_scheme{0x0008, 0x0102};
  return std::ranges::any_of(sequence.items(), [&](const Item& item) {
    const Element* scheme = item.elements.find(coding_scheme);
    if (item.elements.find(code_meaning) == nullptr) return false;
    return scheme == nullptr || (is_local_scheme(trim(scheme->text())) && trim(scheme->text()) != "LN");
  });
}

}  // namespace trialgate::rules
