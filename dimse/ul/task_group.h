#pragma once

#include "dimse/log.h"
#include "dimse/task.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>

namespace trialgate::dimse {

/// Coroutines that nobody awaits by itself, on any executors. A group knows how many still run and can be
/// waited for. An exception that leaves a task is a bug: it is logged as an error and goes no further.
/// Thread-safe.
class TaskGroup {
 public:
  explicit TaskGroup(Log& log);

  void spawn(const boost::asio::any_io_executor& executor, Task<void> task);
  [[nodiscard]] std::size_t running() const;
  /// Completes when no task runs. Await it on an executor that one thread serves.
  [[nodiscard]] Task<void> wait();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace trialgate::dimse
