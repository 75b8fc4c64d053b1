#pragma once

#include "gateway/config/node_config.h"
#include "gateway/pipeline/transition.h"
#include "rules/evaluate/verdict.h"
#include "storage/store.h"

#include <chrono>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// How a site is asked: when an answer is due, and whether mail tells it so.
struct QueryPlan {
  std::chrono::seconds answer_within{std::chrono::hours(24 * 5)};
  std::vector<std::chrono::seconds> reminders;  ///< from the due date, negative: before it
  bool by_mail = false;                         ///< the node has a mail server and the site a technician
};

[[nodiscard]] QueryPlan query_plan(const NodeConfig& config, const std::string& site);

/// Opens the one query about a submission's present version, with its notices, in the caller's transaction;
/// those about earlier versions end as overtaken. Due when the plan says, or earlier: when the window for a
/// re-scan ends (G23).
[[nodiscard]] storage::Result<void> open_query(storage::Transaction& transaction,
                                               const storage::SubmissionRow& row,
                                               const rules::Verdict& verdict, const QueryPlan& plan,
                                               storage::UtcTime now);

/// Closes every query about a submission that is not closed yet and tells the site, if it was told of the
/// query. `act` says who closes it and why; its event is ignored.
[[nodiscard]] storage::Result<void> close_queries(storage::Transaction& transaction,
                                                  const storage::SubmissionRow& row, const Act& act);

/// A study that is released answers what was asked about it, and about the other studies of the subject's
/// same time point that are still held: it is their re-scan.
[[nodiscard]] storage::Result<void> close_queries_answered_by(storage::Transaction& transaction,
                                                              const storage::SubmissionRow& released,
                                                              const Act& act);

/// Records the site's words; no reminder follows. Errors: not_found; invalid_argument when the query is
/// closed.
[[nodiscard]] storage::Result<void> answer_query(storage::Transaction& transaction, std::uint64_t query,
                                                 const std::string& answer, const std::string& name,
                                                 storage::UtcTime now);
/// Closes one query on a person's word. Errors as for answer_query.
[[nodiscard]] storage::Result<void> close_query(storage::Transaction& transaction, std::uint64_t query,
                                                const Act& act);

/// Records what became of an attempt to send. What was dropped meanwhile stays dropped, unless the mail has
/// left all the same: then the site is told of the close as well. Error: not_found.
[[nodiscard]] storage::Result<void> record_attempt(storage::Transaction& transaction,
                                                   const storage::NoticeRow& attempted);

}  // namespace trialgate::gateway
