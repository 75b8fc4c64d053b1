#pragma once

#include "gateway/log/logger.h"
#include "storage/store.h"

namespace trialgate::gateway {

/// Appends one record to the audit trail without waiting for it; what fails is in the log. Any thread. Both
/// must outlive the store's committer.
void audit_later(storage::Store& store, Logger& log, storage::AuditRecord record);

}  // namespace trialgate::gateway
