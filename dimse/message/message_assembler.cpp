#include "dimse/message/message_assembler.h"

namespace trialgate::dimse {
namespace {

// Empty fragments are legal, but a peer that sends nothing else keeps us busy for nothing.
constexpr unsigned max_empty_run = 16;

}  // namespace

Result<void> MessageAssembler::check_begin(const PdvFragment& fragment) {
  const auto id = static_cast<std::uint8_t>(fragment.context);
  const MessageControlHeader control = fragment.control;
  if (!accepted_[id]) return fail(Errc::unexpected_message, "presentation context " + std::to_string(id));
  switch (phase_) {
    case Phase::between:
      if (!control.command) return fail(Errc::unexpected_message, "data set without command");
      phase_ = Phase::command;
      context_ = fragment.context;
      command_.clear();
      break;
    case Phase::command:
      if (!control.command) return fail(Errc::unexpected_message, "data set before the end of its command");
      break;
    case Phase::data_set:
      if (control.command) return fail(Errc::unexpected_message, "command before the end of a data set");
      break;
  }
  if (fragment.context != context_) return fail(Errc::unexpected_message, "interleaved messages");
  if (fragment.pdv_payload_bytes % 2 != 0) {
    const bool tolerated = odd_ == OddFragments::any ||
                           (odd_ == OddFragments::last_of_data_set && control.last && !control.command);
    if (!tolerated) return fail(Errc::malformed_pdu, "fragment of odd length");
    ++odd_fragments_;
  }
  empty_run_ = fragment.pdv_payload_bytes == 0 && !control.last ? empty_run_ + 1 : 0;
  if (empty_run_ > max_empty_run) return fail(Errc::malformed_pdu, "run of empty fragments");
  return {};
}

Result<std::optional<MessageEvent>> MessageAssembler::add_command(const PdvFragment& fragment) {
  if (command_.size() + fragment.bytes.size() > max_command_set_bytes)
    return fail(Errc::malformed_command, "command set too long");
  command_.insert(command_.end(), fragment.bytes.begin(), fragment.bytes.end());
  if (!fragment.ends_pdv || !fragment.control.last) return std::nullopt;
  auto command = CommandSet::parse(command_);
  if (!command) return command.error();
  phase_ = command->data_set_follows() ? Phase::data_set : Phase::between;
  return MessageEvent(CommandReceived{context_, std::move(*command)});
}

Result<std::optional<MessageEvent>> MessageAssembler::add(const PdvFragment& fragment) {
  if (fragment.begins_pdv) {
    if (auto checked = check_begin(fragment); !checked) return checked.error();
  }
  if (fragment.control.command) return add_command(fragment);
  const bool last = fragment.ends_pdv && fragment.control.last;
  if (last) phase_ = Phase::between;
  if (fragment.bytes.empty() && !last) return std::nullopt;
  return MessageEvent(DataSetBytes{fragment.bytes, last});
}

}  // namespace trialgate::dimse
