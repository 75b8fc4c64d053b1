#include "rules/trial/trial.h"

#include "rules/trial/visit_pattern.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::pair<RuleSeverity, std::string_view>, 4> severity_names{{
    {RuleSeverity::note, "note"},
    {RuleSeverity::warn, "warn"},
    {RuleSeverity::query, "query"},
    {RuleSeverity::reject, "reject"},
}};

/// Visit number `n` (1, 2, ...) of a row; the visit itself for n = 1 of a time point that does not repeat.
Visit visit_of(const TimePoint& point, int n) {
  const int shift = (n - 1) * point.every_days;
  return {point.every_days == 0 ? point.id : expand_visit_pattern(point.id, n), point.reference,
          point.earliest_day + shift, point.target_day + shift, point.latest_day + shift};
}

/// How many visits a row has; 1 for a time point that does not repeat.
int last_number(const TimePoint& point) {
  if (point.every_days == 0) return 1;
  if (point.until_day == 0) return max_visits_of_row;
  return (point.until_day - point.target_day) / point.every_days + 1;
}

/// The number of the row's visit whose target day is nearest to `day`.
int nearest_number(const TimePoint& point, int day) {
  if (point.every_days == 0) return 1;
  const int half = point.every_days / 2;
  const int since_first = day - point.target_day;
  const int n = since_first < 0 ? 1 : (since_first + half) / point.every_days + 1;
  return std::clamp(n, 1, last_number(point));
}

int days_outside(const Visit& visit, int day) {
  if (day < visit.earliest_day) return visit.earliest_day - day;
  if (day > visit.latest_day) return day - visit.latest_day;
  return 0;
}

}  // namespace

std::string_view to_string(RuleSeverity severity) noexcept {
  return severity_names[static_cast<std::size_t>(severity)].second;
}

std::optional<RuleSeverity> severity_named(std::string_view name) noexcept {
  for (const auto& [severity, its_name] : severity_names) {
    if (its_name == name) return severity;
  }
  return std::nullopt;
}

std::string_view to_string(IfUnknown choice) noexcept {
  const auto severity = severity_of(choice);
  return severity ? to_string(*severity) : "accept";
}

std::optional<RuleSeverity> severity_of(IfUnknown choice) noexcept {
  switch (choice) {
    case IfUnknown::accept:
      return std::nullopt;
    case IfUnknown::note:
      return RuleSeverity::note;
    case IfUnknown::warn:
      return RuleSeverity::warn;
    case IfUnknown::query:
      return RuleSeverity::query;
    case IfUnknown::reject:
      return RuleSeverity::reject;
  }
  return std::nullopt;
}

std::optional<Visit> TimePoints::nearest_visit(std::string_view reference, int day) const {
  std::optional<Visit> nearest;
  for (const TimePoint& point : schedule) {
    if (point.reference != reference) continue;
    const int around = nearest_number(point, day);
    // A window that is longer on one side may make the neighbour of the nearest target the nearest visit.
    for (int n = std::max(1, around - 1); n <= std::min(last_number(point), around + 1); ++n) {
      Visit visit = visit_of(point, n);
      const bool closer =
          !nearest || days_outside(visit, day) < days_outside(*nearest, day) ||
          (days_outside(visit, day) == days_outside(*nearest, day) && visit.target_day < nearest->target_day);
      if (closer) nearest = std::move(visit);
    }
  }
  return nearest;
}

std::optional<Visit> TimePoints::visit_on(std::string_view reference, int day) const {
  auto visit = nearest_visit(reference, day);
  if (visit && days_outside(*visit, day) != 0) visit.reset();
  return visit;
}

std::optional<Visit> TimePoints::visit_named(std::string_view id) const {
  for (const TimePoint& point : schedule) {
    if (point.every_days == 0) {
      if (point.id == id) return visit_of(point, 1);
      continue;
    }
    if (const auto n = visit_number(point.id, id); n && *n <= last_number(point)) return visit_of(point, *n);
  }
  return std::nullopt;
}

std::vector<std::string> TimePoints::references() const {
  std::vector<std::string> names;
  for (const TimePoint& point : schedule) {
    if (std::ranges::find(names, point.reference) == names.end()) names.push_back(point.reference);
  }
  return names;
}

bool Trial::may_classify_as(std::string_view what) const {
  const auto named = [&](const std::vector<std::string>& list) {
    return std::ranges::find(list, what) != list.end();
  };
  return named(time_points.unscheduled.classify) || named(adverse_events.forward);
}

Language Trial::language_of(std::string_view site) const {
  const auto found = site_languages.find(site);
  return found == site_languages.end() ? language : found->second;
}

const SeriesSlot* Trial::slot(std::string_view id) const {
  const auto found = std::ranges::find(series, id, &SeriesSlot::id);
  return found == series.end() ? nullptr : &*found;
}

}  // namespace trialgate::rules
