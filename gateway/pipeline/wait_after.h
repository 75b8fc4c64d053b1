#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace trialgate::gateway {

/// How long to wait after so many failures in a row: `first`, doubled each time, at most `longest`.
[[nodiscard]] inline std::chrono::milliseconds wait_after(std::uint32_t failures,
                                                          std::chrono::milliseconds first,
                                                          std::chrono::milliseconds longest) noexcept {
  std::chrono::milliseconds wait = first;
  for (std::uint32_t i = 1; i < failures && wait < longest; ++i) wait *= 2;
  return std::min(wait, longest);
}

}  // namespace trialgate::gateway
