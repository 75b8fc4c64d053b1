#pragma once

#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "gateway/pipeline/examined_record.h"
#include "gateway/worker/instance_workers.h"
#include "rules/evaluate/evaluate.h"
#include "storage/store.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// A submission as the rules see it, with the records that the facts point to.
struct SubmissionFile {
  std::vector<storage::InstanceRow> instances;  ///< all, conflicts and unreadable ones included
  std::vector<rules::InstanceRecord> records;   ///< of the readable instances that came first under their UID
  std::vector<storage::Digest> blobs;           ///< of the records, in their order
  std::vector<std::string> fingerprints;        ///< what the records were examined for, in their order
  rules::SubmissionFacts facts;
};

/// Reads everything that a submission's verdict rests on.
[[nodiscard]] storage::Result<std::unique_ptr<SubmissionFile>> read_submission(
    const storage::ReadTransaction& transaction, const storage::SubmissionRow& row);

/// The trial that a submission belongs to, null when that cannot be told.
[[nodiscard]] std::shared_ptr<const rules::Trial> trial_of(const TrialSet& trials,
                                                           const SubmissionFile& file);

/// The verdict on a submission's present version. Errors: corrupt when there is none that can be read.
[[nodiscard]] storage::Result<rules::Verdict> read_verdict(const storage::ReadTransaction& transaction,
                                                           const storage::SubmissionRow& row);

/// Modality (0008,0060) by SOP Instance UID.
[[nodiscard]] std::map<std::string, std::string, std::less<>> modalities_of(const SubmissionFile& file);

/// What is known of the subject's other studies: the newest verdicts of its released submissions.
[[nodiscard]] storage::Result<rules::SubjectHistory> read_history(const storage::ReadTransaction& transaction,
                                                                  const rules::Trial& trial,
                                                                  std::string_view subject_id,
                                                                  std::uint64_t but_submission);

/// Adds what staff decided and the rules have to know: classification, locked time points, qualification of
/// the site. `subject`: null when it is not known.
[[nodiscard]] storage::Result<void> add_rulings(const storage::ReadTransaction& transaction,
                                                const rules::Trial& trial, const rules::Subject* subject,
                                                std::uint64_t submission, rules::SubmissionFacts& facts);

/// Second step: judges a complete submission against its charter and records verdict, state and reason
/// together.
class Judge {
 public:
  Judge(storage::Store& store, InstanceWorkers& workers, const TrialBook& trials, const NodeConfig& config,
        Logger& log)
      : store_(store), workers_(workers), trials_(trials), config_(config), log_(log) {}

  /// `row` is in state examined; afterwards it is quarantined, with a query to the site, or released, with
  /// the queries closed that it answers. Records that were not examined for what the trials ask by now are
  /// made anew first. Errors: those of the store; a submission that has moved on meanwhile is left alone.
  storage::Result<void> judge(const storage::SubmissionRow& row);

 private:
  /// The submission with records that were all examined for `wanted`. Errors: not_now when the workers
  /// cannot.
  [[nodiscard]] storage::Result<std::unique_ptr<SubmissionFile>> read_fresh(const storage::SubmissionRow& row,
                                                                            const ExaminedPaths& wanted);
  /// Examines those records again and keeps what comes of it; an instance that cannot be read any more is
  /// unreadable from then on.
  [[nodiscard]] storage::Result<void> refresh(const SubmissionFile& file,
                                              const std::vector<std::size_t>& stale,
                                              const ExaminedPaths& wanted);

  storage::Store& store_;
  InstanceWorkers& workers_;
  const TrialBook& trials_;
  const NodeConfig& config_;
  Logger& log_;
};

}  // namespace trialgate::gateway
