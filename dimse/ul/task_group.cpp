#include "dimse/ul/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <array>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

namespace trialgate::dimse {

struct TaskGroup::State {
  explicit State(Log& sink) : log(sink) {}

  void finished(const std::exception_ptr& error) {
    if (error) report(error);
    std::vector<std::shared_ptr<boost::asio::steady_timer>> wake;
    {
      const std::lock_guard lock(mutex);
      if (--running == 0) wake.swap(waiting);
    }
    for (auto& timer : wake) {
      boost::asio::post(timer->get_executor(), [timer] { timer->cancel(); });
    }
  }

  void report(const std::exception_ptr& error) {
    std::string what = "unknown exception";
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
    }
    const std::array<Field, 1> fields{Field{"what", std::move(what)}};
    log.event(Level::error, "task.exception", fields);
  }

  Log& log;
  mutable std::mutex mutex;
  std::size_t running = 0;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> waiting;
};

TaskGroup::TaskGroup(Log& log) : state_(std::make_shared<State>(log)) {}

void TaskGroup::spawn(const boost::asio::any_io_executor& executor, Task<void> task) {
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->running;
  }
  boost::asio::co_spawn(executor, std::move(task),
                        [state = state_](const std::exception_ptr& error) { state->finished(error); });
}

std::size_t TaskGroup::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->running;
}

Task<void> TaskGroup::wait() {
  const auto state = state_;
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto timer =
      std::make_shared<boost::asio::steady_timer>(executor, boost::asio::steady_timer::time_point::max());
  {
    const std::lock_guard lock(state->mutex);
    if (state->running == 0) co_return;
    state->waiting.push_back(timer);
  }
  // The wake-up is posted to this executor, so it cannot come before the wait has begun.
  [[maybe_unused]] const auto woken = co_await timer->async_wait(use_task);
}

}  // namespace trialgate::dimse
