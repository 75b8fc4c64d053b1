#pragma once

#include "rules/dataset/data_set.h"

#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// An Age String (PS3.5 §6.2, AS) with ages of more than 90 years as "090Y": who is older is one of few, so
/// that the age itself would tell (45 CFR 164.514(b)(2)(i)(C): "a single category of age 90 or older").
/// Nothing when `text` cannot be read as an age.
[[nodiscard]] std::optional<std::string> capped_age(std::string_view text);

/// The same for a content item Subject Age (121033, DCM) of a report, whose number stands in years or smaller
/// units: whether it was changed. Any other item is left alone.
bool cap_subject_age(ElementList& item);

}  // namespace trialgate::rules
