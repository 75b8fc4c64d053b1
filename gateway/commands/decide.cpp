#include "gateway/commands/exit_status.h"
#include "gateway/commands/studies.h"
#include "gateway/log/logger.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <ostream>
#include <set>
#include <vector>

namespace trialgate::gateway {
namespace {

std::string_view name_of(Decision decision) {
  switch (decision) {
    case Decision::release:
      return "release";
    case Decision::reject:
      return "reject";
    case Decision::reopen:
      return "reopen";
  }
  return {};
}

storage::Failure refuse(const storage::SubmissionRow& row, std::string_view why) {
  return storage::fail(storage::Errc::invalid_argument, "submission " + std::to_string(row.id) + " is " +
                                                            std::string(to_string(row.state)) + "; " +
                                                            std::string(why));
}

storage::Result<void> record_decision(storage::Transaction& transaction, const DecideOptions& options,
                                      storage::UtcTime now) {
  auto found = transaction.index().submission(options.submission);
  if (!found) return found.error();
  if (!*found)
    return storage::fail(storage::Errc::not_found, "submission " + std::to_string(options.submission));
  storage::SubmissionRow row = **found;
  const bool quarantined = row.state == storage::SubmissionState::quarantined;
  Act act{now, options.name, {}, options.reason, {}};
  if (options.decision == Decision::reopen) {
    if (row.state == storage::SubmissionState::receiving)
      return refuse(row, "there is no verdict to take back");
    act.event = "submission.reopened";
    return reopen(transaction, row, act);
  }
  if (!quarantined) return refuse(row, "only a quarantined study can be released or rejected");
  if (options.decision == Decision::release && row.subject.empty()) {
    return refuse(row, "it cannot be released before its patient is in the subject register: reopen it then");
  }
  auto earlier = transaction.index().document(row.id, row.version, document::decision);
  if (!earlier) return earlier.error();
  if (*earlier) return refuse(row, "it was decided before: reopen it first");
  const boost::json::object decision{{"action", name_of(options.decision)},
                                     {"by", options.name},
                                     {"reason", options.reason},
                                     {"at", utc_text(now)}};
  auto put = transaction.index().put_document(row.id, row.version, document::decision,
                                              boost::json::serialize(decision));
  if (!put) return put;
  if (options.decision == Decision::reject) {
    act.event = "submission.rejected";
    return record_act(transaction, row, act);
  }
  act.event = "submission.released";
  return enter(transaction, row, storage::SubmissionState::released, act);
}

storage::Result<std::size_t> requeue(storage::Transaction& transaction, const SendOptions& options,
                                     storage::UtcTime now) {
  auto found = transaction.index().submission(options.submission);
  if (!found) return found.error();
  if (!*found)
    return storage::fail(storage::Errc::not_found, "submission " + std::to_string(options.submission));
  storage::SubmissionRow row = **found;
  if (row.state < storage::SubmissionState::deidentified ||
      row.state == storage::SubmissionState::withdrawn) {
    return refuse(row, "nothing of it may leave the node");
  }
  auto deliveries = transaction.outbox().deliveries_of(row.id);
  if (!deliveries) return deliveries.error();
  std::size_t queued = 0;
  std::set<std::string> there;
  for (storage::DeliveryRow& delivery : *deliveries) {
    const bool meant = options.destination.empty() || delivery.destination == options.destination;
    if (!meant) continue;
    there.insert(delivery.sop_instance_uid);
    const bool again = delivery.state == storage::DeliveryState::failed ||
                       (!options.destination.empty() && delivery.state != storage::DeliveryState::queued);
    if (!again) continue;
    delivery.state = storage::DeliveryState::queued;
    delivery.not_before = now;
    if (auto updated = transaction.outbox().update(delivery); !updated) return updated.error();
    ++queued;
  }
  std::vector<storage::DeliveryRow> fresh;
  auto walked = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow& derived) {
    if (options.destination.empty() || there.contains(derived.sop_instance_uid)) return true;
    storage::DeliveryRow delivery;
    delivery.submission = row.id;
    delivery.version = row.version;
    delivery.destination = options.destination;
    delivery.sop_instance_uid = derived.sop_instance_uid;
    delivery.enqueued_at = delivery.not_before = now;
    fresh.push_back(std::move(delivery));
    return true;
  });
  if (!walked) return walked.error();
  for (const storage::DeliveryRow& delivery : fresh) {
    if (auto added = transaction.outbox().enqueue(delivery); !added) return added.error();
  }
  queued += fresh.size();
  if (queued == 0) return queued;
  const std::string where = options.destination.empty() ? "where they failed" : options.destination;
  Act act{now,
          options.name,
          "submission.sent_again",
          options.reason + " (" + std::to_string(queued) + " deliveries to " + where + ")",
          {}};
  if (row.state == storage::SubmissionState::deidentified ||
      row.state == storage::SubmissionState::confirmed) {
    if (auto entered = enter(transaction, row, storage::SubmissionState::delivering, act); !entered)
      return entered.error();
  } else if (auto recorded = record_act(transaction, row, act); !recorded) {
    return recorded.error();
  }
  return queued;
}

bool has_person_and_reason(const std::string& name, const std::string& reason, std::ostream& err) {
  if (!name.empty() && !reason.empty()) return true;
  err << "trialgate: say why with --reason and who you are with --name; both go into the audit trail\n";
  return false;
}

}  // namespace

int decide_command(const DecideOptions& options, std::ostream& out, std::ostream& err) {
  if (!has_person_and_reason(options.name, options.reason, err)) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::command, files);
  if (!store) {
    err << "trialgate: " << store.error().message() << '\n';
    return exit_could_not;
  }
  const storage::UtcTime now = utc_now();
  auto recorded = (*store)->commit(
      [&](storage::Transaction& transaction) { return record_decision(transaction, options, now); });
  if (!recorded) {
    err << "trialgate: " << recorded.error().message() << '\n';
    return exit_could_not;
  }
  if (options.json) {
    out << boost::json::serialize(
               boost::json::object{{"id", options.submission}, {"action", name_of(options.decision)}})
        << '\n';
  } else {
    out << "Submission " << options.submission << ": " << name_of(options.decision) << " recorded.\n";
  }
  return exit_ok;
}

int send_command(const SendOptions& options, std::ostream& out, std::ostream& err) {
  if (!has_person_and_reason(options.name, options.reason, err)) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::command, files);
  if (!store) {
    err << "trialgate: " << store.error().message() << '\n';
    return exit_could_not;
  }
  std::size_t queued = 0;
  const storage::UtcTime now = utc_now();
  auto recorded = (*store)->commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto count = requeue(transaction, options, now);
    if (!count) return count.error();
    queued = *count;
    return {};
  });
  if (!recorded) {
    err << "trialgate: " << recorded.error().message() << '\n';
    return exit_could_not;
  }
  out << queued << " deliveries queued.\n";
  return exit_ok;
}

}  // namespace trialgate::gateway
