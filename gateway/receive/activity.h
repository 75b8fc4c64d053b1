#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace trialgate::gateway {

/// Whether instances are being received, for work that can wait until none is. Thread-safe.
class Activity {
 public:
  using Clock = std::chrono::steady_clock;

  /// One instance under way, for as long as it lives.
  class Unit {
   public:
    explicit Unit(Activity& activity) : activity_(activity) { ++activity_.under_way_; }
    ~Unit() {
      activity_.last_end_ = Clock::now().time_since_epoch().count();
      --activity_.under_way_;
    }
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

   private:
    Activity& activity_;
  };

  /// How long there has been none; zero while there is one.
  [[nodiscard]] Clock::duration idle_for() const {
    if (under_way_ > 0) return Clock::duration::zero();
    return Clock::now() - Clock::time_point(Clock::duration(last_end_.load()));
  }

 private:
  std::atomic<std::int64_t> under_way_ = 0;
  std::atomic<Clock::rep> last_end_ = 0;
};

}  // namespace trialgate::gateway
