#include "gateway/commands/exit_status.h"
#include "gateway/commands/person_and_reason.h"
#include "gateway/commands/studies.h"
#include "gateway/config/node_config.h"
#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "gateway/notify/queries.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/standing.h"
#include "gateway/pipeline/transition.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <ostream>
#include <set>
#include <variant>

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
    if (auto recorded = record_act(transaction, row, act); !recorded) return recorded;
    return close_queries(transaction, row, act);
  }
  act.event = "submission.released";
  if (auto entered = enter(transaction, row, storage::SubmissionState::released, act); !entered)
    return entered;
  return close_queries_answered_by(transaction, row, act);
}

/// SOP Instance UIDs of what the present version may send.
storage::Result<std::set<std::string>> derived_uids(const storage::ReadTransaction& transaction,
                                                    const storage::SubmissionRow& row) {
  std::set<std::string> uids;
  auto walked = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow& derived) {
    uids.insert(derived.sop_instance_uid);
    return true;
  });
  if (!walked) return walked.error();
  return uids;
}

/// Returns how many were queued.
storage::Result<std::size_t> requeue_known(storage::Transaction& transaction, const SendOptions& options,
                                           const storage::SubmissionRow& row, storage::UtcTime now,
                                           std::set<std::string>& uids) {
  auto deliveries = transaction.outbox().deliveries_of(row.id);
  if (!deliveries) return deliveries.error();
  const bool all = !options.destination.empty();
  std::size_t queued = 0;
  for (storage::DeliveryRow& delivery : *deliveries) {
    if (all && delivery.destination != options.destination) continue;
    if (all ? uids.erase(delivery.sop_instance_uid) == 0 : !uids.contains(delivery.sop_instance_uid))
      continue;
    const bool again =
        all ? delivery.state != storage::DeliveryState::queued
            : delivery.state == storage::DeliveryState::failed && delivery.version == row.version;
    if (!again) continue;
    delivery.version = row.version;
    delivery.state = storage::DeliveryState::queued;
    delivery.not_before = now;
    delivery.refusals = 0;
    if (auto updated = transaction.outbox().update(delivery); !updated) return updated.error();
    ++queued;
  }
  return queued;
}

storage::Result<std::size_t> enqueue(storage::Transaction& transaction, const std::string& destination,
                                     const storage::SubmissionRow& row, storage::UtcTime now,
                                     const std::set<std::string>& uids) {
  for (const std::string& uid : uids) {
    storage::DeliveryRow delivery;
    delivery.submission = row.id;
    delivery.version = row.version;
    delivery.destination = destination;
    delivery.sop_instance_uid = uid;
    delivery.enqueued_at = delivery.not_before = now;
    if (auto added = transaction.outbox().enqueue(delivery); !added) return added.error();
  }
  return uids.size();
}

storage::Result<std::size_t> requeue(storage::Transaction& transaction, const SendOptions& options,
                                     storage::UtcTime now) {
  auto found = transaction.index().submission(options.submission);
  if (!found) return found.error();
  if (!*found)
    return storage::fail(storage::Errc::not_found, "submission " + std::to_string(options.submission));
  storage::SubmissionRow row = **found;
  if (row.state == storage::SubmissionState::deidentified) {
    return refuse(row, "its own deliveries are not queued yet");
  }
  if (row.state < storage::SubmissionState::delivering || row.state == storage::SubmissionState::withdrawn) {
    return refuse(row, "nothing of it may leave the node");
  }
  auto uids = derived_uids(transaction, row);
  if (!uids) return uids.error();
  auto queued = requeue_known(transaction, options, row, now, *uids);
  if (!queued) return queued;
  if (!options.destination.empty()) {
    auto added = enqueue(transaction, options.destination, row, now, *uids);
    if (!added) return added;
    *queued += *added;
  }
  if (*queued == 0) return queued;
  const std::string where = options.destination.empty() ? "where they failed" : options.destination;
  Act act{now,
          options.name,
          "submission.sent_again",
          options.reason + " (" + std::to_string(*queued) + " deliveries to " + where + ")",
          {}};
  const auto recorded = row.state == storage::SubmissionState::delivering
                            ? record_act(transaction, row, act)
                            : enter(transaction, row, storage::SubmissionState::delivering, act);
  if (!recorded) return recorded.error();
  return queued;
}

/// Says so when the node's file, if it was given, has no such destination: what is queued for it would never
/// leave.
bool is_known_destination(const SendOptions& options, std::ostream& err) {
  if (options.destination.empty() || options.store.config.empty()) return true;
  const auto config = load_node_config(options.store.config);
  const auto* node = std::get_if<NodeConfig>(&config);
  if (node == nullptr) return true;
  for (const Destination& destination : node->destinations) {
    if (destination.name == options.destination) return true;
  }
  err << "trialgate: the node has no destination '" << options.destination << "'\n";
  return false;
}

/// Whether the trial of the submission knows the class; taken on trust without the node's file.
storage::Result<void> check_class(const storage::ReadTransaction& transaction,
                                  const ClassifyOptions& options) {
  if (options.store.config.empty()) return {};
  const auto config = load_node_config(options.store.config);
  const auto* node = std::get_if<NodeConfig>(&config);
  if (node == nullptr) return {};
  const auto loaded = TrialBook::load(*node);
  const auto* book = std::get_if<std::unique_ptr<TrialBook>>(&loaded);
  auto row = transaction.index().submission(options.submission);
  if (!row) return row.error();
  if (book == nullptr || !*row) return {};
  const auto trial = trial_named(*(*book)->current(), (*row)->trial_id);
  if (!trial || trial->may_classify_as(options.what) || trial->time_points.visit_named(options.what))
    return {};
  return storage::fail(storage::Errc::invalid_argument, "'" + options.what + "' is no time point of " +
                                                            trial->protocol_id +
                                                            " and no class of its unscheduled studies");
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

int classify_command(const ClassifyOptions& options, std::ostream& out, std::ostream& err) {
  if (!has_person_and_reason(options.name, options.reason, err)) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::command, files);
  if (!store) {
    err << "trialgate: " << store.error().message() << '\n';
    return exit_could_not;
  }
  const Act act{utc_now(), options.name, {}, options.reason, {}};
  auto recorded = (*store)->commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto known = check_class(transaction, options); !known) return known;
    return classify(transaction, options.submission, options.what, act);
  });
  if (!recorded) {
    err << "trialgate: " << recorded.error().message() << '\n';
    return exit_could_not;
  }
  out << "Submission " << options.submission << ": classified as " << options.what << ".\n";
  return exit_ok;
}

int send_command(const SendOptions& options, std::ostream& out, std::ostream& err) {
  if (!has_person_and_reason(options.name, options.reason, err)) return exit_could_not;
  if (!is_known_destination(options, err)) return exit_could_not;
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
