#include "storage/commitments.h"
#include "storage/correspondence.h"
#include "storage/outbox.h"
#include "storage/performed_steps.h"
#include "storage/rows.h"
#include "storage/store.h"

#include <string_view>

namespace trialgate::storage {

std::string_view to_string(InstanceState state) {
  switch (state) {
    case InstanceState::received:
      return "received";
    case InstanceState::examined:
      return "examined";
    case InstanceState::unreadable:
      return "unreadable";
  }
  return "?";
}

std::string_view to_string(SubmissionState state) {
  switch (state) {
    case SubmissionState::receiving:
      return "receiving";
    case SubmissionState::examined:
      return "examined";
    case SubmissionState::quarantined:
      return "quarantined";
    case SubmissionState::released:
      return "released";
    case SubmissionState::deidentified:
      return "deidentified";
    case SubmissionState::delivering:
      return "delivering";
    case SubmissionState::delivered:
      return "delivered";
    case SubmissionState::confirmed:
      return "confirmed";
    case SubmissionState::withdrawn:
      return "withdrawn";
  }
  return "?";
}

std::string_view to_string(DeliveryState state) {
  switch (state) {
    case DeliveryState::queued:
      return "queued";
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::confirmed:
      return "confirmed";
    case DeliveryState::failed:
      return "failed";
  }
  return "?";
}

std::string_view to_string(QueryState state) {
  switch (state) {
    case QueryState::open:
      return "open";
    case QueryState::answered:
      return "answered";
    case QueryState::closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::opened:
      return "opened";
    case NoticeKind::reminder:
      return "reminder";
    case NoticeKind::closed:
      return "closed";
  }
  return "?";
}

std::string_view to_string(NoticeState state) {
  switch (state) {
    case NoticeState::queued:
      return "queued";
    case NoticeState::sent:
      return "sent";
    case NoticeState::dropped:
      return "dropped";
  }
  return "?";
}

std::string_view to_string(CommitmentState state) {
  switch (state) {
    case CommitmentState::received:
      return "received";
    case CommitmentState::checked:
      return "checked";
    case CommitmentState::queued:
      return "queued";
    case CommitmentState::requested:
      return "requested";
    case CommitmentState::settled:
      return "settled";
    case CommitmentState::abandoned:
      return "abandoned";
  }
  return "?";
}

std::string_view to_string(PerformedStepState state) {
  switch (state) {
    case PerformedStepState::in_progress:
      return "IN PROGRESS";
    case PerformedStepState::completed:
      return "COMPLETED";
    case PerformedStepState::discontinued:
      return "DISCONTINUED";
  }
  return "?";
}

std::string_view to_string(Acceptance acceptance) {
  switch (acceptance) {
    case Acceptance::accepting:
      return "accepting";
    case Acceptance::disk_low:
      return "disk_low";
    case Acceptance::failed:
      return "failed";
  }
  return "?";
}

}  // namespace trialgate::storage
