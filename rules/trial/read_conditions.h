#pragma once

#include "rules/trial/trial.h"
#include "rules/trial/yaml_reader.h"

#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Where a test stands decides what it may say.
enum class TestPlace : std::uint8_t {
  predicate,  ///< select, when: no comparison with other time points
  check
};

/// Reads the test of one property: a scalar (equals), a list (one of), or a map of operators with an optional
/// tolerance. Every operand is checked against the property; a range that nothing can be in is a mistake.
[[nodiscard]] std::vector<Condition> read_conditions(const YAML::Node& node, const Property& property,
                                                     TestPlace place, YamlErrors& errors);

/// "0.5" in the property's unit, or "10%".
[[nodiscard]] std::optional<Tolerance> read_tolerance(const YAML::Node& node, YamlErrors& errors);

/// The numbers that min, max, between and a single equals leave.
struct NumberRange {
  double lowest;
  double highest;

  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};
[[nodiscard]] NumberRange range_of(const std::vector<Condition>& conditions);

/// True when no number can satisfy all conditions.
[[nodiscard]] bool is_empty_range(const std::vector<Condition>& conditions);

}  // namespace trialgate::rules
