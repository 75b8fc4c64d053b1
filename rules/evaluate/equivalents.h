#pragma once

#include "rules/examine/instance_record.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Values of an attribute that the record holds in another place: enhanced multi-frame instances (PS3.3
/// §C.7.6.16, §C.8.13, §C.8.15) and scanners older than the attribute have the same fact under another name.
/// `keyword` is that of the classic attribute. Nothing when there is no such place, or it is empty.
[[nodiscard]] std::optional<std::vector<std::string>> equivalent_values(std::string_view keyword,
                                                                        const InstanceRecord& record);

/// Diffusion b-value in s/mm2: (0018,9087), else the private ones of Siemens (0019,xx0C) and of GE
/// (0043,xx39), which adds a thousand million to mark values as set.
[[nodiscard]] std::optional<double> b_value_of(const InstanceRecord& record);

}  // namespace trialgate::rules
