#pragma once

#include "storage/store.h"

#include <chrono>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// Documents of a submission's version, by kind.
namespace document {
inline constexpr std::string_view verdict = "verdict";    ///< rules::Verdict
inline constexpr std::string_view hold = "hold";          ///< why de-identification held it: [{...}]
inline constexpr std::string_view decision = "decision";  ///< what a person decided: {action, by, reason, at}
inline constexpr std::string_view deidentification =
    "deidentification";  ///< rules::DeidentificationReport of the study
}  // namespace document

/// Who did something, and why.
struct Act {
  storage::UtcTime at;
  std::string actor = "trialgate";
  std::string event;  ///< e.g. "submission.released"
  std::string reason;
  std::string detail;  ///< JSON text, may be empty
};

/// The failure of a step that has to be tried again, for `why` is no fault of the submission.
[[nodiscard]] storage::Failure not_now(std::string why);

/// The life of a submission: which state may follow which. Re-opening leads from everywhere but withdrawn to
/// receiving.
[[nodiscard]] bool may_follow(storage::SubmissionState from, storage::SubmissionState to) noexcept;

/// Puts `row` into `state` and appends the audit record, in the caller's transaction.
/// Errors: invalid_argument when `state` may not follow the present one; those of the store.
[[nodiscard]] storage::Result<void> enter(storage::Transaction& transaction, storage::SubmissionRow& row,
                                          storage::SubmissionState state, const Act& act);

/// `not_before` of a delivery that waits for its submission's next verdict.
inline constexpr storage::UtcTime parked = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);

/// Parks what is queued of a submission: nothing of a study leaves while it is in doubt.
[[nodiscard]] storage::Result<void> park_deliveries(storage::Transaction& transaction,
                                                    std::uint64_t submission);

/// Back to receiving with the next version, because of late instances or a person's wish. What is queued of
/// it is parked.
[[nodiscard]] storage::Result<void> reopen(storage::Transaction& transaction, storage::SubmissionRow& row,
                                           const Act& act);

/// Appends an audit record about a submission.
[[nodiscard]] storage::Result<void> record_act(storage::Transaction& transaction,
                                               const storage::SubmissionRow& row, const Act& act);

/// The submission as it is in this transaction, if it still has the version, the state and the instances that
/// work was begun for. Errors: invalid_argument when it has moved on; not_found.
[[nodiscard]] storage::Result<storage::SubmissionRow> unchanged(const storage::ReadTransaction& transaction,
                                                                const storage::SubmissionRow& seen);

}  // namespace trialgate::gateway
