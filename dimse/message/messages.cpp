#include "dimse/message/messages.h"

#include "dimse/scp/storage_sop_classes.h"
#include "dimse/status.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

using enum CommandElement;

CommandSet request(CommandField field, std::uint16_t message_id, std::uint16_t data_set_type) {
  CommandSet set;
  set.set_us(command_field, static_cast<std::uint16_t>(field));
  set.set_us(CommandElement::message_id, message_id);
  set.set_us(command_data_set_type, data_set_type);
  return set;
}

/// C-FIND, C-GET and C-MOVE begin alike.
CommandSet query_request(CommandField field, std::uint16_t message_id, const Uid& sop_class,
                         std::uint16_t priority) {
  CommandSet set = request(field, message_id, data_set_present);
  set.set_uid(affected_sop_class_uid, sop_class);
  set.set_us(CommandElement::priority, priority);
  return set;
}

template <class Rq>
Result<Rq> read_query_request(const CommandSet& command, const char* name) {
  const auto id = command.us(CommandElement::message_id);
  if (!id) return fail(Errc::malformed_command, std::string(name) + " without message id");
  Rq rq;
  rq.message_id = *id;
  rq.affected_sop_class = command.uid(affected_sop_class_uid).value_or(Uid());
  rq.priority = command.us(CommandElement::priority).value_or(0);
  return rq;
}

bool names_what_it_affects(CommandField field) {
  return field == CommandField::n_event_report_rq || field == CommandField::n_create_rq;
}

}  // namespace

CommandSet CEchoRq::to_command_set() const {
  CommandSet set = request(CommandField::c_echo_rq, message_id, no_data_set);
  set.set_uid(affected_sop_class_uid, Uid(std::string(verification_sop_class)));
  return set;
}

Result<CEchoRq> CEchoRq::from(const CommandSet& command) {
  const auto id = command.us(CommandElement::message_id);
  if (!id) return fail(Errc::malformed_command, "C-ECHO-RQ without message id");
  return CEchoRq{*id};
}

CommandSet CStoreRq::to_command_set() const {
  CommandSet set = request(CommandField::c_store_rq, message_id, data_set_present);
  set.set_uid(affected_sop_class_uid, affected_sop_class);
  set.set_us(CommandElement::priority, priority);
  set.set_uid(affected_sop_instance_uid, affected_sop_instance);
  if (move_originator) set.set_text(move_originator_application_entity_title, move_originator->value());
  if (move_originator_message_id)
    set.set_us(CommandElement::move_originator_message_id, *move_originator_message_id);
  return set;
}

Result<CStoreRq> CStoreRq::from(const CommandSet& command) {
  const auto id = command.us(CommandElement::message_id);
  if (!id) return fail(Errc::malformed_command, "C-STORE-RQ without message id");
  CStoreRq rq;
  rq.message_id = *id;
  rq.affected_sop_class = command.uid(affected_sop_class_uid).value_or(Uid());
  rq.affected_sop_instance = command.uid(affected_sop_instance_uid).value_or(Uid());
  rq.priority = command.us(CommandElement::priority).value_or(0);
  if (auto originator = command.text(move_originator_application_entity_title))
    rq.move_originator = AeTitle(*originator);
  rq.move_originator_message_id = command.us(CommandElement::move_originator_message_id);
  return rq;
}

CommandSet CFindRq::to_command_set() const {
  return query_request(CommandField::c_find_rq, message_id, affected_sop_class, priority);
}

Result<CFindRq> CFindRq::from(const CommandSet& command) {
  return read_query_request<CFindRq>(command, "C-FIND-RQ");
}

CommandSet CGetRq::to_command_set() const {
  return query_request(CommandField::c_get_rq, message_id, affected_sop_class, priority);
}

Result<CGetRq> CGetRq::from(const CommandSet& command) {
  return read_query_request<CGetRq>(command, "C-GET-RQ");
}

CommandSet CMoveRq::to_command_set() const {
  CommandSet set = query_request(CommandField::c_move_rq, message_id, affected_sop_class, priority);
  set.set_text(CommandElement::move_destination, move_destination.value());
  return set;
}

Result<CMoveRq> CMoveRq::from(const CommandSet& command) {
  auto rq = read_query_request<CMoveRq>(command, "C-MOVE-RQ");
  if (rq) rq->move_destination = AeTitle(command.text(CommandElement::move_destination).value_or(""));
  return rq;
}

CommandSet CCancelRq::to_command_set() const {
  CommandSet set;
  set.set_us(command_field, static_cast<std::uint16_t>(CommandField::c_cancel_rq));
  set.set_us(CommandElement::message_id_being_responded_to, message_id_being_responded_to);
  set.set_us(command_data_set_type, no_data_set);
  return set;
}

Result<CCancelRq> CCancelRq::from(const CommandSet& command) {
  const auto id = command.us(CommandElement::message_id_being_responded_to);
  if (!id) return fail(Errc::malformed_command, "C-CANCEL-RQ without message id");
  return CCancelRq{*id};
}

bool is_normalized_request(std::uint16_t command_field) noexcept {
  switch (static_cast<CommandField>(command_field)) {
    case CommandField::n_event_report_rq:
    case CommandField::n_get_rq:
    case CommandField::n_set_rq:
    case CommandField::n_action_rq:
    case CommandField::n_create_rq:
      return true;
    default:
      return false;
  }
}

CommandSet NormalizedRq::to_command_set() const {
  CommandSet set = request(command_field, message_id, data_set_follows ? data_set_present : no_data_set);
  const bool affected = names_what_it_affects(command_field);
  set.set_uid(affected ? affected_sop_class_uid : requested_sop_class_uid, sop_class);
  if (!sop_instance.empty()) {
    set.set_uid(affected ? affected_sop_instance_uid : requested_sop_instance_uid, sop_instance);
  }
  if (type_id) {
    set.set_us(command_field == CommandField::n_event_report_rq ? event_type_id : action_type_id, *type_id);
  }
  return set;
}

Result<NormalizedRq> NormalizedRq::from(const CommandSet& command) {
  if (!is_normalized_request(command.command_field()))
    return fail(Errc::malformed_command, "no request of a normalized service");
  const auto id = command.us(CommandElement::message_id);
  if (!id) return fail(Errc::malformed_command, "N- request without message id");
  NormalizedRq rq;
  rq.command_field = static_cast<CommandField>(command.command_field());
  rq.message_id = *id;
  const bool affected = names_what_it_affects(rq.command_field);
  rq.sop_class = command.uid(affected ? affected_sop_class_uid : requested_sop_class_uid).value_or(Uid());
  rq.sop_instance =
      command.uid(affected ? affected_sop_instance_uid : requested_sop_instance_uid).value_or(Uid());
  rq.type_id =
      command.us(rq.command_field == CommandField::n_event_report_rq ? event_type_id : action_type_id);
  rq.data_set_follows = command.data_set_follows();
  return rq;
}

std::optional<SubOperations> sub_operations_of(const CommandSet& command) {
  const auto remaining = command.us(number_of_remaining_sub_operations);
  const auto completed = command.us(number_of_completed_sub_operations);
  const auto failed = command.us(number_of_failed_sub_operations);
  const auto warning = command.us(number_of_warning_sub_operations);
  if (!remaining && !completed && !failed && !warning) return std::nullopt;
  return SubOperations{remaining.value_or(0), completed.value_or(0), failed.value_or(0), warning.value_or(0)};
}

Result<Response> Response::from(const CommandSet& command) {
  const auto id = command.us(CommandElement::message_id_being_responded_to);
  const auto status = command.us(CommandElement::status);
  if (!id || !status) return fail(Errc::malformed_command, "response without message id or status");
  Response response;
  response.command_field = command.command_field();
  response.message_id_being_responded_to = *id;
  response.status = *status;
  response.error_comment = command.text(CommandElement::error_comment).value_or("");
  response.affected_sop_class = command.uid(affected_sop_class_uid).value_or(Uid());
  response.affected_sop_instance = command.uid(affected_sop_instance_uid).value_or(Uid());
  response.sub_operations = sub_operations_of(command);
  response.data_set_follows = command.data_set_follows();
  return response;
}

CommandSet response_to(const CommandSet& request, std::uint16_t status, std::string_view comment) {
  const auto either = [&request](CommandElement affected, CommandElement requested) {
    auto uid = request.uid(affected);
    return uid ? uid : request.uid(requested);
  };
  CommandSet set;
  if (const auto uid = either(affected_sop_class_uid, requested_sop_class_uid))
    set.set_uid(affected_sop_class_uid, *uid);
  set.set_us(command_field, request.command_field() | response_bit);
  set.set_us(CommandElement::message_id_being_responded_to,
             request.us(CommandElement::message_id).value_or(0));
  set.set_us(command_data_set_type, no_data_set);
  set.set_us(CommandElement::status, status);
  if (!comment.empty()) set.set_text(CommandElement::error_comment, comment.substr(0, 64));
  if (const auto uid = either(affected_sop_instance_uid, requested_sop_instance_uid))
    set.set_uid(affected_sop_instance_uid, *uid);
  for (const CommandElement type : {event_type_id, action_type_id}) {
    if (const auto id = request.us(type)) set.set_us(type, *id);
  }
  return set;
}

void set_sub_operations(CommandSet& response, const SubOperations& counts) {
  const auto set = [&response](CommandElement element, std::uint32_t count) {
    response.set_us(element, static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 0xFFFF)));
  };
  const StatusClass status = classify(response.us(CommandElement::status).value_or(0));
  if (status == StatusClass::pending || status == StatusClass::cancel)
    set(number_of_remaining_sub_operations, counts.remaining);
  set(number_of_completed_sub_operations, counts.completed);
  set(number_of_failed_sub_operations, counts.failed);
  set(number_of_warning_sub_operations, counts.warning);
}

void announce_data_set(CommandSet& command) {
  command.set_us(command_data_set_type, data_set_present);
}

}  // namespace trialgate::dimse
