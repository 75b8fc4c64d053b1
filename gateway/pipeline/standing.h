#pragma once

#include "gateway/pipeline/transition.h"
#include "storage/store.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// What a person decided, and when.
struct Ruling {
  std::string by;
  std::string reason;
  storage::UtcTime at;
};

/// What staff decided about a subject of a trial.
struct SubjectStanding {
  std::optional<Ruling> withdrawn;                    ///< consent withdrawn: nothing further leaves the node
  std::map<std::string, Ruling, std::less<>> locked;  ///< by time point: later arrivals wait for a person
};

/// Of a subject that nobody decided anything about: empty. Error: corrupt.
[[nodiscard]] storage::Result<SubjectStanding> read_standing(const storage::ReadTransaction& transaction,
                                                             std::string_view trial,
                                                             std::string_view subject);

/// The subject's consent is withdrawn: every submission of it is stopped and held, whatever its state, what
/// is queued stays here, and what arrives later is held too. `act` says who and why; its event is ignored.
/// Error: invalid_argument when it is withdrawn already.
[[nodiscard]] storage::Result<void> withdraw_subject(storage::Transaction& transaction,
                                                     std::string_view trial, std::string_view subject,
                                                     const Act& act);
/// Enters withdrawn in the caller's transaction; parks what is queued.
[[nodiscard]] storage::Result<void> withdraw(storage::Transaction& transaction, storage::SubmissionRow& row,
                                             const Act& act);

/// Locks or unlocks a time point of a subject. Error: invalid_argument when it is so already.
[[nodiscard]] storage::Result<void> set_lock(storage::Transaction& transaction, std::string_view trial,
                                             std::string_view subject, const std::string& time_point,
                                             bool locked, const Act& act);

/// Whether a site passed for the trial, on the strength of a test submission.
[[nodiscard]] storage::Result<bool> is_qualified(const storage::ReadTransaction& transaction,
                                                 std::string_view trial, std::string_view site);
/// Error: not_found when there is no such submission; invalid_argument when it is another site's.
[[nodiscard]] storage::Result<void> qualify_site(storage::Transaction& transaction, std::string_view trial,
                                                 const std::string& site, std::uint64_t test_submission,
                                                 const Act& act);

/// What staff said a submission is: a visit's id, or a class of unscheduled studies. It holds for all
/// versions.
[[nodiscard]] storage::Result<std::optional<std::string>> read_classification(
    const storage::ReadTransaction& transaction, std::uint64_t submission);
/// Records it and has the submission judged again. Errors: not_found; invalid_argument in state withdrawn.
[[nodiscard]] storage::Result<void> classify(storage::Transaction& transaction, std::uint64_t submission,
                                             const std::string& what, const Act& act);

}  // namespace trialgate::gateway
