#pragma once

#include "gateway/log/logger.h"
#include "storage/store.h"

namespace trialgate::gateway {

/// Says what the recovery scan of the store found, in the log and in the audit trail. Blobs that no row
/// mentions were never acknowledged: their senders send them again and they then join the right site, so they
/// are listed and neither adopted nor deleted. Rows whose blob is gone are damage.
[[nodiscard]] storage::Result<void> record_recovery(storage::Store& store, Logger& log);

}  // namespace trialgate::gateway
