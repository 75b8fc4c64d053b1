#include "rules/deidentify/ages.h"

#include "rules/dataset/values.h"

#include <charconv>

namespace trialgate::rules {
namespace {

constexpr double oldest_years = 90;

std::string_view text_of(const ElementList& list, Tag tag) {
  const Element* element = list.find(tag);
  return element == nullptr ? std::string_view() : trim(element->text());
}

/// The first item of a sequence; null when there is none.
ElementList* first_item(ElementList& list, Tag sequence) {
  Element* element = list.find(sequence);
  return element == nullptr || element->items().empty() ? nullptr : &element->items().front().elements;
}

/// How many of a unit make a year, by its letter in AS or its UCUM code; any other counts as years.
double per_year(std::string_view unit) noexcept {
  if (unit == "M" || unit == "mo") return 12;
  if (unit == "W" || unit == "wk") return 52.18;
  if (unit == "D" || unit == "d") return 365.25;
  return unit == "h" ? 8766 : 1;
}

}  // namespace

std::optional<std::string> capped_age(std::string_view text) {
  text = trim(text);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.size() > 1 || std::string_view("DWMY").find(unit) == std::string_view::npos) return std::nullopt;
  return number > oldest_years * per_year(unit) ? "090Y" : std::string(text);
}

bool cap_subject_age(ElementList& item) {
  constexpr Tag concept_name_sequence{0x0040, 0xA043};
  constexpr Tag measured_value_sequence{0x0040, 0xA300};
  constexpr Tag numeric_value{0x0040, 0xA30A};
  constexpr Tag measurement_units_sequence{0x0040, 0x08EA};
  constexpr Tag code_value{0x0008, 0x0100};
  const ElementList* name = first_item(item, concept_name_sequence);
  ElementList* measured = first_item(item, measured_value_sequence);
  if (name == nullptr || measured == nullptr || text_of(*name, code_value) != "121033") return false;
  ElementList* units = first_item(*measured, measurement_units_sequence);
  Element* number = measured->find(numeric_value);
  const double scale = units == nullptr ? 1 : per_year(text_of(*units, code_value));
  if (number == nullptr) return false;
  const auto value = parse_decimal(trim(number->text()));
  if (value && *value <= oldest_years * scale) return false;
  // Other forms of the same number (PS3.3 §C.18.1) would tell it all the same.
  for (const Tag other : {Tag(0x0040, 0xA161), Tag(0x0040, 0xA162), Tag(0x0040, 0xA163)})
    measured->erase(other);
  number->replace(std::to_string(static_cast<long>(oldest_years * scale)));
  return true;
}

}  // namespace trialgate::rules
