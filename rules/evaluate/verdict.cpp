#include "rules/evaluate/verdict.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {

std::string_view to_string(CheckResult result) noexcept {
  constexpr std::array<std::string_view, 3> names{"pass", "fail", "not_determinable"};
  return names[static_cast<std::size_t>(result)];
}

std::string_view to_string(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, 2> names{"release", "quarantine"};
  return names[static_cast<std::size_t>(outcome)];
}

std::string_view to_string(StackKind kind) noexcept {
  constexpr std::array<std::string_view, 6> names{"image",       "localizer", "dose_report",
                                                  "screen_save", "derived",   "not_an_image"};
  return names[static_cast<std::size_t>(kind)];
}

bool Verdict::asks_site() const {
  constexpr std::array staff_rules = std::to_array<std::string_view>(
      {"study/locked_time_point", "study/adverse_event", "study/qualified_site"});
  return std::ranges::any_of(findings, [&](const Finding& finding) {
    return finding.severity >= RuleSeverity::query &&
           std::ranges::find(staff_rules, finding.rule_id) == staff_rules.end();
  });
}

std::string Verdict::findings_in_short() const {
  std::string ids;
  for (const Finding& finding : findings) ids += (ids.empty() ? "" : ", ") + finding.rule_id;
  return ids;
}

bool Verdict::has_deviation() const {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.severity == RuleSeverity::warn; });
}

}  // namespace trialgate::rules
