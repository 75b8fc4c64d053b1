#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// Buffers in which instances under way are collected. Few at a time get big ones, so that an instance of
/// usual size goes to the disk in one step; many share `total_bytes`, down to `least_bytes` each. They are
/// used again: a fresh one costs the kernel a page fault for every 4 KiB. Thread-safe.
class BufferPool {
 public:
  static constexpr std::size_t least_bytes = 256 * 1024;
  static constexpr std::size_t most_bytes = 1024 * 1024;

  explicit BufferPool(std::size_t total_bytes) : total_bytes_(total_bytes) {}

  /// Empty; its capacity is what may be collected in it. To be given back.
  [[nodiscard]] std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> buffer;
    std::size_t share = 0;
    {
      const std::lock_guard lock(mutex_);
      share = std::clamp(total_bytes_ / ++in_use_, least_bytes, most_bytes);
      if (!unused_.empty()) {
        buffer = std::move(unused_.back());
        unused_.pop_back();
      }
    }
    buffer.reserve(share);
    return buffer;
  }

  void give_back(std::vector<std::uint8_t> buffer) {
    buffer.clear();
    const std::lock_guard lock(mutex_);
    --in_use_;
    if ((unused_.size() + 1) * most_bytes <= total_bytes_) unused_.push_back(std::move(buffer));
  }

 private:
  const std::size_t total_bytes_;
  std::mutex mutex_;
  std::size_t in_use_ = 0;
  std::vector<std::vector<std::uint8_t>> unused_;
};

}  // namespace trialgate::gateway
