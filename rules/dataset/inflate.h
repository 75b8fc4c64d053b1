#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::rules {

/// Inflates a deflated data set (PS3.5 §A.5: raw deflate, RFC 1951) within the limits.
/// Errors: malformed_dataset, limit_exceeded (size or ratio).
[[nodiscard]] Result<std::vector<std::uint8_t>> inflate(std::span<const std::uint8_t> bytes,
                                                        const Limits& limits);

}  // namespace trialgate::rules
