#include "storage/encode_rows.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/lmdb_index.h"
#include "storage/lmdb/row_access.h"

// The submissions part of LmdbIndex.
namespace trialgate::storage {
namespace {

std::string study_key(std::string_view site, std::string_view study_uid) {
  return Key().text(site).text(study_uid).bytes();
}

std::string state_key(const SubmissionRow& row) {
  return Key().enumerator(row.state).time(row.entered_state_at).u64(row.id).bytes();
}

std::string subject_key(const SubmissionRow& row) {
  return Key().text(row.trial_id).text(row.subject).u64(row.id).bytes();
}

Result<void> check_texts(const SubmissionRow& row) {
  if (auto ok = check_key_text(row.site, "site"); !ok) return ok;
  if (auto ok = check_key_uid(row.study_uid, "Study Instance UID"); !ok) return ok;
  if (auto ok = check_key_text(row.trial_id, "trial ID"); !ok) return ok;
  return check_key_text(row.subject, "subject ID");
}

// Removes the secondary keys of `old` that `row` does not have.
Result<void> erase_old_keys(LmdbTransaction& transaction, const SubmissionRow& old,
                            const SubmissionRow& row) {
  if (study_key(old.site, old.study_uid) != study_key(row.site, row.study_uid)) {
    auto erased = transaction.erase(Table::submission_by_study, study_key(old.site, old.study_uid));
    if (!erased) return erased;
  }
  if (state_key(old) != state_key(row)) {
    if (auto erased = transaction.erase(Table::submission_by_state, state_key(old)); !erased) return erased;
  }
  if (subject_key(old) != subject_key(row)) {
    return transaction.erase(Table::submission_by_subject, subject_key(old));
  }
  return {};
}

}  // namespace

Result<std::optional<SubmissionRow>> LmdbIndex::submission(std::uint64_t id) const {
  return get_row(transaction_, Table::submission, Key().u64(id).bytes(), decode_submission);
}

Result<std::optional<SubmissionRow>> LmdbIndex::submission(std::string_view site,
                                                           std::string_view study_uid) const {
  if (auto ok = check_key_text(site, "site"); !ok) return ok.error();
  if (auto ok = check_key_uid(study_uid, "Study Instance UID"); !ok) return ok.error();
  const auto id = transaction_.get(Table::submission_by_study, study_key(site, study_uid));
  if (!id) return id.error();
  if (!*id) return std::optional<SubmissionRow>();
  auto row = require_row(transaction_, Table::submission, **id, decode_submission);
  if (!row) return row.error();
  return std::optional<SubmissionRow>(std::move(*row));
}

Result<void> LmdbIndex::submissions_in(SubmissionState state, const Visitor<SubmissionRow>& visit) const {
  return transaction_.scan(Table::submission_by_state, Key().enumerator(state).bytes(), {},
                           [&](std::string_view key, std::string_view) -> Result<bool> {
                             const auto row = require_row(transaction_, Table::submission,
                                                          key.substr(key.size() - 8), decode_submission);
                             if (!row) return row.error();
                             return visit(*row);
                           });
}

Result<std::vector<SubmissionRow>> LmdbIndex::submissions_of(std::string_view trial_id,
                                                             std::string_view subject) const {
  if (auto ok = check_key_text(trial_id, "trial ID"); !ok) return ok.error();
  if (auto ok = check_key_text(subject, "subject ID"); !ok) return ok.error();
  std::vector<SubmissionRow> rows;
  const auto walked =
      transaction_.scan(Table::submission_by_subject, Key().text(trial_id).text(subject).bytes(), {},
                        [&](std::string_view key, std::string_view) -> Result<bool> {
                          auto row = require_row(transaction_, Table::submission, key.substr(key.size() - 8),
                                                 decode_submission);
                          if (!row) return row.error();
                          rows.push_back(std::move(*row));
                          return true;
                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<SubmissionRow>> LmdbIndex::submissions(std::size_t limit, std::uint64_t after) const {
  std::vector<SubmissionRow> rows;
  if (limit == 0) return rows;
  const auto walked = transaction_.scan(Table::submission, {}, just_after(Key().u64(after).bytes()),
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_submission(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return rows.size() < limit;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::uint64_t> LmdbIndex::count_in(SubmissionState state) const {
  std::uint64_t count = 0;
  const auto walked = transaction_.scan(Table::submission_by_state, Key().enumerator(state).bytes(), {},
                                        [&](std::string_view, std::string_view) -> Result<bool> {
                                          ++count;
                                          return true;
                                        });
  if (!walked) return walked.error();
  return count;
}

Result<std::uint64_t> LmdbIndex::allocate_submission_id() {
  return transaction_.next("submission");
}

Result<void> LmdbIndex::put_submission(const SubmissionRow& row) {
  if (row.id == 0) return fail(Errc::invalid_argument, "submission id 0");
  if (auto ok = check_texts(row); !ok) return ok;
  const std::string id = Key().u64(row.id).bytes();
  const auto holder = transaction_.get(Table::submission_by_study, study_key(row.site, row.study_uid));
  if (!holder) return holder.error();
  if (*holder && **holder != id) {
    return fail(Errc::invalid_argument, "study " + row.study_uid + " of site " + row.site +
                                            " belongs to submission " + std::to_string(read_u64(**holder)));
  }
  const auto old = submission(row.id);
  if (!old) return old.error();
  if (*old) {
    if (auto erased = erase_old_keys(transaction_, **old, row); !erased) return erased;
  }
  if (auto put = transaction_.put(Table::submission, id, encode(row)); !put) return put;
  if (auto put = transaction_.put(Table::submission_by_study, study_key(row.site, row.study_uid), id); !put) {
    return put;
  }
  if (auto put = transaction_.put(Table::submission_by_state, state_key(row), {}); !put) return put;
  return transaction_.put(Table::submission_by_subject, subject_key(row), {});
}

}  // namespace trialgate::storage
