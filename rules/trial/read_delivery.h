#pragma once

#include "rules/trial/load.h"
#include "rules/trial/read_check.h"

#include <vector>

namespace trialgate::rules {

/// The section `deliver`. Slots must be among `series`.
[[nodiscard]] std::vector<DeliveryRule> read_deliver_section(const YAML::Node& node,
                                                             const std::vector<SeriesSlot>& series,
                                                             TrialReading& reading);
/// The section `readers`.
[[nodiscard]] Readers read_readers_section(const YAML::Node& node, YamlErrors& errors);
/// The section `adverse_events`.
[[nodiscard]] AdverseEventPolicy read_adverse_events_section(const YAML::Node& node, YamlErrors& errors);
/// The section `deidentify`, with everything that validate() finds wrong. `read_file` hands in the file that
/// it names for pixel masks.
[[nodiscard]] DeidentificationRules read_deidentify_section(const YAML::Node& node,
                                                            const RegisterReader& read_file,
                                                            YamlErrors& errors);

}  // namespace trialgate::rules
