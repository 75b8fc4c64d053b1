#pragma once

#include "storage/correspondence.h"
#include "storage/lmdb/environment.h"

namespace trialgate::storage {

/// The Correspondence in LMDB tables. Lives inside one transaction.
class LmdbCorrespondence final : public Correspondence {
 public:
  explicit LmdbCorrespondence(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<QueryRow>> query(std::uint64_t id) const override;
  Result<std::optional<QueryRow>> query_about(std::uint64_t submission, std::uint32_t version) const override;
  Result<std::vector<QueryRow>> queries_about(std::uint64_t submission) const override;
  Result<std::vector<QueryRow>> queries(std::size_t limit, std::uint64_t after) const override;
  Result<std::uint64_t> put_query(const QueryRow& row) override;

  Result<std::vector<NoticeRow>> notices_about(std::uint64_t query) const override;
  Result<std::vector<NoticeRow>> due_notices(UtcTime now, std::size_t limit) const override;
  Result<std::optional<UtcTime>> next_due_notice() const override;
  Result<std::uint64_t> put_notice(const NoticeRow& row) override;

 private:
  Result<std::uint64_t> insert_query(QueryRow row);
  Result<std::uint64_t> insert_notice(NoticeRow row);

  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
