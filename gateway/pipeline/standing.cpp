#include "gateway/pipeline/standing.h"

#include "gateway/notify/queries.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include <chrono>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::string_view classification_document = "classification";
/// Of the submission as a whole: versions count from 1.
constexpr std::uint32_t all_versions = 0;

json::object to_json(const Ruling& ruling) {
  return {{"by", ruling.by}, {"reason", ruling.reason}, {"at_us", ruling.at.time_since_epoch().count()}};
}

Ruling ruling_from(const json::object& object) {
  return {std::string(object.at("by").as_string()), std::string(object.at("reason").as_string()),
          storage::UtcTime(std::chrono::microseconds(object.at("at_us").to_number<std::int64_t>()))};
}

std::string subject_name(std::string_view trial, std::string_view subject) {
  return "subject/" + std::string(trial) + "/" + std::string(subject);
}

std::string site_name(std::string_view trial, std::string_view site) {
  return "site/" + std::string(trial) + "/" + std::string(site);
}

storage::Result<void> put_standing(storage::Transaction& transaction, std::string_view trial,
                                   std::string_view subject, const SubjectStanding& standing) {
  json::object locked;
  for (const auto& [time_point, ruling] : standing.locked) locked[time_point] = to_json(ruling);
  json::object object{{"locked", std::move(locked)}};
  if (standing.withdrawn) object["withdrawn"] = to_json(*standing.withdrawn);
  return transaction.index().put_value(subject_name(trial, subject), json::serialize(object));
}

storage::Result<void> audit(storage::Transaction& transaction, const Act& act, const std::string& detail) {
  storage::AuditRecord record;
  record.at = act.at;
  record.actor = act.actor;
  record.event = act.event;
  record.reason = act.reason;
  record.detail = detail;
  auto appended = transaction.audit().append(std::move(record));
  if (!appended) return appended.error();
  return {};
}

std::string about(std::string_view trial, std::string_view key, std::string_view value) {
  return json::serialize(json::object{{"trial", trial}, {key, value}});
}

}  // namespace

storage::Result<SubjectStanding> read_standing(const storage::ReadTransaction& transaction,
                                               std::string_view trial, std::string_view subject) {
  SubjectStanding standing;
  auto bytes = transaction.index().value(subject_name(trial, subject));
  if (!bytes) return bytes.error();
  if (!*bytes) return standing;
  boost::system::error_code error;
  const json::value value = json::parse(**bytes, error);
  if (error || !value.is_object()) return storage::fail(storage::Errc::corrupt, "standing of a subject");
  const json::object& object = value.as_object();
  if (const json::value* const withdrawn = object.if_contains("withdrawn"))
    standing.withdrawn = ruling_from(withdrawn->as_object());
  for (const auto& [time_point, ruling] : object.at("locked").as_object())
    standing.locked.emplace(time_point, ruling_from(ruling.as_object()));
  return standing;
}

storage::Result<void> withdraw(storage::Transaction& transaction, storage::SubmissionRow& row,
                               const Act& act) {
  if (auto stopped = park_deliveries(transaction, row.id); !stopped) return stopped;
  if (auto closed = close_queries(transaction, row, act); !closed) return closed;
  Act entering = act;
  entering.event = "submission.withdrawn";
  return enter(transaction, row, storage::SubmissionState::withdrawn, entering);
}

storage::Result<void> withdraw_subject(storage::Transaction& transaction, std::string_view trial,
                                       std::string_view subject, const Act& act) {
  auto standing = read_standing(transaction, trial, subject);
  if (!standing) return standing.error();
  if (standing->withdrawn)
    return storage::fail(storage::Errc::invalid_argument, "the subject is withdrawn already");
  standing->withdrawn = Ruling{act.actor, act.reason, act.at};
  if (auto put = put_standing(transaction, trial, subject, *standing); !put) return put;
  Act own = act;
  own.event = "subject.withdrawn";
  if (auto recorded = audit(transaction, own, about(trial, "subject", subject)); !recorded) return recorded;
  auto submissions = transaction.index().submissions_of(trial, subject);
  if (!submissions) return submissions.error();
  for (storage::SubmissionRow& row : *submissions) {
    if (row.state == storage::SubmissionState::withdrawn) continue;
    if (auto stopped = withdraw(transaction, row, act); !stopped) return stopped;
  }
  return {};
}

storage::Result<void> set_lock(storage::Transaction& transaction, std::string_view trial,
                               std::string_view subject, const std::string& time_point, bool locked,
                               const Act& act) {
  auto standing = read_standing(transaction, trial, subject);
  if (!standing) return standing.error();
  if (standing->locked.contains(time_point) == locked) {
    return storage::fail(storage::Errc::invalid_argument,
                         time_point + (locked ? " is locked already" : " is not locked"));
  }
  if (locked) {
    standing->locked.emplace(time_point, Ruling{act.actor, act.reason, act.at});
  } else {
    standing->locked.erase(time_point);
  }
  if (auto put = put_standing(transaction, trial, subject, *standing); !put) return put;
  Act own = act;
  own.event = locked ? "time_point.locked" : "time_point.unlocked";
  const json::object detail{{"trial", trial}, {"subject", subject}, {"time_point", time_point}};
  return audit(transaction, own, json::serialize(detail));
}

storage::Result<bool> is_qualified(const storage::ReadTransaction& transaction, std::string_view trial,
                                   std::string_view site) {
  auto bytes = transaction.index().value(site_name(trial, site));
  if (!bytes) return bytes.error();
  return bytes->has_value();
}

storage::Result<void> qualify_site(storage::Transaction& transaction, std::string_view trial,
                                   const std::string& site, std::uint64_t test_submission, const Act& act) {
  auto row = transaction.index().submission(test_submission);
  if (!row) return row.error();
  if (!*row) return storage::fail(storage::Errc::not_found, "submission " + std::to_string(test_submission));
  if ((*row)->site != site) {
    return storage::fail(storage::Errc::invalid_argument,
                         "submission " + std::to_string(test_submission) + " is of site " + (*row)->site);
  }
  json::object object = to_json(Ruling{act.actor, act.reason, act.at});
  object["submission"] = test_submission;
  if (auto put = transaction.index().put_value(site_name(trial, site), json::serialize(object)); !put)
    return put;
  Act own = act;
  own.event = "site.qualified";
  const json::object detail{{"trial", trial}, {"site", site}, {"submission", test_submission}};
  return audit(transaction, own, json::serialize(detail));
}

storage::Result<std::optional<std::string>> read_classification(const storage::ReadTransaction& transaction,
                                                                std::uint64_t submission) {
  return transaction.index().document(submission, all_versions, classification_document);
}

storage::Result<void> classify(storage::Transaction& transaction, std::uint64_t submission,
                               const std::string& what, const Act& act) {
  auto found = transaction.index().submission(submission);
  if (!found) return found.error();
  if (!*found) return storage::fail(storage::Errc::not_found, "submission " + std::to_string(submission));
  storage::SubmissionRow row = **found;
  auto put = transaction.index().put_document(submission, all_versions, classification_document, what);
  if (!put) return put;
  Act own = act;
  own.event = "submission.classified";
  own.reason = what + ": " + act.reason;
  // One that is still coming in is judged anyway.
  return row.state == storage::SubmissionState::receiving ? record_act(transaction, row, own)
                                                          : reopen(transaction, row, own);
}

}  // namespace trialgate::gateway
