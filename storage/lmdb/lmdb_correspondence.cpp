#include "storage/lmdb/lmdb_correspondence.h"

#include "storage/encode_rows.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

#include <utility>

namespace trialgate::storage {
namespace {

std::string id_key(std::uint64_t id) {
  return Key().u64(id).bytes();
}

std::string about_key(std::uint64_t submission, std::uint32_t version) {
  return Key().u64(submission).u32(version).bytes();
}

std::string due_key(const NoticeRow& row) {
  return Key().time(row.not_before).u64(row.id).bytes();
}

std::string_view last_id(std::string_view bytes) {
  return bytes.substr(bytes.size() - 8);
}

}  // namespace

Result<std::optional<QueryRow>> LmdbCorrespondence::query(std::uint64_t id) const {
  return get_row(transaction_, Table::query, id_key(id), decode_query);
}

Result<std::optional<QueryRow>> LmdbCorrespondence::query_about(std::uint64_t submission,
                                                                std::uint32_t version) const {
  const auto id = transaction_.get(Table::query_by_submission, about_key(submission, version));
  if (!id) return id.error();
  if (!*id) return std::optional<QueryRow>();
  auto row = require_row(transaction_, Table::query, **id, decode_query);
  if (!row) return row.error();
  return std::optional<QueryRow>(std::move(*row));
}

Result<std::vector<QueryRow>> LmdbCorrespondence::queries_about(std::uint64_t submission) const {
  std::vector<QueryRow> rows;
  const auto walked = transaction_.scan(Table::query_by_submission, id_key(submission), {},
                                        [&](std::string_view, std::string_view id) -> Result<bool> {
                                          auto row =
                                              require_row(transaction_, Table::query, id, decode_query);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<QueryRow>> LmdbCorrespondence::queries(std::size_t limit, std::uint64_t after) const {
  std::vector<QueryRow> rows;
  if (limit == 0) return rows;
  const auto walked = transaction_.scan(Table::query, {}, just_after(id_key(after)),
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto row = decode_query(bytes);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return rows.size() < limit;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<std::uint64_t> LmdbCorrespondence::insert_query(QueryRow row) {
  const std::string about = about_key(row.submission, row.version);
  const auto known = transaction_.get(Table::query_by_submission, about);
  if (!known) return known.error();
  if (*known) return fail(Errc::invalid_argument, "this version of the submission has a query already");
  const auto id = transaction_.next("query");
  if (!id) return id.error();
  row.id = *id;
  if (auto put = transaction_.put_new(Table::query, id_key(row.id), encode(row)); !put) return put.error();
  if (auto put = transaction_.put(Table::query_by_submission, about, id_key(row.id)); !put)
    return put.error();
  return row.id;
}

Result<std::uint64_t> LmdbCorrespondence::put_query(const QueryRow& row) {
  if (row.id == 0) return insert_query(row);
  const auto old = query(row.id);
  if (!old) return old.error();
  if (!*old) return fail(Errc::not_found, "query " + std::to_string(row.id));
  if ((*old)->submission != row.submission || (*old)->version != row.version)
    return fail(Errc::invalid_argument, "a query keeps its submission and version");
  if (auto put = transaction_.put(Table::query, id_key(row.id), encode(row)); !put) return put.error();
  return row.id;
}

Result<std::vector<NoticeRow>> LmdbCorrespondence::notices_about(std::uint64_t query) const {
  std::vector<NoticeRow> rows;
  const auto walked = transaction_.scan(
      Table::notice_by_query, id_key(query), {}, [&](std::string_view key, std::string_view) -> Result<bool> {
        auto row = require_row(transaction_, Table::notice, last_id(key), decode_notice);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return true;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<NoticeRow>> LmdbCorrespondence::due_notices(UtcTime now, std::size_t limit) const {
  std::vector<NoticeRow> rows;
  if (limit == 0) return rows;
  const auto walked = transaction_.scan(
      Table::notice_due, {}, {}, [&](std::string_view key, std::string_view) -> Result<bool> {
        if (read_time(key) > now) return false;
        auto row = require_row(transaction_, Table::notice, last_id(key), decode_notice);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return rows.size() < limit;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<std::optional<UtcTime>> LmdbCorrespondence::next_due_notice() const {
  std::optional<UtcTime> first;
  const auto walked = transaction_.scan(Table::notice_due, {}, {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          first = read_time(key);
                                          return false;
                                        });
  if (!walked) return walked.error();
  return first;
}

Result<std::uint64_t> LmdbCorrespondence::insert_notice(NoticeRow row) {
  const auto id = transaction_.next("notice");
  if (!id) return id.error();
  row.id = *id;
  if (auto put = transaction_.put_new(Table::notice, id_key(row.id), encode(row)); !put) return put.error();
  const std::string by_query = Key().u64(row.query).u64(row.id).bytes();
  if (auto put = transaction_.put(Table::notice_by_query, by_query, {}); !put) return put.error();
  if (row.state == NoticeState::queued) {
    if (auto put = transaction_.put(Table::notice_due, due_key(row), {}); !put) return put.error();
  }
  return row.id;
}

Result<std::uint64_t> LmdbCorrespondence::put_notice(const NoticeRow& row) {
  if (row.id == 0) return insert_notice(row);
  const auto old = get_row(transaction_, Table::notice, id_key(row.id), decode_notice);
  if (!old) return old.error();
  if (!*old) return fail(Errc::not_found, "notice " + std::to_string(row.id));
  if ((*old)->query != row.query) return fail(Errc::invalid_argument, "a notice keeps its query");
  if ((*old)->state == NoticeState::queued) {
    if (auto erased = transaction_.erase(Table::notice_due, due_key(**old)); !erased) return erased.error();
  }
  if (row.state == NoticeState::queued) {
    if (auto put = transaction_.put(Table::notice_due, due_key(row), {}); !put) return put.error();
  }
  if (auto put = transaction_.put(Table::notice, id_key(row.id), encode(row)); !put) return put.error();
  return row.id;
}

}  // namespace trialgate::storage
