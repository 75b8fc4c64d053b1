#include "storage/lmdb/lmdb_commitments.h"

#include "storage/encode_commitments.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

#include <utility>

namespace trialgate::storage {
namespace {

std::string id_key(std::uint64_t id) {
  return Key().u64(id).bytes();
}

std::string name_key(CommitmentRole role, std::string_view site, std::string_view partner,
                     std::string_view transaction_uid) {
  return Key().enumerator(role).text(site).text(partner).text(transaction_uid).bytes();
}

std::string name_key(const CommitmentRow& row) {
  return name_key(row.role, row.site, row.partner, row.transaction_uid);
}

std::string due_key(const CommitmentRow& row) {
  return Key().enumerator(row.role).time(row.not_before).u64(row.id).bytes();
}

std::string_view last_id(std::string_view bytes) {
  return bytes.substr(bytes.size() - 8);
}

Result<void> check_names(std::string_view site, std::string_view partner, std::string_view transaction_uid) {
  if (auto ok = check_key_text(site, "site"); !ok) return ok;
  if (auto ok = check_key_text(partner, "partner"); !ok) return ok;
  return check_key_uid(transaction_uid, "transaction UID");
}

}  // namespace

Result<std::optional<CommitmentRow>> LmdbCommitments::commitment(std::uint64_t id) const {
  return get_row(transaction_, Table::commitment, id_key(id), decode_commitment);
}

Result<std::optional<CommitmentRow>> LmdbCommitments::commitment(CommitmentRole role, std::string_view site,
                                                                 std::string_view partner,
                                                                 std::string_view transaction_uid) const {
  if (auto ok = check_names(site, partner, transaction_uid); !ok) return ok.error();
  const auto id = transaction_.get(Table::commitment_by_name, name_key(role, site, partner, transaction_uid));
  if (!id) return id.error();
  if (!*id) return std::optional<CommitmentRow>();
  auto row = require_row(transaction_, Table::commitment, **id, decode_commitment);
  if (!row) return row.error();
  return std::optional<CommitmentRow>(std::move(*row));
}

Result<std::vector<CommitmentItem>> LmdbCommitments::items(std::uint64_t id) const {
  auto found = get_row(transaction_, Table::commitment_items, id_key(id), decode_commitment_items);
  if (!found) return found.error();
  return found->value_or(std::vector<CommitmentItem>());
}

Result<std::vector<CommitmentRow>> LmdbCommitments::due_commitments(CommitmentRole role, UtcTime now,
                                                                    std::size_t limit) const {
  std::vector<CommitmentRow> rows;
  if (limit == 0) return rows;
  const std::string prefix = Key().enumerator(role).bytes();
  const auto walked = transaction_.scan(
      Table::commitment_due, prefix, {}, [&](std::string_view key, std::string_view) -> Result<bool> {
        if (read_time(key.substr(prefix.size())) > now) return false;
        auto row = require_row(transaction_, Table::commitment, last_id(key), decode_commitment);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return rows.size() < limit;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<CommitmentRow>> LmdbCommitments::commitments_about(std::uint64_t submission) const {
  std::vector<CommitmentRow> rows;
  const auto walked = transaction_.scan(Table::commitment_by_submission, id_key(submission), {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          auto row = require_row(transaction_, Table::commitment,
                                                                 last_id(key), decode_commitment);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<CommitmentRow>> LmdbCommitments::commitments(std::size_t limit,
                                                                std::uint64_t after) const {
  std::vector<CommitmentRow> rows;
  if (limit == 0) return rows;
  const auto walked = transaction_.scan(Table::commitment, {}, just_after(id_key(after)),
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_commitment(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return rows.size() < limit;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::uint64_t> LmdbCommitments::insert(CommitmentRow row) {
  if (auto ok = check_names(row.site, row.partner, row.transaction_uid); !ok) return ok.error();
  const std::string name = name_key(row);
  const auto known = transaction_.get(Table::commitment_by_name, name);
  if (!known) return known.error();
  if (*known) return fail(Errc::invalid_argument, "this transaction is there already");
  const auto id = transaction_.next("commitment");
  if (!id) return id.error();
  row.id = *id;
  if (auto put = transaction_.put_new(Table::commitment, id_key(row.id), encode(row)); !put)
    return put.error();
  if (auto put = transaction_.put(Table::commitment_by_name, name, id_key(row.id)); !put) return put.error();
  if (row.role == CommitmentRole::user) {
    const std::string by_submission = Key().u64(row.submission).u64(row.id).bytes();
    if (auto put = transaction_.put(Table::commitment_by_submission, by_submission, {}); !put)
      return put.error();
  }
  if (is_open(row.state)) {
    if (auto put = transaction_.put(Table::commitment_due, due_key(row), {}); !put) return put.error();
  }
  return row.id;
}

Result<std::uint64_t> LmdbCommitments::put_commitment(const CommitmentRow& row) {
  if (row.id == 0) return insert(row);
  const auto old = commitment(row.id);
  if (!old) return old.error();
  if (!*old) return fail(Errc::not_found, "commitment " + std::to_string(row.id));
  if (name_key(**old) != name_key(row) || (*old)->submission != row.submission)
    return fail(Errc::invalid_argument, "a commitment keeps its transaction UID, its partner and submission");
  if (is_open((*old)->state)) {
    if (auto erased = transaction_.erase(Table::commitment_due, due_key(**old)); !erased)
      return erased.error();
  }
  if (is_open(row.state)) {
    if (auto put = transaction_.put(Table::commitment_due, due_key(row), {}); !put) return put.error();
  }
  if (auto put = transaction_.put(Table::commitment, id_key(row.id), encode(row)); !put) return put.error();
  return row.id;
}

Result<void> LmdbCommitments::put_items(std::uint64_t id, const std::vector<CommitmentItem>& items) {
  const auto row = commitment(id);
  if (!row) return row.error();
  if (!*row) return fail(Errc::not_found, "commitment " + std::to_string(id));
  return transaction_.put(Table::commitment_items, id_key(id), encode(items));
}

}  // namespace trialgate::storage
