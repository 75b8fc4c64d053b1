#pragma once

#include "dimse/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <utility>

namespace trialgate::dimse {

/// Lets a number of coroutines of one executor in at a time, in the order in which they came. It outlives
/// those that wait and every Turn.
class Turns {
 public:
  explicit Turns(std::size_t places) : free_(places) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Being in; the next one is let in when it goes.
  class [[nodiscard]] Turn {
   public:
    explicit Turn(Turns& turns) noexcept : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->leave();
    }

   private:
    Turns* turns_;
  };

  [[nodiscard]] Task<Turn> take(boost::asio::any_io_executor executor) {
    if (free_ > 0) {
      --free_;
    } else {
      Waiting waiting(*this, executor);
      while (!waiting.let_in) {
        [[maybe_unused]] const auto woken = co_await waiting.wake.async_wait(use_task);
      }
    }
    co_return Turn(*this);
  }

  /// So many in at a time from now on; nobody is in or waits.
  void resize(std::size_t places) noexcept { free_ = places; }

 private:
  /// Lives in the frame of take(), and leaves the queue with it.
  struct Waiting {
    Waiting(Turns& all, const boost::asio::any_io_executor& executor)
        : turns(all),
          wake(executor, boost::asio::steady_timer::time_point::max()),
          place(all.queue_.insert(all.queue_.end(), this)) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      if (!let_in) turns.queue_.erase(place);
    }
    Turns& turns;
    boost::asio::steady_timer wake;
    std::list<Waiting*>::iterator place;
    bool let_in = false;
  };

  void leave() {
    if (queue_.empty()) {
      ++free_;
      return;
    }
    Waiting& next = *queue_.front();
    queue_.pop_front();
    next.let_in = true;
    next.wake.cancel();
  }

  std::size_t free_;
  std::list<Waiting*> queue_;
};

}  // namespace trialgate::dimse
