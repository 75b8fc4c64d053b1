#include "gateway/commands/reports.h"

#include "gateway/commands/exit_status.h"
#include "gateway/log/logger.h"
#include "gateway/pipeline/transition.h"
#include "rules/evaluate/verdict.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <functional>
#include <iomanip>
#include <map>
#include <optional>
#include <ostream>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

int failed(std::ostream& err, const storage::Failure& failure) {
  err << "trialgate: " << failure.message() << '\n';
  return exit_could_not;
}

storage::Result<std::optional<rules::Verdict>> read_verdict(const storage::ReadTransaction& transaction,
                                                            const storage::SubmissionRow& row) {
  auto bytes = transaction.index().document(row.id, row.version, document::verdict);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<rules::Verdict>{};
  boost::system::error_code error;
  auto verdict = rules::verdict_from_json(json::parse(**bytes, error));
  if (error || !verdict) {
    return storage::fail(storage::Errc::corrupt, "verdict of submission " + std::to_string(row.id));
  }
  return std::optional<rules::Verdict>(std::move(*verdict));
}

storage::Result<std::optional<json::object>> read_decision(const storage::ReadTransaction& transaction,
                                                           const storage::SubmissionRow& row) {
  auto bytes = transaction.index().document(row.id, row.version, document::decision);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<json::object>{};
  boost::system::error_code error;
  const json::value value = json::parse(**bytes, error);
  if (error || !value.is_object()) {
    return storage::fail(storage::Errc::corrupt, "decision about submission " + std::to_string(row.id));
  }
  return std::optional<json::object>(value.as_object());
}

/// Opens the store for reading and calls `use` for every submission, in the order of their numbers.
storage::Result<void> each_submission(
    const StoreChoice& choice,
    const std::function<storage::Result<void>(const storage::ReadTransaction&,
                                              const storage::SubmissionRow&)>& use) {
  constexpr std::size_t page = 200;
  storage::PosixFileSystem files;
  auto store = open_store(choice, storage::Access::read_only, files);
  if (!store) return store.error();
  std::uint64_t after = 0;
  bool more = true;
  while (more) {
    auto read = (*store)->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
      auto rows = transaction.index().submissions(page, after);
      if (!rows) return rows.error();
      more = rows->size() == page;
      for (const storage::SubmissionRow& row : *rows) {
        after = row.id;
        if (auto used = use(transaction, row); !used) return used;
      }
      return {};
    });
    if (!read) return read;
  }
  return {};
}

struct Transfer {
  storage::SubmissionRow row;
  std::size_t received = 0;
  std::size_t conflicts = 0;
  std::size_t unreadable = 0;
  std::size_t derived = 0;
  std::map<std::string, std::map<std::string, std::size_t>> deliveries;  ///< count by destination and state
};

storage::Result<Transfer> read_transfer(const storage::ReadTransaction& transaction,
                                        const storage::SubmissionRow& row) {
  Transfer transfer;
  transfer.row = row;
  auto instances = transaction.index().instances_of(row.id, [&](const storage::InstanceRow& instance) {
    ++transfer.received;
    if (instance.conflict) ++transfer.conflicts;
    if (instance.state == storage::InstanceState::unreadable) ++transfer.unreadable;
    return true;
  });
  if (!instances) return instances.error();
  auto derived = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow&) {
    ++transfer.derived;
    return true;
  });
  if (!derived) return derived.error();
  auto deliveries = transaction.outbox().deliveries_of(row.id);
  if (!deliveries) return deliveries.error();
  for (const storage::DeliveryRow& delivery : *deliveries) {
    ++transfer.deliveries[delivery.destination][std::string(to_string(delivery.state))];
  }
  return transfer;
}

json::object to_json(const Transfer& transfer) {
  json::object deliveries;
  for (const auto& [destination, states] : transfer.deliveries) {
    json::object counts;
    for (const auto& [state, count] : states) counts[state] = count;
    deliveries[destination] = std::move(counts);
  }
  return {{"id", transfer.row.id},
          {"site", transfer.row.site},
          {"study_uid", transfer.row.study_uid},
          {"state", to_string(transfer.row.state)},
          {"received", transfer.received},
          {"conflicts", transfer.conflicts},
          {"unreadable", transfer.unreadable},
          {"derived", transfer.derived},
          {"deliveries", std::move(deliveries)}};
}

}  // namespace

int report_transfers_command(const ReportOptions& options, std::ostream& out, std::ostream& err) {
  std::vector<Transfer> transfers;
  bool any_failed = false;
  auto walked = each_submission(options.store,
                                [&](const storage::ReadTransaction& transaction,
                                    const storage::SubmissionRow& row) -> storage::Result<void> {
                                  auto transfer = read_transfer(transaction, row);
                                  if (!transfer) return transfer.error();
                                  for (const auto& [destination, states] : transfer->deliveries)
                                    any_failed = any_failed || states.contains("failed");
                                  transfers.push_back(std::move(*transfer));
                                  return {};
                                });
  if (!walked) return failed(err, walked.error());
  const int status = any_failed ? exit_findings : exit_ok;
  if (options.json) {
    json::array all;
    for (const Transfer& transfer : transfers) all.push_back(to_json(transfer));
    out << json::serialize(json::object{{"transfers", std::move(all)}}) << '\n';
    return status;
  }
  out << std::left << std::setw(6) << "id" << std::setw(12) << "site" << std::setw(14) << "state"
      << std::setw(10) << "received" << std::setw(10) << "derived"
      << "deliveries\n";
  for (const Transfer& transfer : transfers) {
    out << std::left << std::setw(6) << transfer.row.id << std::setw(12) << transfer.row.site << std::setw(14)
        << to_string(transfer.row.state) << std::setw(10) << transfer.received << std::setw(10)
        << transfer.derived;
    for (const auto& [destination, states] : transfer.deliveries) {
      out << destination << ':';
      for (const auto& [state, count] : states) out << ' ' << count << ' ' << state;
      out << "  ";
    }
    if (transfer.conflicts > 0) out << transfer.conflicts << " conflicts  ";
    if (transfer.unreadable > 0) out << transfer.unreadable << " unreadable";
    out << '\n';
  }
  return status;
}

int report_deviations_command(const ReportOptions& options, std::ostream& out, std::ostream& err) {
  json::array deviations;
  auto walked = each_submission(
      options.store,
      [&](const storage::ReadTransaction& transaction,
          const storage::SubmissionRow& row) -> storage::Result<void> {
        if (row.state < storage::SubmissionState::released ||
            row.state == storage::SubmissionState::withdrawn)
          return {};
        auto verdict = read_verdict(transaction, row);
        if (!verdict) return verdict.error();
        auto decision = read_decision(transaction, row);
        if (!decision) return decision.error();
        if (!*verdict) return {};
        for (const rules::Finding& finding : (*verdict)->findings) {
          if (finding.severity == rules::RuleSeverity::note) continue;
          json::object deviation{
              {"id", row.id},
              {"site", row.site},
              {"subject", row.subject},
              {"time_point", row.time_point},
              {"rule", finding.rule_id},
              {"severity", to_string(finding.severity)},
              {"expected", finding.expected},
              {"found", finding.found},
              {"unit", finding.unit},
              {"released_by", *decision ? (*decision)->at("by").as_string() : json::string("the rule")},
              {"reason", *decision ? (*decision)->at("reason").as_string() : json::string("")}};
          deviations.push_back(std::move(deviation));
        }
        return {};
      });
  if (!walked) return failed(err, walked.error());
  if (options.json) {
    out << json::serialize(json::object{{"deviations", std::move(deviations)}}) << '\n';
    return exit_ok;
  }
  const auto text = [](const json::value& deviation, const char* key) {
    return std::string(deviation.at(key).as_string());
  };
  for (const json::value& deviation : deviations) {
    out << text(deviation, "subject") << ' ' << text(deviation, "time_point") << " (submission "
        << deviation.at("id").to_number<std::uint64_t>() << ", " << text(deviation, "site")
        << "): " << text(deviation, "rule") << ": expected " << text(deviation, "expected") << ", found "
        << text(deviation, "found") << ' ' << text(deviation, "unit") << "; released by "
        << text(deviation, "released_by");
    if (const std::string reason = text(deviation, "reason"); !reason.empty()) out << ": " << reason;
    out << '\n';
  }
  if (deviations.empty()) out << "No deviations.\n";
  return exit_ok;
}

}  // namespace trialgate::gateway
