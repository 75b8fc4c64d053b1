#include "gateway/pipeline/transition.h"

#include <boost/system/errc.hpp>

#include <utility>

namespace trialgate::gateway {

storage::Failure not_now(std::string why) {
  return {make_error_code(boost::system::errc::resource_unavailable_try_again), std::move(why)};
}

bool may_follow(storage::SubmissionState from, storage::SubmissionState to) noexcept {
  using enum storage::SubmissionState;
  if (from == withdrawn) return false;
  if (to == receiving || to == withdrawn) return true;
  switch (from) {
    case receiving:
      return to == examined;
    case examined:
      return to == quarantined || to == released;
    case quarantined:
      return to == released;
    case released:
      return to == quarantined || to == deidentified;
    case deidentified:
      return to == delivering;
    case delivering:
      return to == delivered;
    case delivered:
      return to == confirmed || to == delivering;
    case confirmed:
      return to == delivering;
    case withdrawn:
      return false;
  }
  return false;
}

storage::Result<void> record_act(storage::Transaction& transaction, const storage::SubmissionRow& row,
                                 const Act& act) {
  storage::AuditRecord audit;
  audit.at = act.at;
  audit.actor = act.actor;
  audit.event = act.event;
  audit.reason = act.reason;
  audit.site = row.site;
  audit.submission = row.id;
  audit.detail = act.detail;
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  return {};
}

storage::Result<void> enter(storage::Transaction& transaction, storage::SubmissionRow& row,
                            storage::SubmissionState state, const Act& act) {
  if (!may_follow(row.state, state)) {
    return storage::fail(storage::Errc::invalid_argument,
                         "submission " + std::to_string(row.id) + " is " + std::string(to_string(row.state)) +
                             " and cannot become " + std::string(to_string(state)));
  }
  row.state = state;
  row.entered_state_at = act.at;
  if (auto put = transaction.index().put_submission(row); !put) return put;
  return record_act(transaction, row, act);
}

storage::Result<void> park_deliveries(storage::Transaction& transaction, std::uint64_t submission) {
  auto deliveries = transaction.outbox().deliveries_of(submission);
  if (!deliveries) return deliveries.error();
  for (storage::DeliveryRow& delivery : *deliveries) {
    if (delivery.state != storage::DeliveryState::queued) continue;
    delivery.not_before = parked;
    if (auto updated = transaction.outbox().update(delivery); !updated) return updated;
  }
  return {};
}

storage::Result<void> reopen(storage::Transaction& transaction, storage::SubmissionRow& row, const Act& act) {
  if (auto parked_all = park_deliveries(transaction, row.id); !parked_all) return parked_all;
  ++row.version;
  return enter(transaction, row, storage::SubmissionState::receiving, act);
}

storage::Result<storage::SubmissionRow> unchanged(const storage::ReadTransaction& transaction,
                                                  const storage::SubmissionRow& seen) {
  auto row = transaction.index().submission(seen.id);
  if (!row) return row.error();
  if (!*row) return storage::fail(storage::Errc::not_found, "submission " + std::to_string(seen.id));
  if ((*row)->version != seen.version || (*row)->state != seen.state ||
      (*row)->instance_count != seen.instance_count) {
    return storage::fail(storage::Errc::invalid_argument,
                         "submission " + std::to_string(seen.id) + " has moved on");
  }
  return **row;
}

}  // namespace trialgate::gateway
