#include "dimse/scu/requestor_impl.h"

#include "dimse/implementation.h"
#include "dimse/status.h"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace trialgate::dimse {
namespace {

// One write holds the command and a full fragment for the longest PDU worth sending, or many for small ones.
constexpr std::size_t write_buffer_bytes = 128 * 1024 + 4096;

// All identifiers of one C-FIND.
constexpr std::size_t most_match_bytes = 64 * 1024 * 1024;

AssociationLimits limits_of(const RequestorConfig& config) {
  AssociationLimits limits;
  limits.max_pdu_bytes = config.max_pdu_bytes;
  limits.progress = config.progress;
  limits.min_bytes_per_second = config.min_bytes_per_second;
  return limits;
}

AssociateRq request_for(const RequestorConfig& config, const std::vector<ProposedContext>& proposed) {
  AssociateRq rq;
  rq.titles = AssociateTitles(config.called, config.calling);
  rq.application_context = Uid(std::string(application_context_name));
  std::uint8_t id = 1;
  for (const ProposedContext& context : proposed) {
    rq.presentation_contexts.push_back(
        {PresentationContextId{id}, context.abstract_syntax, context.transfer_syntaxes});
    id = static_cast<std::uint8_t>(id + 2);
  }
  rq.user_information.max_length = config.max_pdu_bytes;
  rq.user_information.implementation_class_uid = Uid(std::string(implementation_class_uid));
  rq.user_information.implementation_version_name = implementation_version_name;
  return rq;
}

}  // namespace

Requestor::Impl::Impl(RequestorConfig config, std::unique_ptr<Transport> transport, AssociationInfo info,
                      AssociationLog log)
    : config_(std::move(config)),
      info_(std::move(info)),
      association_(std::move(transport), Role::requestor, limits_of(config_), log) {}

const OpenContext* Requestor::Impl::find(const Uid& abstract_syntax, const Uid* transfer_syntax) const {
  const auto found = std::find_if(contexts_.begin(), contexts_.end(), [&](const OpenContext& context) {
    return context.abstract_syntax == abstract_syntax &&
           (transfer_syntax == nullptr || context.transfer_syntax == *transfer_syntax);
  });
  return found == contexts_.end() ? nullptr : &*found;
}

/// What was not proposed does not count as accepted, whatever the peer says.
void Requestor::Impl::take_contexts(const std::vector<ProposedContext>& proposed, const AssociateAc& ac) {
  for (const PresentationContextAc& answer : ac.presentation_contexts) {
    const auto index = static_cast<std::size_t>(static_cast<std::uint8_t>(answer.id) / 2);
    if (answer.result != ContextResult::acceptance || index >= proposed.size()) continue;
    const ProposedContext& ours = proposed[index];
    const auto& syntaxes = ours.transfer_syntaxes;
    if (std::find(syntaxes.begin(), syntaxes.end(), answer.transfer_syntax) == syntaxes.end()) continue;
    contexts_.push_back({answer.id, ours.abstract_syntax, answer.transfer_syntax});
  }
}

Task<Result<void>> Requestor::Impl::establish(std::vector<ProposedContext> proposed) {
  const AssociateRq rq = request_for(config_, proposed);
  association_.watchdog().set(Deadline::associate, config_.associate);
  auto sent = co_await association_.request(rq);
  if (!sent) co_return sent.error();
  auto answer = co_await association_.receive(Waiting::for_answer);
  association_.watchdog().clear(Deadline::associate);
  if (!answer) co_return answer.error();
  // Sta5 lets nothing else through.
  const auto& ac = std::get<AssociateAc>(*answer);
  info_.implementation_class_uid = ac.user_information.implementation_class_uid;
  info_.implementation_version_name = ac.user_information.implementation_version_name;
  take_contexts(proposed, ac);
  std::bitset<256> accepted;
  for (const OpenContext& context : contexts_) accepted.set(static_cast<std::size_t>(context.id));
  assembler_.emplace(accepted);
  auto writer = FragmentWriter::create(write_buffer_bytes,
                                       ac.user_information.max_length.value_or(default_max_pdu_bytes));
  if (!writer) {
    co_await association_.abort(writer.error());
    co_return writer.error();
  }
  writer_.emplace(std::move(*writer));
  boost::asio::co_spawn(association_.executor(), read_loop(shared_from_this()),
                        [self = shared_from_this()](const std::exception_ptr& error) {
                          if (!error) return;
                          self->abort_now();
                          self->end(fail(Errc::io_error, "exception in the reader"));
                        });
  if (!contexts_.empty()) co_return Result<void>();
  [[maybe_unused]] const auto released = co_await release();
  co_return fail(Errc::no_presentation_context, "none accepted");
}

Task<void> Requestor::Impl::read_loop(std::shared_ptr<Impl> self) {
  for (;;) {
    const auto read = co_await self->read_one();
    if (!read) {
      self->end(read.error());
      co_return;
    }
  }
}

Task<Result<void>> Requestor::Impl::read_one() {
  const Waiting waiting = assembler_->in_message() ? Waiting::for_rest : Waiting::for_answer;
  auto indication = co_await association_.receive(waiting);
  if (!indication) co_return indication.error();
  if (std::holds_alternative<ReleaseConfirmed>(*indication)) co_return fail(Errc::peer_released, {});
  if (std::holds_alternative<ReleaseIndicated>(*indication)) {
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
  const auto event = assembler_->add(std::get<PdvFragment>(*indication));
  Result<void> taken;
  if (!event) {
    taken = event.error();
  } else if (*event) {
    taken = take_message(**event);
  }
  if (!taken) co_await association_.abort(taken.error());
  co_return taken;
}

Result<void> Requestor::Impl::take_message(const MessageEvent& event) {
  const auto* received = std::get_if<CommandReceived>(&event);
  if (received == nullptr) return take_match(std::get<DataSetBytes>(event));
  if (!received->command.is_response()) return fail(Errc::unexpected_message, "request to a requestor");
  auto response = Response::from(received->command);
  if (!response) return response.error();
  const auto waiter = waiting_.find(response->message_id_being_responded_to);
  if (waiter == waiting_.end()) return fail(Errc::unexpected_message, "response to no request");
  if (classify(response->status) == StatusClass::pending) return take_pending(*response, *waiter->second);
  waiter->second->result = std::move(*response);
  waiter->second->wake.cancel();
  waiting_.erase(waiter);
  return {};
}

Result<void> Requestor::Impl::take_pending(const Response& response, Waiter& waiter) {
  if (waiter.matches == nullptr) return fail(Errc::unexpected_message, "pending response");
  if (!response.data_set_follows)
    return fail(Errc::unexpected_message, "pending response without identifier");
  Matches& matches = *waiter.matches;
  if (matches.identifiers.size() >= matches.most)
    return fail(Errc::local_limit, "more matches than asked for");
  matches.identifiers.emplace_back();
  matching_ = &matches;
  association_.watchdog().set(Deadline::response, config_.response);
  return {};
}

Result<void> Requestor::Impl::take_match(const DataSetBytes& piece) {
  if (matching_ == nullptr) return {};  // a final response has none; what a peer adds to it is let pass
  matching_->bytes += piece.bytes.size();
  if (matching_->bytes > most_match_bytes) return fail(Errc::local_limit, "identifiers too long");
  auto& identifier = matching_->identifiers.back();
  identifier.insert(identifier.end(), piece.bytes.begin(), piece.bytes.end());
  if (piece.last) matching_ = nullptr;
  return {};
}

void Requestor::Impl::end(const Failure& failure) {
  matching_ = nullptr;
  if (ended_) return;
  ended_ = failure;
  for (const auto& [id, waiter] : waiting_) {
    waiter->result = failure;
    waiter->wake.cancel();
  }
  waiting_.clear();
  if (releasing_ != nullptr) {
    releasing_->result = failure;
    releasing_->wake.cancel();
  }
}

Task<void> Requestor::Impl::wait(Waiter& waiter) {
  while (!waiter.result) {
    [[maybe_unused]] const auto woken = co_await waiter.wake.async_wait(use_task);
  }
}

Task<Result<Response>> Requestor::Impl::exchange(PresentationContextId context, CommandSet request,
                                                 InstanceSource* data_set, Matches* matches) {
  const auto self = shared_from_this();
  if (ended_) co_return *ended_;
  const std::uint16_t id = request.us(CommandElement::message_id).value_or(0);
  Waiter waiter(association_.executor());
  waiter.matches = matches;
  waiting_[id] = &waiter;
  const auto sent = co_await send(context, request, data_set);
  if (!sent) {
    abort_now();
    co_await wait(waiter);
    // An A-ABORT that the reader found says more than the broken write that followed it.
    co_return ended_ && ended_->code == Errc::peer_aborted ? *ended_ : sent.error();
  }
  association_.watchdog().set(Deadline::response, config_.response);
  co_await wait(waiter);
  association_.watchdog().clear(Deadline::response);
  co_return std::move(*waiter.result);
}

Task<Result<void>> Requestor::Impl::flush() {
  const auto sent = co_await association_.send_p_data(writer_->pending());
  writer_->clear();
  co_return sent;
}

Task<Result<void>> Requestor::Impl::send(PresentationContextId context, const CommandSet& request,
                                         InstanceSource* data_set) {
  const auto bytes = request.encode();
  writer_->add_command(context, bytes);
  if (data_set == nullptr) co_return co_await flush();
  co_return co_await send_data_set(context, *data_set);
}

Task<Result<void>> Requestor::Impl::send_data_set(PresentationContextId context, InstanceSource& source) {
  writer_->begin_data_set(context, source.size_bytes());
  while (writer_->data_set_left() > 0) {
    if (writer_->room() == 0) {
      auto flushed = co_await flush();
      if (!flushed) co_return flushed;
    }
    const auto bytes = co_await source.read(writer_->room());
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) co_return fail(Errc::source_failed, "end before its size");
    if (writer_->add_data(*bytes) != bytes->size())
      co_return fail(Errc::source_failed, "more than asked for");
  }
  co_return co_await flush();
}

Task<Result<void>> Requestor::Impl::release() {
  const auto self = shared_from_this();
  if (ended_) co_return *ended_;
  Waiter waiter(association_.executor());
  releasing_ = &waiter;
  association_.watchdog().set(Deadline::release, config_.release);
  const auto requested = co_await association_.request_release();
  if (requested) co_await wait(waiter);
  releasing_ = nullptr;
  association_.watchdog().clear(Deadline::release);
  if (!requested) co_return ended_ ? *ended_ : requested.error();
  // The reader ends with peer_released when the release is through.
  if (association_.end() == AssociationEnd::released) co_return Result<void>();
  co_return waiter.result->error();
}

}  // namespace trialgate::dimse
