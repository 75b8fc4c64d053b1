#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/trial/test.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What was seen of one property.
struct Value {
  enum class State : std::uint8_t {
    known,
    absent,     ///< the attribute is not there, or empty
    malformed,  ///< there, but not what it must be: a text that is no number, undecodable characters
    unknown,    ///< a quantity that the headers do not determine
  };
  State state = State::unknown;
  std::vector<std::string> texts;  ///< values as people read them
  std::vector<double> numbers;     ///< the same as numbers, when the property is numeric
  Text why;  ///< why not known; of a known one: why it cannot be, so that it never makes a rule pass

  friend bool operator==(const Value&, const Value&) = default;
};

[[nodiscard]] Value known_text(std::string text);
[[nodiscard]] Value known_number(double number);
[[nodiscard]] Value unknown_value(Text why);

/// fail before not_determinable before pass.
[[nodiscard]] CheckResult both(CheckResult a, CheckResult b) noexcept;
/// pass before not_determinable before fail.
[[nodiscard]] CheckResult either(CheckResult a, CheckResult b) noexcept;
[[nodiscard]] CheckResult opposite(CheckResult a) noexcept;

/// Applies one condition; those that compare with something else are not_determinable. Numbers are equal
/// within the condition's tolerance, or else within 0.01 mm (millimetres) or a millionth. Texts are compared
/// without case and padding.
[[nodiscard]] CheckResult test_condition(const Condition& condition, const Property& property,
                                         const Value& value);
/// All of them.
[[nodiscard]] CheckResult test_conditions(const std::vector<Condition>& conditions, const Property& property,
                                          const Value& value);

/// True when two numbers are the same for the property. `expected` is what per cent are of.
[[nodiscard]] bool same_number(double found, double expected, const Property& property,
                               const std::optional<Tolerance>& tolerance);
/// Without case, without padding, runs of spaces as one.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b);

/// "at most 5", "CT or MR"; what the conditions ask for, without unit.
[[nodiscard]] Text describe(const std::vector<Condition>& conditions);
/// "2.5", "ORIGINAL\PRIMARY\AXIAL"; empty when not known. At most 200 bytes.
[[nodiscard]] std::string describe(const Value& value);
/// Shortest form with at most three decimals.
[[nodiscard]] std::string number_text(double number);

}  // namespace trialgate::rules
