#include "rules/evaluate/condition.h"

#include <boost/regex.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr double default_mm_tolerance = 0.01;
constexpr double default_relative_tolerance = 1e-6;
/// Longer values are no CS, LO or SH (PS3.5 §6.2) and are not searched with expressions.
constexpr std::size_t max_expression_subject = 1024;

std::string folded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\0' || c == '\t';
    if (!space) {
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

CheckResult result_of(bool holds) {
  return holds ? CheckResult::pass : CheckResult::fail;
}

double tolerance_of(const Property& property, const std::optional<Tolerance>& tolerance, double expected) {
  if (tolerance) return tolerance->per_cent ? std::abs(expected) * tolerance->value / 100 : tolerance->value;
  if (property.unit == "mm") return default_mm_tolerance;
  return default_relative_tolerance * std::max(1.0, std::abs(expected));
}

bool contains_folded(const Value& value, std::string_view part) {
  const std::string wanted = folded(part);
  return std::ranges::any_of(
      value.texts, [&](const std::string& text) { return folded(text).find(wanted) != std::string::npos; });
}

bool matches_expression(const Value& value, const std::string& pattern) {
  const boost::regex expression(pattern,
                                boost::regex::ECMAScript | boost::regex::icase | boost::regex::no_except);
  if (expression.status() != 0) return false;
  return std::ranges::any_of(value.texts, [&](const std::string& text) {
    if (text.size() > max_expression_subject) return false;
    try {
      return boost::regex_match(text, expression);
    } catch (const std::runtime_error&) {
      return false;  // the expression takes too long on this value
    }
  });
}

bool equals(const Condition& condition, const Property& property, const Value& value) {
  if (property.numeric) {
    return std::ranges::equal(value.numbers, condition.numbers, [&](double found, double expected) {
      return same_number(found, expected, property, condition.tolerance);
    });
  }
  return std::ranges::equal(value.texts, condition.texts, same_text);
}

bool is_one_of(const Condition& condition, const Property& property, const Value& value) {
  if (property.numeric) {
    return std::ranges::all_of(value.numbers, [&](double found) {
      return std::ranges::any_of(condition.numbers, [&](double expected) {
        return same_number(found, expected, property, condition.tolerance);
      });
    });
  }
  return std::ranges::all_of(value.texts, [&](const std::string& found) {
    return std::ranges::any_of(condition.texts,
                               [&](const std::string& expected) { return same_text(found, expected); });
  });
}

bool is_at_least(const Condition& condition, const Property& property, const Value& value) {
  const double bound = condition.numbers.front();
  const double slack = tolerance_of(property, condition.tolerance, bound);
  return std::ranges::all_of(value.numbers, [&](double found) { return found >= bound - slack; });
}

bool is_at_most(const Condition& condition, const Property& property, const Value& value) {
  const double bound = condition.numbers.back();
  const double slack = tolerance_of(property, condition.tolerance, bound);
  return std::ranges::all_of(value.numbers, [&](double found) { return found <= bound + slack; });
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string result;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i != 0) result += separator;
    result += texts[i];
  }
  return result;
}

std::string tolerance_text(const Condition& condition) {
  if (!condition.tolerance) return {};
  return " ± " + number_text(condition.tolerance->value) + (condition.tolerance->per_cent ? "%" : "");
}

Text describe_one(const Condition& condition) {
  const std::string all = joined(condition.texts, ", ");
  switch (condition.op) {
    case Operator::equals: {
      const std::string whole = joined(condition.texts, "\\") + tolerance_text(condition);
      return {whole, whole};
    }
    case Operator::one_of:
      return {joined(condition.texts, " or "), joined(condition.texts, " 或 ")};
    case Operator::min:
      return {"at least " + all, "不小于 " + all};
    case Operator::max:
      return {"at most " + all, "不大于 " + all};
    case Operator::between:
      return {condition.texts.front() + " to " + condition.texts.back(),
              condition.texts.front() + " 至 " + condition.texts.back()};
    case Operator::matches:
      return {"matching " + all, "符合 " + all};
    case Operator::present:
      return {"present", "须填写"};
    case Operator::absent:
      return {"absent", "须为空"};
    case Operator::contains:
      return {"containing " + all, "包含 " + all};
    case Operator::excludes:
      return {"without " + all, "不含 " + all};
    case Operator::same_as:
      return {"the same as at " + all + tolerance_text(condition),
              "与 " + all + " 相同" + tolerance_text(condition)};
    case Operator::same_as_slot:
      return {"the same as in series " + all + tolerance_text(condition),
              "与序列 " + all + " 相同" + tolerance_text(condition)};
    case Operator::after_slot:
      return {"after series " + all, "晚于序列 " + all};
    case Operator::before_slot:
      return {"before series " + all, "早于序列 " + all};
  }
  return {};
}

/// Cut at a UTF-8 boundary.
std::string bounded(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Value known_text(std::string text) {
  return {Value::State::known, {std::move(text)}, {}, {}};
}

Value known_number(double number) {
  return {Value::State::known, {number_text(number)}, {number}, {}};
}

Value unknown_value(Text why) {
  return {Value::State::unknown, {}, {}, std::move(why)};
}

CheckResult both(CheckResult a, CheckResult b) noexcept {
  if (a == CheckResult::fail || b == CheckResult::fail) return CheckResult::fail;
  const bool unknown = a == CheckResult::not_determinable || b == CheckResult::not_determinable;
  return unknown ? CheckResult::not_determinable : CheckResult::pass;
}

CheckResult either(CheckResult a, CheckResult b) noexcept {
  return opposite(both(opposite(a), opposite(b)));
}

CheckResult opposite(CheckResult a) noexcept {
  if (a == CheckResult::not_determinable) return a;
  return a == CheckResult::pass ? CheckResult::fail : CheckResult::pass;
}

bool same_number(double found, double expected, const Property& property,
                 const std::optional<Tolerance>& tolerance) {
  const double slack = tolerance_of(property, tolerance, expected);
  // A tolerance of exactly the difference must hold although its last binary digit may not.
  return std::abs(found - expected) <= slack + 1e-9 * std::max(1.0, std::abs(expected));
}

bool same_text(std::string_view a, std::string_view b) {
  return folded(a) == folded(b);
}

namespace {

/// Of a value that is known.
CheckResult test_known(const Condition& condition, const Property& property, const Value& value) {
  switch (condition.op) {
    case Operator::equals:
      return result_of(equals(condition, property, value));
    case Operator::one_of:
      return result_of(is_one_of(condition, property, value));
    case Operator::min:
      return result_of(is_at_least(condition, property, value));
    case Operator::max:
      return result_of(is_at_most(condition, property, value));
    case Operator::between:
      return result_of(is_at_least(condition, property, value) && is_at_most(condition, property, value));
    case Operator::matches:
      return result_of(matches_expression(value, condition.texts.front()));
    case Operator::contains:
      return result_of(std::ranges::all_of(
          condition.texts, [&](const std::string& part) { return contains_folded(value, part); }));
    case Operator::excludes:
      return result_of(std::ranges::none_of(
          condition.texts, [&](const std::string& part) { return contains_folded(value, part); }));
    default:
      return CheckResult::not_determinable;
  }
}

}  // namespace

CheckResult test_condition(const Condition& condition, const Property& property, const Value& value) {
  if (condition.op == Operator::present || condition.op == Operator::absent) {
    if (value.state == Value::State::unknown) return CheckResult::not_determinable;
    const bool is_there = value.state != Value::State::absent;
    return result_of(is_there == (condition.op == Operator::present));
  }
  if (value.state != Value::State::known) return CheckResult::not_determinable;
  const CheckResult result = test_known(condition, property, value);
  return result == CheckResult::pass && !value.why.empty() ? CheckResult::not_determinable : result;
}

CheckResult test_conditions(const std::vector<Condition>& conditions, const Property& property,
                            const Value& value) {
  CheckResult result = CheckResult::pass;
  for (const Condition& condition : conditions)
    result = both(result, test_condition(condition, property, value));
  return result;
}

Text describe(const std::vector<Condition>& conditions) {
  Text all;
  for (const Condition& condition : conditions) {
    const Text one = describe_one(condition);
    all.en += (all.en.empty() ? "" : ", ") + one.en;
    all.zh += (all.zh.empty() ? "" : "，") + one.zh;
  }
  return all;
}

std::string describe(const Value& value) {
  constexpr std::size_t most = 200;
  if (value.state != Value::State::known) return {};
  return bounded(joined(value.texts, "\\"), most);
}

std::string number_text(double number) {
  std::array<char, 64> buffer{};
  const bool plain = std::abs(number) < 1e9;
  const int length = std::snprintf(buffer.data(), buffer.size(), plain ? "%.3f" : "%.6g", number);
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  if (plain) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    if (text == "-0") text = "0";
  }
  return text;
}

}  // namespace trialgate::rules
