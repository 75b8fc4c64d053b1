#include "dimse/scu/requestor_impl.h"
#include "dimse/status.h"
#include "dimse/ul/failure_map.h"

#include <algorithm>
#include <utility>

// What comes from the peer on an association of ours.
namespace trialgate::dimse {
namespace {

// Identifiers, lists of failed instances, results of normalized operations: instances are streamed.
constexpr std::size_t longest_data_set_bytes = 64 * 1024 * 1024;

bool is_normalized(std::uint16_t field) {
  return field >= static_cast<std::uint16_t>(CommandField::n_event_report_rq) &&
         field <= static_cast<std::uint16_t>(CommandField::n_delete_rq);
}

/// PS3.7 §10.3: some requests name the SOP class and instance they are about as Affected, others as
/// Requested.
Uid named(const CommandSet& command, CommandElement affected, CommandElement requested) {
  if (auto uid = command.uid(affected)) return std::move(*uid);
  return command.uid(requested).value_or(Uid());
}

}  // namespace

Task<void> Requestor::Impl::read_loop(std::shared_ptr<Impl> self) {
  for (;;) {
    auto event = co_await self->next_event();
    if (!event) {
      self->end(event.error());
      co_return;
    }
    // Between two messages the assembler gives nothing but commands; a data set that was not announced by a
    // response's status goes the same way as one that was.
    auto taken = co_await self->take_message(std::move(std::get<CommandReceived>(*event)));
    if (!taken) {
      co_await self->association_.abort(taken.error());
      self->end(taken.error());
      co_return;
    }
  }
}

Task<Result<MessageEvent>> Requestor::Impl::next_event() {
  for (;;) {
    const Waiting waiting = assembler_->in_message() ? Waiting::for_rest : Waiting::for_answer;
    auto indication = co_await association_.receive(waiting);
    if (!indication) co_return indication.error();
    if (std::holds_alternative<ReleaseConfirmed>(*indication)) co_return fail(Errc::peer_released, {});
    if (std::holds_alternative<ReleaseIndicated>(*indication)) {
      const auto answered = co_await answer_release();
      if (!answered) co_return answered.error();
      continue;
    }
    auto event = assembler_->add(std::get<PdvFragment>(*indication));
    if (!event) {
      co_await association_.abort(event.error());
      co_return event.error();
    }
    if (*event) co_return std::move(**event);
  }
}

Task<Result<void>> Requestor::Impl::answer_release() {
  // Released in the middle of our request: there is no place between two PDUs for the answer.
  if (association_.is_writing()) {
    abort_now();
    co_return fail(Errc::peer_released, "while a request was being sent");
  }
  // After a collision (Sta9) the peer's answer to our own request is still to come.
  auto responded = co_await association_.respond_release();
  if (!responded) co_return responded.error();
  if (releasing_ != nullptr) co_return Result<void>();
  co_return fail(Errc::peer_released, {});
}

Task<Result<void>> Requestor::Impl::take_message(CommandReceived received) {
  const std::uint16_t field = received.command.command_field();
  if (received.command.is_response())
    co_return co_await take_response(received.context, std::move(received.command));
  // While the peer's message is under way the rate floor watches it.
  association_.watchdog().clear(Deadline::response);
  Result<void> served = fail(Errc::unexpected_message, "request to a requestor");
  if (!received.command.us(CommandElement::message_id)) {
    served = fail(Errc::malformed_command, "missing message id");
  } else if (field == static_cast<std::uint16_t>(CommandField::c_store_rq) && services_.store != nullptr) {
    served = co_await serve_store(std::move(received));
  } else if (is_normalized(field) && services_.normalized != nullptr) {
    served = co_await serve_normalized(std::move(received));
  }
  renew_response_deadline();
  co_return served;
}

Task<Result<std::vector<std::uint8_t>>> Requestor::Impl::read_data_set(const CommandSet& command) {
  std::vector<std::uint8_t> bytes;
  bool last = !command.data_set_follows();
  while (!last) {
    const auto event = co_await next_event();
    if (!event) co_return event.error();
    const auto& piece =
        std::get<DataSetBytes>(*event);  // the assembler gives no command before the data set's end
    if (bytes.size() + piece.bytes.size() > longest_data_set_bytes)
      co_return fail(Errc::local_limit, "data set too long");
    bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
    last = piece.last;
  }
  co_return bytes;
}

Task<Result<void>> Requestor::Impl::take_response(PresentationContextId context, CommandSet command) {
  auto response = Response::from(command);
  if (!response) co_return response.error();
  const std::uint16_t id = response->message_id_being_responded_to;
  if (!waiting_.contains(id)) co_return fail(Errc::unexpected_message, "response to no request");
  auto data_set = co_await read_data_set(command);
  if (!data_set) co_return data_set.error();
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) co_return fail(Errc::unexpected_message, "response to no request");
  Waiter& waiter = *found->second;
  const bool pending = classify(response->status) == StatusClass::pending;
  Answer answer{std::move(command), std::move(*response), std::move(*data_set)};
  if (pending) co_return co_await take_pending(context, std::move(answer), waiter);
  waiting_.erase(found);
  waiter.settle(std::move(answer));
  renew_response_deadline();
  co_return Result<void>();
}

Task<Result<void>> Requestor::Impl::take_pending(PresentationContextId context, Answer answer,
                                                 Waiter& waiter) {
  if (!waiter.on_pending) co_return fail(Errc::unexpected_message, "pending response");
  // A peer that goes on all the same is given one response deadline to come to its end.
  if (waiter.cancelled) co_return Result<void>();
  const std::uint16_t id = answer.response.message_id_being_responded_to;
  const auto goes_on = waiter.on_pending(std::move(answer));
  if (!goes_on) co_return goes_on.error();
  renew_response_deadline();
  if (*goes_on) co_return Result<void>();
  waiter.cancelled = true;
  CommandSet cancel;
  cancel.set_us(CommandElement::command_field, static_cast<std::uint16_t>(CommandField::c_cancel_rq));
  cancel.set_us(CommandElement::message_id_being_responded_to, id);
  cancel.set_us(CommandElement::command_data_set_type, no_data_set);
  const std::span<const std::uint8_t> nothing;
  co_return co_await send_message(context, std::move(cancel), nothing);
}

Task<Result<void>> Requestor::Impl::serve_store(CommandReceived received) {
  const auto rq = CStoreRq::from(received.command);
  if (!rq) co_return rq.error();
  auto outcome = co_await receive_instance(received, *rq);
  if (!outcome) co_return outcome.error();
  CommandSet response = response_to(received.command, outcome->status, outcome->error_comment);
  const std::span<const std::uint8_t> nothing;
  co_return co_await send_message(received.context, std::move(response), nothing);
}

Task<Result<StoreOutcome>> Requestor::Impl::receive_instance(const CommandReceived& received,
                                                             const CStoreRq& rq) {
  const OpenContext& context = *find(received.context);
  std::optional<StoreOutcome> outcome;
  std::unique_ptr<InstanceSink> sink;
  if (!received.command.data_set_follows()) {
    co_return StoreOutcome{status::mistyped_argument, "no data set"};
  }
  if (rq.affected_sop_class != context.abstract_syntax) {
    outcome = StoreOutcome{status::sop_class_not_supported, "not the SOP class of the presentation context"};
  } else {
    StoreRequest request{
        info_,         rq.affected_sop_class, rq.affected_sop_instance,     context.transfer_syntax,
        rq.message_id, rq.move_originator,    rq.move_originator_message_id};
    StoreBegin begun = co_await services_.store->begin(std::move(request));
    if (auto* refused = std::get_if<StoreOutcome>(&begun)) {
      outcome = std::move(*refused);
    } else {
      sink = std::move(std::get<std::unique_ptr<InstanceSink>>(begun));
    }
  }
  for (bool last = false; !last;) {
    const auto event = co_await next_event();
    if (!event) co_return event.error();
    const auto& piece = std::get<DataSetBytes>(*event);
    last = piece.last;
    if (outcome || piece.bytes.empty()) continue;
    const auto written = co_await sink->write(piece.bytes);
    if (!written) outcome = StoreOutcome{peer_answer(written.error()).status, {}};
  }
  if (!outcome) outcome = co_await sink->finish();
  co_return std::move(*outcome);
}

Task<Result<void>> Requestor::Impl::serve_normalized(CommandReceived received) {
  auto data_set = co_await read_data_set(received.command);
  if (!data_set) co_return data_set.error();
  const CommandSet& command = received.command;
  NormalizedRequest request;
  request.association = info_;
  request.command_field = command.command_field();
  request.sop_class =
      named(command, CommandElement::affected_sop_class_uid, CommandElement::requested_sop_class_uid);
  request.sop_instance =
      named(command, CommandElement::affected_sop_instance_uid, CommandElement::requested_sop_instance_uid);
  const bool event = request.command_field == static_cast<std::uint16_t>(CommandField::n_event_report_rq);
  const auto type = event ? CommandElement::event_type_id : CommandElement::action_type_id;
  request.type_id = command.us(type).value_or(0);
  request.transfer_syntax = find(received.context)->transfer_syntax;
  request.data_set = std::move(*data_set);

  const Uid sop_class = request.sop_class;
  const Uid sop_instance = request.sop_instance;
  NormalizedResponse answer = co_await services_.normalized->perform(std::move(request));
  CommandSet response = response_to(command, answer.status, answer.error_comment);
  response.set_uid(CommandElement::affected_sop_class_uid, sop_class);
  const Uid& instance = answer.sop_instance.empty() ? sop_instance : answer.sop_instance;
  if (!instance.empty()) response.set_uid(CommandElement::affected_sop_instance_uid, instance);
  if (command.us(type)) response.set_us(type, *command.us(type));
  if (answer.error_id != 0) response.set_us(CommandElement::error_id, answer.error_id);
  if (!answer.data_set.empty()) response.set_us(CommandElement::command_data_set_type, data_set_present);
  co_return co_await send_message(received.context, std::move(response), answer.data_set);
}

}  // namespace trialgate::dimse
