#include "gateway/notify/queries.h"

#include <algorithm>
#include <optional>

namespace trialgate::gateway {
namespace {

storage::Result<void> audit(storage::Transaction& transaction, const storage::QueryRow& query, Act act) {
  storage::SubmissionRow about;
  about.id = query.submission;
  about.site = query.site;
  act.detail =
      R"({"query":)" + std::to_string(query.id) + R"(,"version":)" + std::to_string(query.version) + "}";
  return record_act(transaction, about, act);
}

/// The end of the last day at which a re-scan counts; UTC, for want of the site's own time zone.
std::optional<storage::UtcTime> end_of(const std::optional<rules::Date>& day) {
  if (!day) return std::nullopt;
  return storage::UtcTime(std::chrono::sys_days(*day) + std::chrono::days(1));
}

storage::Result<void> put_notice(storage::Transaction& transaction, std::uint64_t query,
                                 storage::NoticeKind kind, storage::UtcTime now,
                                 storage::UtcTime not_before) {
  storage::NoticeRow notice;
  notice.query = query;
  notice.kind = kind;
  notice.created_at = now;
  notice.not_before = not_before;
  auto put = transaction.correspondence().put_notice(notice);
  if (!put) return put.error();
  return {};
}

enum class Drop { all, reminders };

/// Drops what was not sent yet. True: the site has been told of the query.
storage::Result<bool> drop_queued(storage::Transaction& transaction, std::uint64_t query, Drop which) {
  auto notices = transaction.correspondence().notices_about(query);
  if (!notices) return notices.error();
  bool told = false;
  for (storage::NoticeRow& notice : *notices) {
    told = told || notice.state == storage::NoticeState::sent;
    if (notice.state != storage::NoticeState::queued) continue;
    if (which == Drop::reminders && notice.kind != storage::NoticeKind::reminder) continue;
    notice.state = storage::NoticeState::dropped;
    if (auto put = transaction.correspondence().put_notice(notice); !put) return put.error();
  }
  return told;
}

enum class TellSite { no, yes };

storage::Result<void> close(storage::Transaction& transaction, storage::QueryRow query, const Act& act,
                            TellSite tell) {
  query.state = storage::QueryState::closed;
  query.closing_reason = act.reason;
  query.closed_by = act.actor;
  query.closed_at = act.at;
  if (auto put = transaction.correspondence().put_query(query); !put) return put.error();
  auto told = drop_queued(transaction, query.id, Drop::all);
  if (!told) return told.error();
  if (*told && tell == TellSite::yes) {
    auto queued = put_notice(transaction, query.id, storage::NoticeKind::closed, act.at, act.at);
    if (!queued) return queued;
  }
  return audit(transaction, query, {act.at, act.actor, "query.closed", act.reason, {}});
}

storage::Result<void> close_all(storage::Transaction& transaction, std::uint64_t submission, const Act& act,
                                TellSite tell) {
  auto queries = transaction.correspondence().queries_about(submission);
  if (!queries) return queries.error();
  for (const storage::QueryRow& query : *queries) {
    if (query.state == storage::QueryState::closed) continue;
    if (auto closed = close(transaction, query, act, tell); !closed) return closed;
  }
  return {};
}

/// Queues the news that a query was closed while the mail about it, `sent`, was under way. A query that
/// another one has overtaken needs none: that one's notice says more.
storage::Result<void> tell_of_close(storage::Transaction& transaction,
                                    const std::vector<storage::NoticeRow>& notices,
                                    const storage::NoticeRow& sent) {
  auto query = transaction.correspondence().query(sent.query);
  if (!query) return query.error();
  if (!*query || (*query)->state != storage::QueryState::closed) return {};
  auto queries = transaction.correspondence().queries_about((*query)->submission);
  if (!queries) return queries.error();
  const bool overtaken = queries->back().id != sent.query;
  const bool told = std::ranges::any_of(
      notices, [](const storage::NoticeRow& notice) { return notice.kind == storage::NoticeKind::closed; });
  if (overtaken || told) return {};
  return put_notice(transaction, sent.query, storage::NoticeKind::closed, sent.sent_at, sent.sent_at);
}

storage::Result<storage::QueryRow> find_not_closed(const storage::ReadTransaction& transaction,
                                                   std::uint64_t id) {
  auto query = transaction.correspondence().query(id);
  if (!query) return query.error();
  if (!*query) return storage::fail(storage::Errc::not_found, "query " + std::to_string(id));
  if ((*query)->state == storage::QueryState::closed) {
    return storage::fail(storage::Errc::invalid_argument, "query " + std::to_string(id) + " is closed");
  }
  return std::move(**query);
}

}  // namespace

QueryPlan query_plan(const NodeConfig& config, const std::string& site) {
  QueryPlan plan;
  if (!config.mail) return plan;
  plan.answer_within = config.mail->answer_within;
  plan.reminders = config.mail->reminders;
  plan.by_mail = std::ranges::any_of(
      config.sites, [&](const Site& one) { return one.id == site && !one.technicians.empty(); });
  return plan;
}

storage::Result<void> open_query(storage::Transaction& transaction, const storage::SubmissionRow& row,
                                 const rules::Verdict& verdict, const QueryPlan& plan, storage::UtcTime now) {
  const Act overtaken{now, "trialgate", {}, "overtaken by version " + std::to_string(row.version), {}};
  if (auto closed = close_all(transaction, row.id, overtaken, TellSite::no); !closed) return closed;

  storage::QueryRow query;
  query.submission = row.id;
  query.version = row.version;
  query.site = row.site;
  query.opened_at = now;
  query.due_at = now + plan.answer_within;
  if (const auto last = end_of(verdict.visit.rescan_until); last && *last > now) {
    query.due_at = std::min(query.due_at, *last);
  }
  auto id = transaction.correspondence().put_query(query);
  if (!id) return id.error();
  query.id = *id;
  if (plan.by_mail) {
    auto queued = put_notice(transaction, *id, storage::NoticeKind::opened, now, now);
    for (const std::chrono::seconds offset : plan.reminders) {
      // A reminder that would come with the query itself is none.
      if (!queued || query.due_at + offset <= now) continue;
      queued = put_notice(transaction, *id, storage::NoticeKind::reminder, now, query.due_at + offset);
    }
    if (!queued) return queued;
  }
  const std::string reason =
      plan.by_mail ? "the study is held" : "the study is held; the site has no address for a notice";
  return audit(transaction, query, {now, "trialgate", "query.opened", reason, {}});
}

storage::Result<void> close_queries(storage::Transaction& transaction, const storage::SubmissionRow& row,
                                    const Act& act) {
  return close_all(transaction, row.id, act, TellSite::yes);
}

storage::Result<void> close_queries_answered_by(storage::Transaction& transaction,
                                                const storage::SubmissionRow& released, const Act& act) {
  if (auto closed = close_queries(transaction, released, act); !closed) return closed;
  if (released.subject.empty() || released.time_point.empty()) return {};
  auto others = transaction.index().submissions_of(released.trial_id, released.subject);
  if (!others) return others.error();
  for (const storage::SubmissionRow& other : *others) {
    if (other.id == released.id || other.site != released.site || other.time_point != released.time_point ||
        other.state != storage::SubmissionState::quarantined) {
      continue;
    }
    Act rescan = act;
    rescan.reason = "a re-scan passed (submission " + std::to_string(released.id) + ")";
    if (auto closed = close_queries(transaction, other, rescan); !closed) return closed;
  }
  return {};
}

storage::Result<void> answer_query(storage::Transaction& transaction, std::uint64_t id,
                                   const std::string& answer, const std::string& name, storage::UtcTime now) {
  auto query = find_not_closed(transaction, id);
  if (!query) return query.error();
  query->state = storage::QueryState::answered;
  query->answer = answer;
  query->answered_by = name;
  query->answered_at = now;
  if (auto put = transaction.correspondence().put_query(*query); !put) return put.error();
  // Who has answered is not to be told that an answer is missing.
  if (auto dropped = drop_queued(transaction, id, Drop::reminders); !dropped) return dropped.error();
  return audit(transaction, *query, {now, name, "query.answered", answer, {}});
}

storage::Result<void> close_query(storage::Transaction& transaction, std::uint64_t id, const Act& act) {
  auto query = find_not_closed(transaction, id);
  if (!query) return query.error();
  return close(transaction, std::move(*query), act, TellSite::yes);
}

storage::Result<void> record_attempt(storage::Transaction& transaction, const storage::NoticeRow& attempted) {
  auto notices = transaction.correspondence().notices_about(attempted.query);
  if (!notices) return notices.error();
  const auto found = std::ranges::find(*notices, attempted.id, &storage::NoticeRow::id);
  if (found == notices->end()) return storage::fail(storage::Errc::not_found, "notice");
  const bool dropped = found->state == storage::NoticeState::dropped;
  const bool sent = attempted.state == storage::NoticeState::sent;
  if (dropped && !sent) return {};
  if (auto put = transaction.correspondence().put_notice(attempted); !put) return put.error();
  if (!dropped) return {};
  return tell_of_close(transaction, *notices, attempted);
}

}  // namespace trialgate::gateway
