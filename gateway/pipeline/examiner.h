#pragma once

#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "gateway/worker/instance_workers.h"
#include "storage/store.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// What an examination brings into the index.
struct ExaminationResult {
  storage::InstanceState state = storage::InstanceState::unreadable;
  std::string study_uid;
  std::string series_uid;
  std::string record;      ///< JSON, empty when unreadable
  std::string attributes;  ///< encoded InstanceAttributes, for the catalogue
  std::string reason;      ///< why it is unreadable
};

/// First step after receipt: hands instances to the workers and joins what they found to submissions, one for
/// each study of a site. An instance that no worker can read becomes a submission of its own, since its study
/// is not known. step() and the questions are for the pipeline's thread; the workers' answers come on theirs.
class Examiner {
 public:
  /// `progress` is called, on any thread, after examinations were recorded or given back; it may still run
  /// when the destructor has returned.
  Examiner(storage::Store& store, InstanceWorkers& workers, const TrialBook& trials, Logger& log,
           std::function<void()> progress);
  /// Waits for the answers that are under way.
  ~Examiner();
  Examiner(const Examiner&) = delete;
  Examiner& operator=(const Examiner&) = delete;

  /// Submits the next instances. Returns true when there may be more at once.
  bool step();
  /// Instances may wait that no step() has seen yet: until the next one every site counts as behind.
  void defer();

  /// An instance of this site waits for its examination: it may belong to any study.
  [[nodiscard]] bool is_behind(const std::string& site) const;
  /// Associations that brought instances of the submission since this process began.
  [[nodiscard]] std::set<std::uint64_t> contributors(std::uint64_t submission) const;
  /// Forgets the contributors of a submission that is complete.
  void forget(std::uint64_t submission);

 private:
  using Clock = std::chrono::steady_clock;

  /// An examination whose result is not in the index yet.
  struct Finished {
    storage::InstanceRow row;
    std::shared_ptr<const ExaminationResult> examined;  ///< null: not examined, to be tried again
    std::shared_ptr<std::uint64_t> submission;          ///< set when it is recorded
  };

  /// `fingerprint`: what it was examined for.
  void finish(const storage::InstanceRow& row, ExamineOutcome outcome, const std::string& fingerprint);
  /// With mutex_ held: what is to be recorded now, if anything.
  [[nodiscard]] std::vector<Finished> take_due();
  void record_when_due();
  void record(std::vector<Finished> batch);
  /// `again`: to be examined anew, after a rest.
  void settle(const std::vector<Finished>& settled, bool again);

  storage::Store& store_;
  InstanceWorkers& workers_;
  const TrialBook& trials_;
  Logger& log_;
  std::function<void()> progress_;
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::map<std::uint64_t, std::string> under_way_;  ///< site by arrival number
  std::vector<Finished> finished_;  ///< to be recorded with the next ones, at once with the last
  Clock::time_point gathering_until_{};
  Clock::time_point resume_at_{};  ///< nothing is handed out before, after a failure of the node's own
  std::size_t recording_ = 0;      ///< in commits that are under way
  std::uint64_t cursor_ = 0;       ///< arrivals up to here were handed out
  bool behind_ = false;            ///< more instances wait in the index than were handed out
  std::map<std::uint64_t, std::set<std::uint64_t>> contributors_;
};

}  // namespace trialgate::gateway
