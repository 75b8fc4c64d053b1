#pragma once

#include "rules/trial/read_check.h"

#include <vector>

namespace trialgate::rules {

/// The section `series`: the slots of the charter. Slots that can never be given a series, or always the same
/// one as another slot, are mistakes.
[[nodiscard]] std::vector<SeriesSlot> read_series_section(const YAML::Node& node, TrialReading& reading);

/// The section `study`: policies of the built-in rules, and checks on every instance of the matched series.
[[nodiscard]] StudyRules read_study_section(const YAML::Node& node, TrialReading& reading);

}  // namespace trialgate::rules
