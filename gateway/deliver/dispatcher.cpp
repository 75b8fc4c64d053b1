#include "gateway/deliver/dispatcher.h"

#include "gateway/deliver/delivery_plan.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/judge.h"
#include "gateway/pipeline/transition.h"

#include <boost/json/parse.hpp>

#include <set>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

/// Every delivery that the rules ask for and that is not there yet.
storage::Result<std::vector<storage::DeliveryRow>> missing_deliveries(
    const storage::ReadTransaction& transaction, const rules::Trial& trial,
    const storage::SubmissionRow& row) {
  auto bytes = transaction.index().document(row.id, row.version, document::verdict);
  if (!bytes) return bytes.error();
  boost::system::error_code error;
  auto verdict = rules::verdict_from_json(boost::json::parse(bytes->value_or("null"), error));
  if (error || !verdict)
    return storage::fail(storage::Errc::corrupt, "verdict of submission " + std::to_string(row.id));
  auto file = read_submission(transaction, row);
  if (!file) return file.error();
  std::map<std::string, std::string, std::less<>> modality_of;
  for (const rules::InstanceRecord& record : (*file)->records) {
    if (const auto modality = record.text("Modality"))
      modality_of[record.sop_instance_uid] = std::string(*modality);
  }
  auto earlier = transaction.outbox().deliveries_of(row.id);
  if (!earlier) return earlier.error();
  std::set<std::pair<std::string, std::string>> there;
  for (const storage::DeliveryRow& delivery : *earlier)
    there.emplace(delivery.destination, delivery.sop_instance_uid);

  const std::vector<PlannedDelivery> plan = plan_deliveries(trial, *verdict, modality_of);
  std::vector<storage::DeliveryRow> missing;
  auto walked = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow& derived) {
    for (const PlannedDelivery& delivery : plan) {
      if (!delivery.instances.contains(derived.source_sop_instance_uid)) continue;
      if (there.contains({delivery.destination, derived.sop_instance_uid})) continue;
      storage::DeliveryRow fresh;
      fresh.submission = row.id;
      fresh.version = row.version;
      fresh.destination = delivery.destination;
      fresh.sop_instance_uid = derived.sop_instance_uid;
      missing.push_back(std::move(fresh));
    }
    return true;
  });
  if (!walked) return walked.error();
  return missing;
}

}  // namespace

storage::Result<bool> dispatch(storage::Store& store, const TrialSet& trials,
                               const storage::SubmissionRow& row) {
  const auto trial = trial_named(trials, row.trial_id);
  if (!trial) return false;
  std::vector<storage::DeliveryRow> missing;
  bool has_derived = false;
  auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = missing_deliveries(transaction, *trial, row);
    if (!found) return found.error();
    missing = std::move(*found);
    return transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow&) {
      has_derived = true;
      return false;
    });
  });
  if (!read) return read.error();
  if (!has_derived) return false;

  auto recorded = store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto now = utc_now();
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    std::set<std::string> destinations;
    for (storage::DeliveryRow delivery : missing) {
      delivery.enqueued_at = delivery.not_before = now;
      if (auto queued = transaction.outbox().enqueue(delivery); !queued) return queued.error();
      destinations.insert(delivery.destination);
    }
    std::string names;
    for (const std::string& name : destinations) names += (names.empty() ? "" : ", ") + name;
    Act act{now,
            "trialgate",
            "submission.dispatched",
            std::to_string(missing.size()) + " deliveries" + (names.empty() ? "" : " to " + names),
            {}};
    return enter(transaction, *current, storage::SubmissionState::delivering, act);
  });
  if (!recorded) return recorded.error();
  return true;
}

storage::Result<bool> conclude(storage::Store& store, const storage::SubmissionRow& row) {
  storage::DeliveryCounts counts;
  auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = transaction.outbox().counts_of(row.id);
    if (!found) return found.error();
    counts = std::move(*found);
    return {};
  });
  if (!read) return read.error();
  if (counts[storage::DeliveryState::queued] > 0 || counts[storage::DeliveryState::failed] > 0) return false;
  auto recorded = store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    Act delivered{utc_now(),
                  "trialgate",
                  "submission.delivered",
                  "every destination answered success for every instance",
                  {}};
    if (auto entered = enter(transaction, *current, storage::SubmissionState::delivered, delivered); !entered)
      return entered;
    Act confirmed{
        delivered.at, "trialgate", "submission.confirmed", "by the C-STORE status of each instance", {}};
    return enter(transaction, *current, storage::SubmissionState::confirmed, confirmed);
  });
  if (!recorded) return recorded.error();
  return true;
}

}  // namespace trialgate::gateway
