#include "rules/deidentify/safe_private.h"

#include "rules/dataset/values.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// CS (PS3.5 §6.2) without a number that could be somebody's.
bool is_code(std::string_view value) noexcept {
  constexpr std::size_t most_characters = 16;
  constexpr int most_digits = 3;
  int digits = 0;
  for (const char c : value) {
    const bool allowed = (c >= 'A' && c <= 'Z') || is_digit(c) || c == ' ' || c == '_';
    digits = is_digit(c) ? digits + 1 : 0;
    if (!allowed || digits > most_digits) return false;
  }
  return value.size() <= most_characters;
}

/// "/1.375:1", as scanners write a pitch.
bool is_ratio_to_one(std::string_view value) {
  constexpr std::size_t most_characters = 5;
  if (!value.ends_with(":1")) return false;
  value.remove_suffix(2);
  if (value.starts_with('/')) value.remove_prefix(1);
  return !value.empty() && value.size() <= most_characters && is_digit(value.front()) &&
         static_cast<bool>(parse_decimal(value));
}

bool every_value(const Element& element, auto predicate) {
  return std::ranges::all_of(split_values(element.text()), [&](std::string_view value) {
    value = trim(value);
    return value.empty() || predicate(value);
  });
}

}  // namespace

bool is_number(const Element& element, Vr vr) {
  switch (vr) {
    case Vr::fd:
    case Vr::fl:
    case Vr::sl:
    case Vr::ss:
    case Vr::ul:
    case Vr::us:
      return element.value().size() % value_bytes(vr) == 0;
    case Vr::ds:
    case Vr::is:
      return every_value(element,
                         [](std::string_view value) { return static_cast<bool>(parse_decimal(value)); });
    default:
      return false;
  }
}

SafePrivateRuling rule_on_safe_private(Element& element, Vr listed, const DescriptorWords& words) {
  const bool is_sequence = element.is_sequence() ||
                           (listed == Vr::sq && element.content() == Content::bytes &&
                            (element.vr() == Vr::un || element.vr() == Vr::sq) && open_as_sequence(element));
  if (is_sequence) return listed == Vr::sq ? SafePrivateRuling::descend : SafePrivateRuling::remove;
  if (element.content() != Content::bytes) return SafePrivateRuling::remove;
  const Vr vr = element.vr() == Vr::un ? listed : element.vr();
  if (listed != Vr::un && listed != vr) return SafePrivateRuling::remove;
  const auto passes = [&](std::string_view value) {
    return is_ratio_to_one(value) || words.clean(value) == value;
  };
  bool stays = false;
  switch (vr) {
    case Vr::ui:
      return SafePrivateRuling::map_uids;
    case Vr::cs:
      stays = every_value(element, is_code);
      break;
    case Vr::lo:
    case Vr::lt:
    case Vr::sh:
    case Vr::st:
      stays = every_value(element, passes);
      break;
    default:
      stays = is_number(element, vr);
  }
  return stays ? SafePrivateRuling::keep : SafePrivateRuling::remove;
}

}  // namespace trialgate::rules
