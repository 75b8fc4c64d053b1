#pragma once

#include "dimse/ul/task_group.h"
#include "gateway/log/logger.h"
#include "storage/store.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// Attends to open storage commitments of one role as they fall due, on a thread of its own: one after the
/// other for each partner, several partners side by side, so that one that does not answer holds up nobody
/// else.
class CommitmentRunner {
 public:
  /// Does what is due for one transaction, on the runner's executor. False: no more with this partner now.
  using Attend = std::function<dimse::Task<bool>(storage::CommitmentRow)>;

  /// `attend` is called once start() was.
  CommitmentRunner(storage::Store& store, storage::CommitmentRole role, Logger& log, Attend attend);
  /// stop() without grace.
  ~CommitmentRunner();
  CommitmentRunner(const CommitmentRunner&) = delete;
  CommitmentRunner& operator=(const CommitmentRunner&) = delete;

  void start();
  /// Something may be due. Any thread.
  void wake();
  /// Lets what is under way end, for `grace` at most. When it returns nothing of the runner runs any more.
  void stop(std::chrono::milliseconds grace);
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }

  /// For blocking work on behalf of commitments.
  [[nodiscard]] boost::asio::thread_pool& disk() noexcept { return disk_; }

 private:
  using Partner = std::pair<std::string, std::string>;  ///< site, name

  dimse::Task<void> serve();
  dimse::Task<void> attend_all(Partner partner, std::vector<storage::CommitmentRow> rows);
  dimse::Task<void> pause();
  [[nodiscard]] std::vector<storage::CommitmentRow> due();

  storage::Store& store_;
  const storage::CommitmentRole role_;
  Logger& log_;
  Attend attend_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
  boost::asio::thread_pool disk_;
  dimse::TaskGroup tasks_;
  std::set<Partner> busy_;  ///< touched on the thread only
  boost::asio::steady_timer timer_{context_};
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace trialgate::gateway
