#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/report.h"

#include <vector>

namespace trialgate::rules {

/// Signs that a person can be recognised in the pixels (PS3.15 §E.3.2): photographs, and cross-sections of
/// head and neck, from which a face can be rendered. What does not say which part of the body it shows counts
/// as one that may. Nothing here removes a face: these instances are held. Reads no pixel.
[[nodiscard]] std::vector<HoldCause> recognizable_signs(const DataSet& data_set);

}  // namespace trialgate::rules
