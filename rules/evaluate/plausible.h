#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/examine/instance_record.h"

#include <optional>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What an attribute can hold at most and at least, in the unit of PS3.6. Wide: beyond it lies no scanner and
/// no patient, only another unit or a slip.
struct PlausibleRange {
  std::string_view keyword;
  double least = 0;
  double most = 0;
};

/// The range of an attribute, by the last keyword of its path; null when it has none.
[[nodiscard]] const PlausibleRange* plausible_range(std::string_view path) noexcept;

/// What in a header cannot be: values that are no number or beyond their plausible range, dates and times
/// that are none, and attributes that contradict each other. Each as a phrase with the attribute, never with
/// the value. Empty: nothing.
[[nodiscard]] std::vector<Text> header_contradictions(const InstanceRecord& record);

}  // namespace trialgate::rules
