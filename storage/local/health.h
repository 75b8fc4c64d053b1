#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <utility>

namespace trialgate::storage {

/// Whether the medium still keeps its word. Any thread.
class Health {
 public:
  /// A sync or an index commit failed: from now on nothing may be acknowledged. The first reason is kept.
  void fail(std::string reason) {
    const std::scoped_lock lock(mutex_);
    if (reason_.empty()) reason_ = std::move(reason);
    failed_ = true;
  }
  void clear() {
    const std::scoped_lock lock(mutex_);
    reason_.clear();
    failed_ = false;
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] std::string reason() const {
    const std::scoped_lock lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::string reason_;
  std::atomic<bool> failed_ = false;
};

}  // namespace trialgate::storage
