#pragma once

#include "gateway/commit/commitment_user.h"
#include "gateway/config/node_config.h"
#include "gateway/config/trial_book.h"
#include "gateway/deliver/deriver.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/examiner.h"
#include "gateway/pipeline/judge.h"
#include "gateway/pipeline/retries.h"
#include "gateway/pipeline/wake_up.h"
#include "gateway/receive/reception.h"
#include "gateway/reconcile/source_check.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <vector>

namespace trialgate::gateway {

/// Drives submissions from state to state. What is to be done stands in the store alone, so that a restart,
/// or a command in another process, needs no more than to change a state. Two threads: intake examines and
/// judges, release de-identifies and dispatches, so that a large study on its way out does not hold up the
/// technician's answer.
class Pipeline {
 public:
  /// `wake_ups` and `workers` outlive what still calls back after the destructor has returned: the committer.
  Pipeline(storage::Store& store, InstanceWorkers& workers, TrialBook& trials, const Reception& reception,
           Forwarder& forwarder, CommitmentUser& commitments, const NodeConfig& config,
           PipelineWakeUps& wake_ups, Logger& log);
  /// Ends after the steps under way; PipelineWakeUps::stop() and InstanceWorkers::stop() before it make these
  /// short.
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

 private:
  /// A thread that runs `step` when woken, and twenty times a second in any case: other processes write
  /// states too.
  class Runner {
   public:
    Runner(WakeUp& wake_up, std::function<bool()> step);
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    ~Runner();

   private:
    void run();

    WakeUp& wake_up_;
    std::function<bool()> step_;
    std::thread thread_;
  };

  /// Receiving goes first: a sender waits for every answer, a verdict waits for a quiet study anyway. So
  /// instances are examined in the pauses of receiving, or beside it when there has been none for a while.
  [[nodiscard]] bool may_examine();
  [[nodiscard]] bool intake();
  [[nodiscard]] bool release();
  void dispatch_deidentified();
  void conclude_delivering();
  void confirm_delivered();
  void reload_trials();
  [[nodiscard]] bool is_complete(const storage::SubmissionRow& row, storage::UtcTime now);
  [[nodiscard]] bool is_quiet(const storage::SubmissionRow& row, storage::UtcTime now) const;
  /// The modality has named instances that have not arrived, and may still.
  [[nodiscard]] bool waits_for_performed(const storage::SubmissionRow& row, storage::UtcTime now) const;
  void complete(const storage::SubmissionRow& row);
  [[nodiscard]] std::vector<storage::SubmissionRow> in_state(storage::SubmissionState state) const;
  /// The submission is no longer what a step that failed took it for: another step, or a person, was faster.
  [[nodiscard]] bool has_moved_on(const storage::SubmissionRow& row) const;
  /// Keeps count of failures; true when the step succeeded.
  bool settle(const storage::SubmissionRow& row, const char* step, const storage::Result<void>& result);

  storage::Store& store_;
  TrialBook& trials_;
  const Reception& reception_;
  Forwarder& forwarder_;
  CommitmentUser& commitments_;
  const NodeConfig& config_;
  Logger& log_;
  PipelineWakeUps& wake_ups_;
  Examiner examiner_;
  SourceCheck source_check_;
  Judge judge_;
  Deriver deriver_;
  const storage::UtcTime started_at_ = utc_now();
  std::chrono::steady_clock::time_point next_trial_look_{};
  std::chrono::steady_clock::time_point next_confirmation_{};
  std::optional<std::chrono::steady_clock::time_point> receiving_since_;
  /// Submissions that wait for what the modality named, and when they are looked at again; of intake.
  std::map<std::uint64_t, std::chrono::steady_clock::time_point> performed_looks_;
  Retries retries_;
  Runner intake_;
  Runner release_;
};

}  // namespace trialgate::gateway
