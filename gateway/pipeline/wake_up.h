#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace trialgate::gateway {

/// Tells one thread that something may have become possible for it. Made before everything that calls set(),
/// so that a callback which comes late at a stop still finds it. Thread-safe.
class WakeUp {
 public:
  /// Does not block.
  void set() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    condition_.notify_all();
  }

  /// From now on the thread is to end.
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    condition_.notify_all();
  }
  [[nodiscard]] bool is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  /// Waits for set(), for `at_most` in any case, and then for `gather`, so that many wake-ups become one.
  /// False when the thread is to end.
  [[nodiscard]] bool wait(std::chrono::milliseconds at_most, std::chrono::milliseconds gather) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, at_most, [this] { return woken_ || stopping_; });
    if (woken_) condition_.wait_for(lock, gather, [this] { return stopping_; });
    woken_ = false;
    return !stopping_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = true;
  bool stopping_ = false;
};

/// The pipeline's two threads.
struct PipelineWakeUps {
  WakeUp intake;
  WakeUp release;

  void set() {
    intake.set();
    release.set();
  }
  void stop() {
    intake.stop();
    release.stop();
  }
};

}  // namespace trialgate::gateway
