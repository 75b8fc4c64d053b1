#pragma once

#include "gateway/config/trial_book.h"
#include "storage/store.h"

namespace trialgate::gateway {

/// Puts the de-identified instances of a submission into the outbox, one row for each destination that the
/// trial's delivery rules name. What a destination already has is not queued again; what an earlier version
/// has parked is taken over, or given up when this version no longer asks for it. Afterwards the submission
/// is delivering, or stays de-identified when nothing of it was asked for. Returns whether it moved on.
/// Errors: those of the store; resource_unavailable_try_again when its trial is not in force.
[[nodiscard]] storage::Result<bool> dispatch(storage::Store& store, const TrialSet& trials,
                                             const storage::SubmissionRow& row);

/// Moves a delivering submission on to delivered when nothing of it is queued and nothing failed. What makes
/// it confirmed is a step of its own (commit/confirmation.h). Returns whether it moved on.
[[nodiscard]] storage::Result<bool> conclude(storage::Store& store, const storage::SubmissionRow& row);

}  // namespace trialgate::gateway
