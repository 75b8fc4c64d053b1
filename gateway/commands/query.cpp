#include "gateway/commands/query.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/person_and_reason.h"
#include "gateway/commands/verdict_text.h"
#include "gateway/log/logger.h"
#include "gateway/notify/queries.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/judge.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <functional>
#include <iomanip>
#include <ostream>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

int failed(std::ostream& err, const storage::Failure& failure) {
  err << "trialgate: " << failure.message() << '\n';
  return exit_could_not;
}

/// A query with what it is about.
struct QueryDetail {
  storage::QueryRow row;
  storage::SubmissionRow submission;
  rules::Verdict verdict;
  std::vector<storage::NoticeRow> notices;
};

storage::Result<QueryDetail> read_detail(const storage::ReadTransaction& transaction, storage::QueryRow row) {
  QueryDetail detail;
  auto submission = transaction.index().submission(row.submission);
  if (!submission) return submission.error();
  if (!*submission)
    return storage::fail(storage::Errc::corrupt, "submission of query " + std::to_string(row.id));
  detail.submission = std::move(**submission);
  storage::SubmissionRow asked = detail.submission;
  asked.version = row.version;
  auto verdict = read_verdict(transaction, asked);
  if (!verdict) return verdict.error();
  detail.verdict = std::move(*verdict);
  auto notices = transaction.correspondence().notices_about(row.id);
  if (!notices) return notices.error();
  detail.notices = std::move(*notices);
  detail.row = std::move(row);
  return detail;
}

json::object to_json(const storage::NoticeRow& notice) {
  json::object object{{"kind", to_string(notice.kind)},
                      {"state", to_string(notice.state)},
                      {"attempts", notice.attempts},
                      {"last_error", notice.last_error}};
  if (notice.state == storage::NoticeState::sent) object["sent_at"] = utc_text(notice.sent_at);
  if (notice.state == storage::NoticeState::queued) object["not_before"] = utc_text(notice.not_before);
  return object;
}

json::object to_json(const QueryDetail& detail) {
  const storage::QueryRow& row = detail.row;
  json::array notices;
  for (const storage::NoticeRow& notice : detail.notices) notices.push_back(to_json(notice));
  json::object object{{"id", row.id},
                      {"state", to_string(row.state)},
                      {"submission", row.submission},
                      {"version", row.version},
                      {"site", row.site},
                      {"subject", detail.submission.subject},
                      {"time_point", detail.submission.time_point},
                      {"opened_at", utc_text(row.opened_at)},
                      {"due_at", utc_text(row.due_at)},
                      {"rules", detail.verdict.findings_in_short()},
                      {"notices", std::move(notices)}};
  if (!row.answer.empty()) {
    object["answer"] = {{"text", row.answer}, {"by", row.answered_by}, {"at", utc_text(row.answered_at)}};
  }
  if (row.state == storage::QueryState::closed) {
    object["closed"] = {
        {"reason", row.closing_reason}, {"by", row.closed_by}, {"at", utc_text(row.closed_at)}};
  }
  return object;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string mail_summary(const QueryDetail& detail) {
  if (detail.notices.empty()) return "none";
  const storage::NoticeRow& first = detail.notices.front();
  if (first.state == storage::NoticeState::queued && first.attempts > 0) return "delayed";
  return std::string(to_string(first.state));
}

void print_list(std::ostream& out, const std::vector<QueryDetail>& queries) {
  out << std::left << std::setw(6) << "id" << std::setw(10) << "state" << std::setw(12) << "site"
      << std::setw(16) << "subject" << std::setw(8) << "visit" << std::setw(22) << "due (UTC)" << std::setw(9)
      << "notice"
      << "rules\n";
  for (const QueryDetail& query : queries) {
    out << std::left << std::setw(6) << query.row.id << std::setw(10) << to_string(query.row.state)
        << std::setw(12) << query.row.site << std::setw(16) << or_dash(query.submission.subject)
        << std::setw(8) << or_dash(query.submission.time_point) << std::setw(22)
        << utc_text(query.row.due_at).substr(0, 19) << std::setw(9) << mail_summary(query)
        << query.verdict.findings_in_short() << '\n';
  }
}

void print_detail(std::ostream& out, const QueryDetail& detail, rules::Language language) {
  const storage::QueryRow& row = detail.row;
  out << "Query " << row.id << ", " << to_string(row.state) << ": submission " << row.submission
      << ", version " << row.version << ", site " << row.site << "\nopened " << utc_text(row.opened_at)
      << ", due " << utc_text(row.due_at) << '\n';
  if (!row.answer.empty()) out << "answered by " << row.answered_by << ": " << row.answer << '\n';
  if (row.state == storage::QueryState::closed) {
    out << "closed by " << row.closed_by << ": " << row.closing_reason << '\n';
  }
  for (const storage::NoticeRow& notice : detail.notices) {
    out << "notice (" << to_string(notice.kind) << "): " << to_string(notice.state);
    if (notice.state == storage::NoticeState::sent) out << ' ' << utc_text(notice.sent_at);
    if (notice.state == storage::NoticeState::queued) out << ", next try " << utc_text(notice.not_before);
    if (!notice.last_error.empty()) {
      out << (notice.state == storage::NoticeState::sent ? ", but " : ", delayed: ") << notice.last_error;
    }
    out << '\n';
  }
  if (detail.notices.empty()) out << "notice: none; the node has no mail server, or the site no address\n";
  out << '\n';
  VerdictTextOptions text;
  text.language = language;
  print_verdict(out, detail.verdict, text);
}

/// Pages through the queries, so that no read transaction lasts long.
storage::Result<std::vector<QueryDetail>> read_queries(const storage::Store& store, bool all) {
  constexpr std::size_t page = 200;
  std::vector<QueryDetail> queries;
  std::uint64_t after = 0;
  bool more = true;
  while (more) {
    auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto rows = transaction.correspondence().queries(page, after);
      if (!rows) return rows.error();
      more = rows->size() == page;
      for (storage::QueryRow& row : *rows) {
        after = row.id;
        if (!all && row.state == storage::QueryState::closed) continue;
        auto detail = read_detail(transaction, std::move(row));
        if (!detail) return detail.error();
        queries.push_back(std::move(*detail));
      }
      return {};
    });
    if (!read) return read.error();
  }
  return queries;
}

int settle(const SettleQueryOptions& options, std::ostream& out, std::ostream& err, const char* done,
           const std::function<storage::Result<void>(storage::Transaction&)>& apply) {
  if (!has_person_and_reason(options.name, options.text, err)) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::command, files);
  if (!store) return failed(err, store.error());
  if (auto recorded = (*store)->commit(apply); !recorded) return failed(err, recorded.error());
  if (options.json) {
    out << json::serialize(json::object{{"id", options.query}, {"done", done}}) << '\n';
  } else {
    out << "Query " << options.query << ": " << done << ".\n";
  }
  return exit_ok;
}

}  // namespace

int query_list_command(const QueryOptions& options, std::ostream& out, std::ostream& err) {
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) return failed(err, store.error());
  auto queries = read_queries(**store, options.all);
  if (!queries) return failed(err, queries.error());
  if (!options.json) {
    print_list(out, *queries);
    return exit_ok;
  }
  json::array list;
  for (const QueryDetail& query : *queries) list.push_back(to_json(query));
  out << json::serialize(json::object{{"queries", std::move(list)}}) << '\n';
  return exit_ok;
}

int query_show_command(const QueryOptions& options, std::uint64_t query, std::ostream& out,
                       std::ostream& err) {
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) return failed(err, store.error());
  QueryDetail detail;
  auto read = (*store)->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto row = transaction.correspondence().query(query);
    if (!row) return row.error();
    if (!*row) return storage::fail(storage::Errc::not_found, "query " + std::to_string(query));
    auto found = read_detail(transaction, std::move(**row));
    if (!found) return found.error();
    detail = std::move(*found);
    return {};
  });
  if (!read) return failed(err, read.error());
  if (options.json) {
    json::object object = to_json(detail);
    object["verdict"] = rules::to_json(detail.verdict);
    out << json::serialize(object) << '\n';
  } else {
    print_detail(out, detail, options.language);
  }
  return exit_ok;
}

int query_answer_command(const SettleQueryOptions& options, std::ostream& out, std::ostream& err) {
  const storage::UtcTime now = utc_now();
  return settle(options, out, err, "answer recorded", [&](storage::Transaction& transaction) {
    return answer_query(transaction, options.query, options.text, options.name, now);
  });
}

int query_close_command(const SettleQueryOptions& options, std::ostream& out, std::ostream& err) {
  const Act act{utc_now(), options.name, {}, options.text, {}};
  return settle(options, out, err, "closed", [&](storage::Transaction& transaction) {
    return close_query(transaction, options.query, act);
  });
}

}  // namespace trialgate::gateway
