#include "storage/store.h"

#include "storage/local/local_store.h"

#include <ostream>

namespace trialgate::storage {
namespace {

// Records per read transaction when the whole trail is walked.
constexpr std::size_t audit_step = 10'000;

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreConfig& config, FileSystem& files) {
  return LocalStore::open(config, files);
}

Result<void> Store::commit(std::function<Result<void>(Transaction&)> apply) {
  Commit rows;
  rows.apply = std::move(apply);
  return commit(std::move(rows));
}

Result<AuditVerification> Store::verify_audit() const {
  AuditVerification verification;
  for (;;) {
    const std::uint64_t before = verification.head.seq;
    const auto step = read([&](const ReadTransaction& transaction) -> Result<void> {
      auto verified = transaction.audit().verify(verification.head, audit_step);
      if (!verified) return verified.error();
      verification = std::move(*verified);
      return {};
    });
    if (!step) return step.error();
    if (!verification.ok() || verification.head.seq - before < audit_step) return verification;
  }
}

Result<AuditHead> Store::export_audit(std::ostream& out) const {
  AuditHead head;
  for (;;) {
    std::vector<AuditRecord> records;
    const auto step = read([&](const ReadTransaction& transaction) -> Result<void> {
      auto found = transaction.audit().read(head.seq + 1, audit_step);
      if (!found) return found.error();
      records = std::move(*found);
      return {};
    });
    if (!step) return step.error();
    for (const AuditRecord& record : records) {
      out << to_json_line(record) << '\n';
      head = {record.seq, record.hash};
    }
    if (!out.flush()) return fail(Errc::io_error, "cannot write the audit trail");
    if (records.size() < audit_step) return head;
  }
}

}  // namespace trialgate::storage
