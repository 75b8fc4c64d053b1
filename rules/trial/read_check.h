#pragma once

#include "rules/trial/trial.h"
#include "rules/trial/yaml_reader.h"

#include <set>
#include <string>
#include <vector>

namespace trialgate::rules {

/// What the readers of the parts of a trial file share.
struct TrialReading {
  YamlErrors& errors;
  const TimePoints& time_points;
  std::set<std::string> attribute_paths;  ///< every attribute that a test named so far

  /// Adds a mistake when `id` is no visit of the schedule and not "unscheduled".
  void check_time_point(const YAML::Node& node, const std::string& id);
  /// A list of time point ids; the pattern of a row stands for all its visits.
  [[nodiscard]] std::vector<std::string> read_time_points(const YAML::Node& node, std::string_view what);
};

/// {Modality: CT, ImageType: {contains: AXIAL}, not: {...}, any: [{...}, {...}]}: all must hold. Comparison
/// with other time points is not allowed here. `where` names the map in messages.
[[nodiscard]] Predicate read_predicate(const YAML::Node& node, std::string_view where, TrialReading& reading);

/// One check: {id, KEYWORD or quantity: test, unit, severity, if_unknown, when, at, name, remedy}.
[[nodiscard]] Check read_check(const YAML::Node& node, TrialReading& reading);
/// A list of them; ids are unique within it.
[[nodiscard]] std::vector<Check> read_checks(const YAML::Node& node, TrialReading& reading);

}  // namespace trialgate::rules
