#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Ids of a row of visits: "W{06+6n}" is W12, W18, ... for n = 1, 2, ...; numbers get as many digits as the
/// first number of the pattern has, or more.
struct VisitPattern {
  std::string_view before;  ///< text before the brace
  int start = 0;
  int step = 0;  ///< at least 1
  std::size_t digits = 1;
  std::string_view after;  ///< text after the brace
};

/// Visits that a row without end has at most; ends loops, no trial is so long.
inline constexpr int max_visits_of_row = 1000;

/// Nothing when `pattern` is no pattern, or one that never grows. The views are into `pattern`.
[[nodiscard]] std::optional<VisitPattern> parse_visit_pattern(std::string_view pattern);
/// Id number `n` (from 1) of `pattern`; `pattern` itself when it is none.
[[nodiscard]] std::string expand_visit_pattern(std::string_view pattern, int n);
/// The n for which `pattern` gives `id`, 1 to max_visits_of_row.
[[nodiscard]] std::optional<int> visit_number(std::string_view pattern, std::string_view id);

}  // namespace trialgate::rules
