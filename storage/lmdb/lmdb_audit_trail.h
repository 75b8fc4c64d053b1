#pragma once

#include "storage/audit_trail.h"
#include "storage/lmdb/environment.h"

namespace trialgate::storage {

/// The AuditTrail in LMDB tables. Lives inside one transaction.
class LmdbAuditTrail final : public AuditTrail {
 public:
  explicit LmdbAuditTrail(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<AuditHead> append(AuditRecord record) override;
  Result<std::vector<AuditRecord>> read(std::uint64_t from, std::size_t limit) const override;
  Result<std::vector<AuditRecord>> read_of(std::uint64_t submission) const override;
  Result<AuditHead> head() const override;
  Result<AuditVerification> verify(const AuditHead& start, std::size_t limit) const override;

 private:
  LmdbTransaction& transaction_;
};

/// What stands in the table: canonical bytes, prev_hash, hash. decode error: corrupt.
[[nodiscard]] std::string encode(const AuditRecord& record);
[[nodiscard]] Result<AuditRecord> decode_audit(std::string_view bytes);

}  // namespace trialgate::storage
