#pragma once

#include "rules/trial/trial.h"
#include "rules/trial/yaml_reader.h"

namespace trialgate::rules {

/// The section `time_points`: reference, schedule, unscheduled, rescan_turnaround_days. Windows that overlap,
/// rows that run into themselves and ids used twice are mistakes.
[[nodiscard]] TimePoints read_time_points_section(const YAML::Node& node, YamlErrors& errors);

}  // namespace trialgate::rules
