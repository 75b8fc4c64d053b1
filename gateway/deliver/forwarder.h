#pragma once

#include "dimse/ul/task_group.h"
#include "gateway/deliver/lane.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace trialgate::gateway {

/// Empties the outbox: one lane for each destination, all on one thread. Reading is done by a pool of its
/// own, so that it never waits behind what is being received.
class Forwarder {
 public:
  /// `progress` is called on the committer's thread after each recorded attempt.
  Forwarder(storage::Store& store, const NodeConfig& config, Logger& log, std::function<void()> progress);
  /// stop() without grace.
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  /// New deliveries were queued. Any thread.
  void wake();
  /// Lets each association finish its present instance, for `grace` at most, then ends. When it returns,
  /// nothing of the forwarder runs or is called back any more.
  void stop(std::chrono::milliseconds grace);

 private:
  storage::Store& store_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  boost::asio::thread_pool disk_;
  dimse::TaskGroup tasks_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::thread thread_;
};

}  // namespace trialgate::gateway
