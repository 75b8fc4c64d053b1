#pragma once

#include "rules/trial/yaml_reader.h"

#include <string_view>

namespace trialgate::rules {

/// Adds a mistake when `word` is no Defined Term of Modality (0008,0060).
void check_modality(const YAML::Node& node, std::string_view word, YamlErrors& errors);

/// True for the units that DICOM states numbers in: "mm", "kV", "Bq", ...
[[nodiscard]] bool is_unit(std::string_view word) noexcept;

}  // namespace trialgate::rules
