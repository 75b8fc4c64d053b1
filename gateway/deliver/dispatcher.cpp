#include "gateway/deliver/dispatcher.h"

#include "gateway/deliver/delivery_plan.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/judge.h"
#include "gateway/pipeline/transition.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::gateway {
namespace {

/// Destination and derived SOP Instance UID.
using Leg = std::pair<std::string, std::string>;
/// What is to be delivered, and whether only the destination's storage commitment confirms it.
using Legs = std::map<Leg, bool>;

/// What the delivery rules ask for.
storage::Result<Legs> planned_legs(const storage::ReadTransaction& transaction, const rules::Trial& trial,
                                   const storage::SubmissionRow& row) {
  auto verdict = read_verdict(transaction, row);
  if (!verdict) return verdict.error();
  auto file = read_submission(transaction, row);
  if (!file) return file.error();
  const std::vector<PlannedDelivery> plan = plan_deliveries(trial, *verdict, modalities_of(**file));
  Legs legs;
  auto walked = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow& derived) {
    for (const PlannedDelivery& delivery : plan) {
      if (delivery.instances.contains(derived.source_sop_instance_uid)) {
        legs.emplace(Leg(delivery.destination, derived.sop_instance_uid),
                     delivery.confirm == rules::Confirmation::storage_commitment);
      }
    }
    return true;
  });
  if (!walked) return walked.error();
  return legs;
}

/// Brings what earlier versions have queued into line with the plan of this one, and returns what of the plan
/// has no delivery yet.
storage::Result<Legs> align_earlier(storage::Transaction& transaction, const storage::SubmissionRow& row,
                                    Legs plan, storage::UtcTime now) {
  auto earlier = transaction.outbox().deliveries_of(row.id);
  if (!earlier) return earlier.error();
  for (storage::DeliveryRow& delivery : *earlier) {
    const auto leg = plan.find({delivery.destination, delivery.sop_instance_uid});
    const bool wanted = leg != plan.end();
    const bool commitment_changed = wanted && delivery.needs_commitment != leg->second;
    if (wanted) {
      delivery.needs_commitment = leg->second;
      plan.erase(leg);
    }
    const bool queued = delivery.state == storage::DeliveryState::queued;
    const bool failed = delivery.state == storage::DeliveryState::failed;
    if (wanted && (queued || failed)) {
      // The bytes are the same: what would differ was held before it came here.
      delivery.version = row.version;
      delivery.state = storage::DeliveryState::queued;
      delivery.not_before = now;
    } else if (queued) {
      delivery.state = storage::DeliveryState::failed;
      delivery.last_error = "version " + std::to_string(row.version) + " of the study does not ask for it";
    } else if (!commitment_changed) {
      continue;
    }
    if (auto updated = transaction.outbox().update(delivery); !updated) return updated.error();
  }
  return plan;
}

storage::Result<void> record_dispatch(storage::Transaction& transaction, const storage::SubmissionRow& seen,
                                      const Legs& plan) {
  const storage::UtcTime now = utc_now();
  auto current = unchanged(transaction, seen);
  if (!current) return current.error();
  auto missing = align_earlier(transaction, *current, plan, now);
  if (!missing) return missing.error();
  std::set<std::string> destinations;
  for (const auto& [leg, needs_commitment] : plan) destinations.insert(leg.first);
  for (const auto& [leg, needs_commitment] : *missing) {
    storage::DeliveryRow delivery;
    delivery.submission = current->id;
    delivery.version = current->version;
    delivery.destination = leg.first;
    delivery.sop_instance_uid = leg.second;
    delivery.needs_commitment = needs_commitment;
    delivery.enqueued_at = delivery.not_before = now;
    if (auto queued = transaction.outbox().enqueue(delivery); !queued) return queued.error();
  }
  std::string names;
  for (const std::string& name : destinations) names += (names.empty() ? "" : ", ") + name;
  Act act{now,
          "trialgate",
          "submission.dispatched",
          std::to_string(missing->size()) + " new deliveries" + (names.empty() ? "" : " to " + names),
          {}};
  return enter(transaction, *current, storage::SubmissionState::delivering, act);
}

/// Nothing of the present version waits or was given up. What an earlier version could not deliver, and this
/// one no longer asks for, does not count.
storage::Result<bool> is_delivered(const storage::ReadTransaction& transaction,
                                   const storage::SubmissionRow& row) {
  auto counts = transaction.outbox().counts_of(row.id);
  if (!counts) return counts.error();
  if ((*counts)[storage::DeliveryState::queued] > 0) return false;
  if ((*counts)[storage::DeliveryState::failed] == 0) return true;
  auto deliveries = transaction.outbox().deliveries_of(row.id);
  if (!deliveries) return deliveries.error();
  return std::ranges::none_of(*deliveries, [&](const storage::DeliveryRow& delivery) {
    return delivery.version == row.version && delivery.state == storage::DeliveryState::failed;
  });
}

}  // namespace

storage::Result<bool> dispatch(storage::Store& store, const TrialSet& trials,
                               const storage::SubmissionRow& row) {
  Legs plan;
  bool has_derived = false;
  auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto walked = transaction.index().derived_of(row.id, row.version, [&](const storage::DerivedRow&) {
      has_derived = true;
      return false;
    });
    if (!walked || !has_derived) return walked;
    const auto trial = trial_named(trials, row.trial_id);
    if (!trial) return not_now("trial " + row.trial_id + " is not in force");
    auto found = planned_legs(transaction, *trial, row);
    if (!found) return found.error();
    plan = std::move(*found);
    return {};
  });
  if (!read) return read.error();
  if (!has_derived) return false;
  auto recorded = store.commit(
      [&](storage::Transaction& transaction) { return record_dispatch(transaction, row, plan); });
  if (!recorded) return recorded.error();
  return true;
}

storage::Result<bool> conclude(storage::Store& store, const storage::SubmissionRow& row) {
  bool complete = false;
  auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto delivered = is_delivered(transaction, row);
    if (!delivered) return delivered.error();
    complete = *delivered;
    return {};
  });
  if (!read) return read.error();
  if (!complete) return false;
  auto recorded = store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    // A person may have sent it again since.
    auto still = is_delivered(transaction, *current);
    if (!still) return still.error();
    complete = *still;
    if (!complete) return {};
    Act delivered{utc_now(),
                  "trialgate",
                  "submission.delivered",
                  "every destination answered success for every instance",
                  {}};
    return enter(transaction, *current, storage::SubmissionState::delivered, delivered);
  });
  if (!recorded) return recorded.error();
  return complete;
}

}  // namespace trialgate::gateway
