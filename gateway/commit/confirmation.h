#pragma once

#include "gateway/commit/commitment_message.h"
#include "gateway/config/node_config.h"
#include "storage/store.h"

#include <cstdint>

namespace trialgate::gateway {

/// What became of a delivered submission.
enum class Confirmed {
  not_yet,    ///< a report is awaited
  asked,      ///< a request was queued: the commitment user is to be woken
  confirmed,  ///< nothing is awaited: it is in state confirmed
  returned,   ///< a destination never reported: back in delivering, a person has to act
};

/// Moves a submission in state delivered on: confirmed, when every delivery that needs the destination's
/// storage commitment has it; otherwise what is delivered and not asked about yet is put into transactions. A
/// destination that has let the allowed number of requests in a row pass without a report gets no further
/// one: its deliveries fail. Errors: those of the store.
[[nodiscard]] storage::Result<Confirmed> confirm(storage::Store& store, const NodeConfig& config,
                                                 const storage::SubmissionRow& row);

/// What a report changed.
struct ReportTaken {
  bool known = false;  ///< the transaction is one of ours with this destination
  std::uint64_t submission = 0;
  std::uint64_t committed = 0;  ///< deliveries that are confirmed now
  std::uint64_t sent_again = 0;
  std::uint64_t given_up = 0;  ///< refused so often that a person has to act
};

/// Takes a destination's report into the outbox, in one commit: what it committed itself to is confirmed, the
/// rest of the transaction is sent again, or fails after the allowed number of refusals. A report that comes
/// a second time, or after its transaction was given up, changes only what is still undecided. Blocks.
[[nodiscard]] storage::Result<ReportTaken> take_report(storage::Store& store, const Destination& destination,
                                                       const CommitmentMessage& report);

}  // namespace trialgate::gateway
