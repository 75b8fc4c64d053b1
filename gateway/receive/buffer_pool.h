#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// Buffers that are used again: a fresh one of this size costs the kernel a page fault for every 4 KiB.
/// Thread-safe.
class BufferPool {
 public:
  /// Buffers have room for `buffer_bytes`; at most `kept` unused ones are held.
  BufferPool(std::size_t buffer_bytes, std::size_t kept) : buffer_bytes_(buffer_bytes), kept_(kept) {}

  /// Empty, with room.
  [[nodiscard]] std::vector<std::uint8_t> take() {
    std::vector<std::uint8_t> buffer;
    {
      const std::lock_guard lock(mutex_);
      if (!unused_.empty()) {
        buffer = std::move(unused_.back());
        unused_.pop_back();
      }
    }
    buffer.reserve(buffer_bytes_);
    return buffer;
  }

  void give_back(std::vector<std::uint8_t> buffer) {
    buffer.clear();
    const std::lock_guard lock(mutex_);
    if (unused_.size() < kept_) unused_.push_back(std::move(buffer));
  }

 private:
  const std::size_t buffer_bytes_;
  const std::size_t kept_;
  std::mutex mutex_;
  std::vector<std::vector<std::uint8_t>> unused_;
};

}  // namespace trialgate::gateway
