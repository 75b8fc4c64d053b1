#include "gateway/worklist/performed_steps.h"

#include "dimse/message/command_set.h"
#include "dimse/status.h"
#include "gateway/pipeline/clock.h"
#include "gateway/receive/offload.h"
#include "gateway/receive/site_access.h"
#include "gateway/worklist/performed_step_message.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t most_listed = 1000;
constexpr std::uint16_t invalid_attribute_value = 0x0106;
constexpr std::uint16_t no_such_sop_instance = 0x0112;
constexpr std::uint16_t missing_attribute = 0x0120;
/// Error ID of 0110H: the step has ended (PS3.4 §F.7.2.2.3).
constexpr std::uint16_t may_no_longer_be_updated = 0xA710;

dimse::NormalizedResponse answer(std::uint16_t status, std::string comment, std::uint16_t error_id = 0) {
  dimse::NormalizedResponse response;
  response.status = status;
  response.error_comment = std::move(comment);
  response.error_id = error_id;
  return response;
}

/// What is kept of a message: its transfer syntax, NUL, its data set as it came.
std::string kept(const dimse::NormalizedRequest& request) {
  std::string bytes = request.transfer_syntax.value() + '\0';
  bytes.append(request.data_set.begin(), request.data_set.end());
  return bytes;
}

storage::Result<void> record(storage::Transaction& transaction, const storage::PerformedStepRow& row,
                             const dimse::NormalizedRequest& request, const char* event) {
  if (auto put = transaction.performed_steps().put_step(row); !put) return put;
  auto added = transaction.performed_steps().add_message(row.site, row.sop_instance_uid, kept(request));
  if (!added) return added;
  storage::AuditRecord audit;
  audit.at = utc_now();
  audit.actor = row.calling_ae + '@' + row.peer;
  audit.event = event;
  audit.reason = std::string(to_string(row.state));
  audit.site = row.site;
  audit.sop_instance_uid = row.sop_instance_uid;
  audit.detail =
      json::serialize(json::object{{"studies", row.study_uids.size()}, {"instances", row.instances.size()}});
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  return {};
}

const char* event_of(storage::PerformedStepState state) {
  switch (state) {
    case storage::PerformedStepState::in_progress:
      return "performed_step.updated";
    case storage::PerformedStepState::completed:
      return "performed_step.completed";
    case storage::PerformedStepState::discontinued:
      return "performed_step.discontinued";
  }
  return "?";
}

}  // namespace

dimse::Task<dimse::NormalizedResponse> PerformedStepProvider::take(dimse::NormalizedRequest request) {
  const auto command = static_cast<dimse::CommandField>(request.command_field);
  auto perform = [this, &request, command] {
    return command == dimse::CommandField::n_create_rq ? create(request) : set(request);
  };
  if (command != dimse::CommandField::n_create_rq && command != dimse::CommandField::n_set_rq)
    co_return answer(dimse::status::unrecognized_operation, "only N-CREATE and N-SET");
  co_return co_await offload(disk_, perform);
}

dimse::NormalizedResponse PerformedStepProvider::create(const dimse::NormalizedRequest& request) {
  if (!request.sop_instance.is_well_formed())
    return answer(dimse::status::invalid_sop_instance, "Affected SOP Instance UID");
  const auto message = read_performed_step(request.data_set, request.transfer_syntax.value());
  if (!message) return answer(dimse::status::processing_failure, message.error().where);
  if (!message->has_status) return answer(missing_attribute, "Performed Procedure Step Status");
  if (message->state != storage::PerformedStepState::in_progress)
    return answer(invalid_attribute_value, "Performed Procedure Step Status");
  storage::PerformedStepRow row;
  row.site = site_of(request.association.peer_id);
  row.sop_instance_uid = request.sop_instance.value();
  row.calling_ae = request.association.calling.value();
  row.peer = request.association.peer_address;
  row.created_at = utc_now();
  row.study_uids = message->study_uids;
  row.instances = message->instances;
  dimse::NormalizedResponse response;
  const auto done = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    response = {};
    auto known = transaction.performed_steps().step(row.site, row.sop_instance_uid);
    if (!known) return known.error();
    if (*known) {
      response = answer(dimse::status::duplicate_sop_instance, "the step is there already");
      return {};
    }
    return record(transaction, row, request, "performed_step.created");
  });
  return recorded(done ? storage::Result<dimse::NormalizedResponse>(response) : done.error(), row);
}

dimse::NormalizedResponse PerformedStepProvider::set(const dimse::NormalizedRequest& request) {
  const auto message = read_performed_step(request.data_set, request.transfer_syntax.value());
  if (!message) return answer(dimse::status::processing_failure, message.error().where);
  if (message->has_status && !message->state)
    return answer(invalid_attribute_value, "Performed Procedure Step Status");
  storage::PerformedStepRow row;
  row.site = site_of(request.association.peer_id);
  row.sop_instance_uid = request.sop_instance.value();
  dimse::NormalizedResponse response;
  const auto done = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    response = {};
    auto known = transaction.performed_steps().step(row.site, row.sop_instance_uid);
    if (!known) return known.error();
    if (!*known) {
      response = answer(no_such_sop_instance, "no such step");
      return {};
    }
    row = std::move(**known);
    if (row.state != storage::PerformedStepState::in_progress) {
      response = answer(dimse::status::processing_failure, "the step may no longer be updated",
                        may_no_longer_be_updated);
      return {};
    }
    row.calling_ae = request.association.calling.value();
    row.peer = request.association.peer_address;
    row.state = message->state.value_or(row.state);
    if (row.state != storage::PerformedStepState::in_progress) row.ended_at = utc_now();
    if (message->has_series) row.instances = message->instances;
    return record(transaction, row, request, event_of(row.state));
  });
  auto answered = recorded(done ? storage::Result<dimse::NormalizedResponse>(response) : done.error(), row);
  if (answered.status == 0 && row.state != storage::PerformedStepState::in_progress) ended_();
  return answered;
}

dimse::NormalizedResponse PerformedStepProvider::recorded(
    const storage::Result<dimse::NormalizedResponse>& result, const storage::PerformedStepRow& row) {
  if (!result) {
    log_.event(dimse::Level::error, "performed_step.not_recorded", {{"why", result.error().message()}});
    return answer(dimse::status::processing_failure, "the step could not be recorded");
  }
  log_.event(result->status == 0 ? dimse::Level::info : dimse::Level::warn, "performed_step.received",
             {{"site", row.site},
              {"sop_instance_uid", row.sop_instance_uid},
              {"state", std::string(to_string(row.state))},
              {"instances", static_cast<std::int64_t>(row.instances.size())},
              {"why", result->error_comment}});
  return *result;
}

storage::Result<std::optional<PerformedComparison>> compare_performed(
    const storage::ReadTransaction& transaction, const storage::SubmissionRow& row) {
  std::optional<PerformedComparison> comparison;
  auto steps = transaction.performed_steps().steps_of(row.site, row.study_uid);
  if (!steps) return steps.error();
  for (const storage::PerformedStepRow& step : *steps) {
    if (step.state != storage::PerformedStepState::completed || step.instances.empty()) continue;
    if (!comparison) comparison.emplace();
    comparison->last_end = std::max(comparison->last_end, step.ended_at);
    comparison->instances.source_count += step.instances.size();
    for (const std::string& uid : step.instances) {
      auto arrived = transaction.index().instances(uid);
      if (!arrived) return arrived.error();
      const auto from_site = [&](const storage::InstanceRow& instance) { return instance.site == row.site; };
      if (std::ranges::any_of(*arrived, from_site)) continue;
      ++comparison->instances.missing_count;
      if (comparison->instances.missing.size() < most_listed) comparison->instances.missing.push_back(uid);
    }
  }
  return comparison;
}

}  // namespace trialgate::gateway
