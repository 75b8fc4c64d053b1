#include "rules/trial/visit_pattern.h"

#include <charconv>

namespace trialgate::rules {
namespace {

constexpr std::size_t max_digits = 4;

std::optional<int> whole_number(std::string_view text) {
  if (text.empty() || text.size() > max_digits) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::optional<VisitPattern> parse_visit_pattern(std::string_view pattern) {
  const auto open = pattern.find('{');
  const auto close = pattern.find('}');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const std::string_view inside = pattern.substr(open + 1, close - open - 1);
  const auto plus = inside.find('+');
  if (plus == std::string_view::npos || !inside.ends_with('n')) return std::nullopt;
  const std::string_view first = inside.substr(0, plus);
  const std::string_view second = inside.substr(plus + 1, inside.size() - plus - 2);
  const auto start = whole_number(first);
  const auto step = second.empty() ? std::optional(1) : whole_number(second);
  if (!start || !step || *step < 1) return std::nullopt;
  return VisitPattern{pattern.substr(0, open), *start, *step, first.size(), pattern.substr(close + 1)};
}

std::string expand_visit_pattern(std::string_view pattern, int n) {
  const auto parsed = parse_visit_pattern(pattern);
  if (!parsed) return std::string(pattern);
  std::string number = std::to_string(parsed->start + parsed->step * n);
  if (number.size() < parsed->digits) number.insert(0, parsed->digits - number.size(), '0');
  return std::string(parsed->before) + number + std::string(parsed->after);
}

std::optional<int> visit_number(std::string_view pattern, std::string_view id) {
  const auto parsed = parse_visit_pattern(pattern);
  if (!parsed || id.size() <= parsed->before.size() + parsed->after.size() ||
      !id.starts_with(parsed->before) || !id.ends_with(parsed->after)) {
    return std::nullopt;
  }
  const auto number = whole_number(
      id.substr(parsed->before.size(), id.size() - parsed->before.size() - parsed->after.size()));
  if (!number || *number <= parsed->start) return std::nullopt;
  const int n = (*number - parsed->start) / parsed->step;
  if (n < 1 || n > max_visits_of_row || expand_visit_pattern(pattern, n) != id) return std::nullopt;
  return n;
}

}  // namespace trialgate::rules
