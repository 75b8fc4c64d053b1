#include "gateway/commands/studies.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/verdict_text.h"
#include "gateway/log/logger.h"
#include "gateway/pipeline/transition.h"
#include "rules/evaluate/verdict.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <iomanip>
#include <map>
#include <ostream>
#include <tuple>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

/// One submission with everything that is kept about it.
struct SubmissionDetail {
  storage::SubmissionRow row;
  std::vector<storage::InstanceRow> instances;
  std::vector<storage::DerivedRow> derived;
  std::vector<storage::DeliveryRow> deliveries;
  std::vector<storage::AuditRecord> history;
  std::map<std::string, json::value, std::less<>> documents;  ///< of the present version, by kind
};

json::object to_json(const storage::SubmissionRow& row) {
  return {{"id", row.id},
          {"site", row.site},
          {"study_uid", row.study_uid},
          {"trial", row.trial_id},
          {"subject", row.subject},
          {"time_point", row.time_point},
          {"state", to_string(row.state)},
          {"version", row.version},
          {"instances", row.instance_count},
          {"last_arrival", utc_text(row.last_arrival)},
          {"entered_state_at", utc_text(row.entered_state_at)}};
}

json::object to_json(const SubmissionDetail& detail) {
  json::object object = to_json(detail.row);
  for (const auto& [kind, value] : detail.documents) object[kind] = value;
  json::array instances;
  for (const storage::InstanceRow& instance : detail.instances) {
    instances.push_back({{"sop_instance_uid", instance.sop_instance_uid},
                         {"sop_class_uid", instance.sop_class_uid},
                         {"transfer_syntax_uid", instance.transfer_syntax_uid},
                         {"series_uid", instance.series_uid},
                         {"digest", instance.blob.hex()},
                         {"bytes", instance.size_bytes},
                         {"state", to_string(instance.state)},
                         {"conflict", instance.conflict},
                         {"received_at", utc_text(instance.received_at)}});
  }
  object["instances"] = std::move(instances);
  json::array derived;
  for (const storage::DerivedRow& row : detail.derived) {
    derived.push_back({{"sop_instance_uid", row.sop_instance_uid},
                       {"source_sop_instance_uid", row.source_sop_instance_uid},
                       {"data_set_digest", row.data_set_digest.hex()},
                       {"bytes", row.data_set_bytes}});
    object["derived_study_uid"] = row.study_uid;
  }
  object["derived"] = std::move(derived);
  json::array deliveries;
  for (const storage::DeliveryRow& row : detail.deliveries) {
    deliveries.push_back({{"destination", row.destination},
                          {"sop_instance_uid", row.sop_instance_uid},
                          {"version", row.version},
                          {"state", to_string(row.state)},
                          {"attempts", row.attempts},
                          {"last_error", row.last_error}});
  }
  object["deliveries"] = std::move(deliveries);
  json::array history;
  for (const storage::AuditRecord& record : detail.history) {
    history.push_back({{"seq", record.seq},
                       {"at", utc_text(record.at)},
                       {"actor", record.actor},
                       {"event", record.event},
                       {"reason", record.reason}});
  }
  object["history"] = std::move(history);
  return object;
}

storage::Result<void> read_rows(const storage::ReadTransaction& transaction, std::uint64_t submission,
                                SubmissionDetail& detail) {
  auto row = transaction.index().submission(submission);
  if (!row) return row.error();
  if (!*row) return storage::fail(storage::Errc::not_found, "submission " + std::to_string(submission));
  detail.row = **row;
  auto instances = transaction.index().instances_of(submission, [&](const storage::InstanceRow& instance) {
    detail.instances.push_back(instance);
    return true;
  });
  if (!instances) return instances;
  auto derived =
      transaction.index().derived_of(submission, detail.row.version, [&](const storage::DerivedRow& one) {
        detail.derived.push_back(one);
        return true;
      });
  if (!derived) return derived;
  auto deliveries = transaction.outbox().deliveries_of(submission);
  if (!deliveries) return deliveries.error();
  detail.deliveries = std::move(*deliveries);
  auto documents = transaction.index().documents_of(submission);
  if (!documents) return documents.error();
  for (const auto& [version, kind] : *documents) {
    if (version != detail.row.version) continue;
    auto bytes = transaction.index().document(submission, version, kind);
    if (!bytes) return bytes.error();
    boost::system::error_code error;
    detail.documents[kind] = json::parse(bytes->value_or("null"), error);
  }
  auto history = transaction.audit().read_of(submission);
  if (!history) return history.error();
  // What happened to single instances fills pages; the submission's own steps are what a person asks for.
  for (storage::AuditRecord& record : *history) {
    if (record.sop_instance_uid.empty()) detail.history.push_back(std::move(record));
  }
  return {};
}

void print_deliveries(std::ostream& out, const std::vector<storage::DeliveryRow>& deliveries) {
  // Destination, state, and what went wrong last.
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> counts;
  for (const storage::DeliveryRow& delivery : deliveries) {
    const bool waits_for_verdict =
        delivery.state == storage::DeliveryState::queued && delivery.not_before == parked;
    const std::string_view state = waits_for_verdict ? "held back" : to_string(delivery.state);
    ++counts[{delivery.destination, std::string(state), delivery.last_error}];
  }
  if (!counts.empty()) out << "\nDeliveries:\n";
  for (const auto& [key, count] : counts) {
    const auto& [destination, state, error] = key;
    out << "  " << destination << ": " << count << ' ' << state << (error.empty() ? "" : " (" + error + ')')
        << '\n';
  }
}

void print_detail(std::ostream& out, const SubmissionDetail& detail, rules::Language language) {
  const storage::SubmissionRow& row = detail.row;
  out << "Submission " << row.id << " from " << row.site << ": " << to_string(row.state) << " (version "
      << row.version << ")\n"
      << "Study " << row.study_uid << ", " << row.instance_count << " instances";
  if (!row.subject.empty()) out << ", subject " << row.subject;
  if (!row.time_point.empty()) out << ", " << row.time_point;
  out << "\n\n";
  if (const auto verdict = detail.documents.find(document::verdict); verdict != detail.documents.end()) {
    if (auto parsed = rules::verdict_from_json(verdict->second)) {
      VerdictTextOptions options;
      options.language = language;
      print_verdict(out, *parsed, options);
    }
  }
  if (const auto hold = detail.documents.find(document::hold); hold != detail.documents.end()) {
    out << "\nHeld by de-identification:\n";
    for (const json::value& instance : hold->second.as_array()) {
      for (const json::value& cause : instance.at("causes").as_array()) {
        out << "  " << instance.at("sop_instance_uid").as_string() << ": " << cause.at("reason").as_string()
            << ", " << cause.at("message").as_string() << '\n';
      }
    }
  }
  print_deliveries(out, detail.deliveries);
  out << "\nHistory:\n";
  for (const storage::AuditRecord& record : detail.history) {
    out << "  " << utc_text(record.at) << "  " << record.event << "  by " << record.actor;
    if (!record.reason.empty()) out << ": " << record.reason;
    out << '\n';
  }
}

int failed(std::ostream& err, const storage::Failure& failure) {
  err << "trialgate: " << failure.message() << '\n';
  return exit_could_not;
}

}  // namespace

int studies_list_command(const StudiesOptions& options, std::ostream& out, std::ostream& err) {
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) return failed(err, store.error());
  std::vector<storage::SubmissionRow> rows;
  auto read = (*store)->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    constexpr std::size_t page = 1000;
    std::uint64_t after = 0;
    while (true) {
      auto some = transaction.index().submissions(page, after);
      if (!some) return some.error();
      for (storage::SubmissionRow& row : *some) {
        after = row.id;
        if (!options.state || row.state == *options.state) rows.push_back(std::move(row));
      }
      if (some->size() < page) return {};
    }
  });
  if (!read) return failed(err, read.error());
  if (options.json) {
    json::array studies;
    for (const storage::SubmissionRow& row : rows) studies.push_back(to_json(row));
    out << json::serialize(json::object{{"studies", std::move(studies)}}) << '\n';
    return exit_ok;
  }
  out << std::left << std::setw(6) << "id" << std::setw(14) << "state" << std::setw(12) << "site"
      << std::setw(16) << "subject" << std::setw(8) << "visit" << std::setw(10) << "instances"
      << "study\n";
  for (const storage::SubmissionRow& row : rows) {
    out << std::left << std::setw(6) << row.id << std::setw(14) << to_string(row.state) << std::setw(12)
        << row.site << std::setw(16) << (row.subject.empty() ? "-" : row.subject) << std::setw(8)
        << (row.time_point.empty() ? "-" : row.time_point) << std::setw(10) << row.instance_count
        << row.study_uid << '\n';
  }
  return exit_ok;
}

int studies_show_command(const StudiesOptions& options, std::uint64_t submission, std::ostream& out,
                         std::ostream& err) {
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) return failed(err, store.error());
  SubmissionDetail detail;
  auto read = (*store)->read([&](const storage::ReadTransaction& transaction) {
    return read_rows(transaction, submission, detail);
  });
  if (!read) return failed(err, read.error());
  if (options.json) {
    out << json::serialize(to_json(detail)) << '\n';
  } else {
    print_detail(out, detail, options.language);
  }
  return exit_ok;
}

}  // namespace trialgate::gateway
