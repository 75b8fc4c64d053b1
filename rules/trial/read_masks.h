#pragma once

#include "rules/trial/load.h"
#include "rules/trial/yaml_reader.h"

#include <vector>

namespace trialgate::rules {

/// The part `pixels` of the section `deidentify`: approved masks, in the list `masks`, or in the YAML file
/// that `masks_file` names and `read_file` hands in.
[[nodiscard]] std::vector<PixelMask> read_pixels_section(const YAML::Node& node,
                                                         const RegisterReader& read_file, YamlErrors& errors);

}  // namespace trialgate::rules
