#pragma once

#include "gateway/config/node_config.h"
#include "gateway/config/trial_book.h"
#include "gateway/deliver/deriver.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/pipeline/examiner.h"
#include "gateway/pipeline/judge.h"
#include "gateway/receive/reception.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace trialgate::gateway {

/// Drives submissions from state to state. What is to be done stands in the store alone, so that a restart,
/// or a command in another process, needs no more than to change a state. Two threads: intake examines and
/// judges, release de-identifies and dispatches, so that a large study on its way out does not hold up the
/// technician's answer.
class Pipeline {
 public:
  Pipeline(storage::Store& store, InstanceWorkers& workers, TrialBook& trials, const Reception& reception,
           Forwarder& forwarder, const NodeConfig& config, Logger& log);
  /// Ends after the steps under way.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Something may have become possible. Any thread; does not block.
  void wake();

 private:
  /// What wakes a thread. Outlives everything that may call wake().
  struct Signal {
    std::mutex mutex;
    std::condition_variable condition;
    bool woken = true;
    bool stopping = false;

    void wake();
  };

  /// A thread that runs `step` when woken, and every quarter of a second in any case: other processes write
  /// states too.
  class Runner {
   public:
    Runner(Signal& signal, std::function<bool()> step);
    ~Runner();

   private:
    void run();

    Signal& signal_;
    std::function<bool()> step_;
    std::thread thread_;
  };

  [[nodiscard]] bool intake();
  [[nodiscard]] bool release();
  void reload_trials();
  [[nodiscard]] bool is_complete(const storage::SubmissionRow& row, storage::UtcTime now) const;
  void complete(const storage::SubmissionRow& row);
  [[nodiscard]] std::vector<storage::SubmissionRow> in_state(storage::SubmissionState state) const;
  /// False while a failed step on this submission waits for its next try.
  [[nodiscard]] bool may_try(std::uint64_t submission) const;
  void note_failure(const storage::SubmissionRow& row, const char* step, const storage::Failure& failure);

  storage::Store& store_;
  TrialBook& trials_;
  const Reception& reception_;
  Forwarder& forwarder_;
  const NodeConfig& config_;
  Logger& log_;
  Signal intake_signal_;
  Signal release_signal_;
  Examiner examiner_;
  Judge judge_;
  Deriver deriver_;
  std::chrono::steady_clock::time_point next_trial_look_{};
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::chrono::steady_clock::time_point> retry_at_;
  Runner intake_;
  Runner release_;
};

}  // namespace trialgate::gateway
