#pragma once

#include <chrono>

namespace trialgate::storage {

/// A point in time as the store keeps it: UTC, microseconds since 1970-01-01T00:00:00Z. Storage never reads a
/// clock for a row; the caller says when.
using UtcTime = std::chrono::sys_time<std::chrono::microseconds>;

}  // namespace trialgate::storage
