#include "rules/trial/read_schedule.h"

#include "rules/trial/visit_pattern.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr int max_days = 20'000;

/// [first, last] in days, first not after last.
std::optional<std::pair<int, int>> read_span(const YAML::Node& node, std::string_view what,
                                             YamlErrors& errors) {
  if (!node.IsSequence() || node.size() != 2) {
    errors.add(node, std::string(what) + " is not a pair; expected [first day, last day], as in [-7, 7]");
    return std::nullopt;
  }
  const auto first = read_integer(node[0], what, errors, -max_days, max_days);
  const auto last = read_integer(node[1], what, errors, -max_days, max_days);
  if (!first || !last) return std::nullopt;
  if (*first > *last) {
    errors.add(node, std::string(what) + " is an empty range; expected the earlier day first");
    return std::nullopt;
  }
  return std::pair(*first, *last);
}

std::string read_visit_id(const YAML::Node& node, bool is_row, YamlErrors& errors) {
  if (is_row) {
    const auto id = read_text(node, "id", errors);
    if (id && !parse_visit_pattern(*id)) {
      errors.add(node,
                 "'" + *id +
                     "' names no row of visits; expected a pattern such as \"W{06+6n}\", which is W12, " +
                     "W18, ...");
    }
    return id.value_or("");
  }
  if (node.IsScalar() && parse_visit_pattern(node.Scalar())) {
    errors.add(node, "'" + node.Scalar() + "' names a row of visits; expected every: and from: with it");
    return node.Scalar();
  }
  auto id = read_id(node, "id", errors).value_or("");
  if (id == unscheduled_time_point || id == "previous") {
    errors.add(node, "'" + id + "' has a meaning of its own; expected another id");
  }
  return id;
}

class ScheduleReader {
 public:
  ScheduleReader(std::string reference, YamlErrors& errors)
      : reference_(std::move(reference)), errors_(errors) {}

  std::vector<TimePoint> read(const YAML::Node& node) {
    if (!node.IsSequence() || node.size() == 0) {
      errors_.add(node, "schedule is no list; expected '- {id: ..., day: ..., window: [-7, 7]}' entries");
      return {};
    }
    for (const YAML::Node& item : node) read_entry(item);
    return std::move(schedule_);
  }

 private:
  void read_entry(const YAML::Node& item) {
    const std::size_t mistakes = errors_.size();
    YamlMap map(item, "a time point", errors_);
    TimePoint point;
    point.position = position_of(item);
    point.reference = reference_;
    const auto every = map.take("every");
    if (const auto id = map.need("id")) point.id = read_visit_id(*id, every.has_value(), errors_);
    if (const auto name = map.take("reference")) {
      point.reference = read_id(*name, "reference", errors_).value_or("");
    }
    read_days(map, every, point);
    map.finish();
    if (point.reference.empty()) {
      errors_.add(
          item, "the time point has no reference date; expected 'reference' here or for the whole schedule");
    }
    if (map.is_map() && errors_.size() == mistakes) check_against_others(item, point);
    // Kept in spite of mistakes, so that rules that name it are not mistakes too.
    schedule_.push_back(std::move(point));
  }

  void read_days(YamlMap& map, const std::optional<YAML::Node>& every, TimePoint& point) {
    const auto days = map.take("days");
    const auto day = map.take("day");
    const auto from = map.take("from");
    const auto window = map.take("window");
    const auto until = map.take("until");
    if (!map.is_map()) return;
    if (days) {
      if (day || from || window || every || until) {
        errors_.add(*days,
                    "days says the whole window; expected no day, window, every, from or until with it");
      }
      if (const auto span = read_span(*days, "days", errors_)) {
        point.earliest_day = span->first;
        point.latest_day = span->second;
        point.target_day = std::clamp(0, span->first, span->second);
      }
      return;
    }
    if (every) {
      point.every_days = read_integer(*every, "every", errors_, 1, max_days).value_or(0);
      if (day) errors_.add(*day, "a row of visits has no day; expected from, the day of its first visit");
      if (!from)
        errors_.add(map.node(), "'from' is missing in a row of visits; expected the day of its first visit");
    } else {
      if (from)
        errors_.add(*from, "from belongs to a row of visits; expected every: with it, or day: instead");
      if (until) errors_.add(*until, "until belongs to a row of visits; expected every: with it");
      if (!day && !from)
        errors_.add(map.node(), "the time point has no day; expected days: [first, last] or day:");
    }
    if (const auto& target = every ? from : day) {
      point.target_day =
          read_integer(*target, every ? "from" : "day", errors_, -max_days, max_days).value_or(0);
    }
    point.earliest_day = point.latest_day = point.target_day;
    if (window) {
      if (const auto span = read_span(*window, "window", errors_)) {
        point.earliest_day += span->first;
        point.latest_day += span->second;
      }
    }
    if (until && every) {
      point.until_day = read_integer(*until, "until", errors_, point.target_day, max_days).value_or(0);
    }
  }

  void check_against_others(const YAML::Node& item, const TimePoint& point) {
    if (point.every_days != 0 && point.latest_day - point.earliest_day >= point.every_days) {
      errors_.add(item, "the windows of the row overlap: each is " +
                            std::to_string(point.latest_day - point.earliest_day + 1) +
                            " days long, but the visits are " + std::to_string(point.every_days) +
                            " days apart");
    }
    for (const TimePoint& other : schedule_) {
      if (same_id(other, point)) {
        errors_.add(item, "time point '" + point.id + "' is there already, in line " +
                              std::to_string(other.position.line));
      } else if (other.reference == point.reference && overlaps(other, point)) {
        errors_.add(item, "the window of '" + point.id + "' overlaps that of '" + other.id + "' in line " +
                              std::to_string(other.position.line) + "; expected windows apart");
      }
    }
  }

  static bool same_id(const TimePoint& a, const TimePoint& b) {
    if (a.id == b.id) return true;
    return (a.every_days != 0 && visit_number(a.id, b.id)) || (b.every_days != 0 && visit_number(b.id, a.id));
  }

  /// How many visits of a row are looked at.
  static int visits_of(const TimePoint& point) {
    if (point.every_days == 0) return 1;
    if (point.until_day == 0) return max_visits_of_row;
    return std::min(max_visits_of_row, (point.until_day - point.target_day) / point.every_days + 1);
  }

  static bool overlaps(const TimePoint& a, const TimePoint& b) {
    for (int n = 0; n < visits_of(a); ++n) {
      const int shift = n * a.every_days;
      for (int m = 0; m < visits_of(b); ++m) {
        const int other_shift = m * b.every_days;
        if (b.earliest_day + other_shift > a.latest_day + shift) break;
        if (b.latest_day + other_shift >= a.earliest_day + shift) return true;
      }
    }
    return false;
  }

  std::string reference_;
  YamlErrors& errors_;
  std::vector<TimePoint> schedule_;
};

}  // namespace

TimePoints read_time_points_section(const YAML::Node& node, YamlErrors& errors) {
  TimePoints time_points;
  YamlMap map(node, "time_points", errors);
  std::string reference;
  if (const auto name = map.take("reference")) reference = read_id(*name, "reference", errors).value_or("");
  if (const auto schedule = map.need("schedule")) {
    time_points.schedule = ScheduleReader(reference, errors).read(*schedule);
  }
  if (const auto value = map.take("unscheduled")) {
    YamlMap unscheduled(*value, "unscheduled", errors);
    if (const auto accept = unscheduled.take("accept")) {
      time_points.unscheduled.accept = read_flag(*accept, "accept", errors).value_or(true);
    }
    if (const auto classes = unscheduled.take("classify")) {
      time_points.unscheduled.classify = read_texts(*classes, "classify", errors);
      if (!time_points.unscheduled.accept) {
        errors.add(*classes,
                   "unscheduled studies are not accepted; expected accept: true with their classes");
      }
    }
    unscheduled.finish();
  }
  if (const auto days = map.take("rescan_turnaround_days")) {
    time_points.rescan_turnaround_days = read_integer(*days, "rescan_turnaround_days", errors, 0, max_days);
  }
  map.finish();
  return time_points;
}

}  // namespace trialgate::rules
