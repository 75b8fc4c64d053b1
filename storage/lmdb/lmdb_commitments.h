#pragma once

#include "storage/commitments.h"
#include "storage/lmdb/environment.h"

namespace trialgate::storage {

/// The Commitments in LMDB tables. Lives inside one transaction.
class LmdbCommitments final : public Commitments {
 public:
  explicit LmdbCommitments(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<CommitmentRow>> commitment(std::uint64_t id) const override;
  Result<std::optional<CommitmentRow>> commitment(CommitmentRole role, std::string_view site,
                                                  std::string_view partner,
                                                  std::string_view transaction_uid) const override;
  Result<std::vector<CommitmentItem>> items(std::uint64_t id) const override;
  Result<std::vector<CommitmentRow>> due_commitments(CommitmentRole role, UtcTime now,
                                                     std::size_t limit) const override;
  Result<std::vector<CommitmentRow>> commitments_about(std::uint64_t submission) const override;
  Result<std::vector<CommitmentRow>> commitments(std::size_t limit, std::uint64_t after) const override;
  Result<std::uint64_t> put_commitment(const CommitmentRow& row) override;
  Result<void> put_items(std::uint64_t id, const std::vector<CommitmentItem>& items) override;

 private:
  Result<std::uint64_t> insert(CommitmentRow row);

  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
