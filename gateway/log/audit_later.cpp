#include "gateway/log/audit_later.h"

#include <utility>

namespace trialgate::gateway {

void audit_later(storage::Store& store, Logger& log, storage::AuditRecord record) {
  storage::Commit commit;
  commit.apply = [record = std::move(record)](storage::Transaction& transaction) -> storage::Result<void> {
    auto appended = transaction.audit().append(record);
    if (!appended) return appended.error();
    return {};
  };
  commit.done = [&log](storage::Result<void> result) {
    if (!result) log.event(dimse::Level::error, "audit.not_recorded", {{"why", result.error().message()}});
  };
  store.submit(std::move(commit));
}

}  // namespace trialgate::gateway
