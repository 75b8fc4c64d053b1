#pragma once

#include <chrono>
#include <cstdint>

namespace trialgate::dimse {

/// How long a peer may still take for a message: an allowance, and a second for every `min_bytes_per_second`
/// that came. Only the time spent waiting for the peer counts, not what we need for the bytes. A peer that
/// trickles single bytes therefore runs out of time, however often it sends.
class RateFloor {
 public:
  RateFloor(std::chrono::milliseconds allowance, std::uint32_t min_bytes_per_second) noexcept
      : allowance_(allowance), min_bytes_per_second_(min_bytes_per_second) {}

  void reset() noexcept {
    waited_ = {};
    bytes_ = 0;
  }
  void add(std::chrono::nanoseconds waited, std::size_t bytes) noexcept {
    waited_ += waited;
    bytes_ += bytes;
  }
  /// Never negative.
  [[nodiscard]] std::chrono::milliseconds left() const noexcept {
    const auto left = allowed(bytes_) - std::chrono::duration_cast<std::chrono::milliseconds>(waited_);
    return left.count() > 0 ? left : std::chrono::milliseconds(0);
  }
  /// Time for `bytes` in one go.
  [[nodiscard]] std::chrono::milliseconds allowed(std::uint64_t bytes) const noexcept {
    return allowance_ + std::chrono::milliseconds(bytes * 1000 / min_bytes_per_second_);
  }

 private:
  std::chrono::milliseconds allowance_;
  std::uint32_t min_bytes_per_second_;
  std::chrono::nanoseconds waited_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace trialgate::dimse
