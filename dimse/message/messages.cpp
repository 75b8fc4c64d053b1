#include "dimse/message/messages.h"

#include "dimse/scp/storage_sop_classes.h"

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
  CommandSet set = request(CommandField::c_find_rq, message_id, data_set_present);
  set.set_uid(affected_sop_class_uid, affected_sop_class);
  set.set_us(CommandElement::priority, priority);
  return set;
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
  response.data_set_follows = command.data_set_follows();
  return response;
}

CommandSet response_to(const CommandSet& request, std::uint16_t status, std::string_view comment) {
  CommandSet set;
  if (const auto uid = request.uid(affected_sop_class_uid)) set.set_uid(affected_sop_class_uid, *uid);
  set.set_us(command_field, request.command_field() | response_bit);
  set.set_us(CommandElement::message_id_being_responded_to,
             request.us(CommandElement::message_id).value_or(0));
  set.set_us(command_data_set_type, no_data_set);
  set.set_us(CommandElement::status, status);
  if (!comment.empty()) set.set_text(CommandElement::error_comment, comment.substr(0, 64));
  if (const auto uid = request.uid(affected_sop_instance_uid)) set.set_uid(affected_sop_instance_uid, *uid);
  return set;
}

}  // namespace trialgate::dimse
