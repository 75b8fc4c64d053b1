#pragma once

#include "storage/time.h"

namespace trialgate::gateway {

/// The wall clock, as rows and audit records keep it.
[[nodiscard]] inline storage::UtcTime utc_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace trialgate::gateway
