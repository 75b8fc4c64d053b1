#include "gateway/serve/recovery_log.h"

#include "gateway/pipeline/clock.h"

#include <utility>
#include <vector>

namespace trialgate::gateway {

storage::Result<void> record_recovery(storage::Store& store, Logger& log) {
  const storage::RecoveryReport found = store.recovery();
  std::vector<storage::AuditRecord> audits;
  const auto audit = [&audits](const char* event, const char* reason, const storage::Digest& blob) {
    storage::AuditRecord record;
    record.at = utc_now();
    record.actor = "trialgate";
    record.event = event;
    record.reason = reason;
    record.object = blob;
    audits.push_back(std::move(record));
  };
  for (const storage::Digest& missing : found.missing_blobs) {
    log.event(dimse::Level::error, "store.blob_missing", {{"blob", missing.hex()}});
    audit("store.blob_missing", "the index names it, the disk does not hold it", missing);
  }
  for (const storage::Orphan& orphan : found.orphans) {
    log.event(dimse::Level::warn, "store.orphan", {{"blob", orphan.blob.hex()}});
    audit("store.orphan", "on disk, but never acknowledged to its sender; left in place", orphan.blob);
  }
  for (const std::string& name : found.foreign_names) {
    log.event(dimse::Level::warn, "store.foreign_file", {{"name", name}});
  }
  log.event(dimse::Level::info, "store.recovered",
            {{"blobs", static_cast<std::int64_t>(found.blobs_on_disk)},
             {"orphans", static_cast<std::int64_t>(found.orphans.size())},
             {"missing", static_cast<std::int64_t>(found.missing_blobs.size())},
             {"temp_files_removed", static_cast<std::int64_t>(found.temp_files_removed)}});
  if (audits.empty()) return {};
  return store.commit([&audits](storage::Transaction& transaction) -> storage::Result<void> {
    for (const storage::AuditRecord& record : audits) {
      if (auto appended = transaction.audit().append(record); !appended) return appended.error();
    }
    return {};
  });
}

}  // namespace trialgate::gateway
