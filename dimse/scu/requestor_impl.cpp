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

AssociationLimits limits_of(const RequestorConfig& config) {
  AssociationLimits limits;
  limits.max_pdu_bytes = config.max_pdu_bytes;
  limits.progress = config.progress;
  limits.min_bytes_per_second = config.min_bytes_per_second;
  return limits;
}

/// One for each SOP class, whatever the number of its contexts.
void propose_role(const ProposedContext& context, std::vector<RoleSelection>& roles) {
  const bool scu = context.role == ProposedRole::both;
  const auto known = std::ranges::find(roles, context.abstract_syntax, &RoleSelection::sop_class);
  if (known == roles.end()) roles.push_back({context.abstract_syntax, scu, true});
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
    if (context.role != ProposedRole::scu) propose_role(context, rq.user_information.roles);
  }
  if (config.operations_window > 1) {
    // Of the peer's operations we perform one at a time.
    rq.user_information.async_operations_window = AsyncOperationsWindow{config.operations_window, 1};
  }
  rq.user_information.max_length = config.max_pdu_bytes;
  rq.user_information.implementation_class_uid = Uid(std::string(implementation_class_uid));
  rq.user_information.implementation_version_name = implementation_version_name;
  return rq;
}

}  // namespace

Requestor::Impl::Impl(RequestorConfig config, std::unique_ptr<Transport> transport, AssociationInfo info,
                      AssociationLog log, PeerServices services)
    : config_(std::move(config)),
      info_(std::move(info)),
      services_(services),
      association_(std::move(transport), Role::requestor, limits_of(config_), log) {}

const OpenContext* Requestor::Impl::find(const Uid& abstract_syntax, const Uid* transfer_syntax) const {
  const auto found = std::find_if(contexts_.begin(), contexts_.end(), [&](const OpenContext& context) {
    return context.abstract_syntax == abstract_syntax &&
           (transfer_syntax == nullptr || context.transfer_syntax == *transfer_syntax);
  });
  return found == contexts_.end() ? nullptr : &*found;
}

const OpenContext* Requestor::Impl::find(PresentationContextId id) const {
  const auto found = std::ranges::find(contexts_, id, &OpenContext::id);
  return found == contexts_.end() ? nullptr : &*found;
}

/// What was not proposed does not count as accepted, whatever the peer says.
void Requestor::Impl::take_answer(const std::vector<ProposedContext>& proposed, const AssociateAc& ac) {
  const std::vector<RoleSelection>& roles = ac.user_information.roles;
  for (const PresentationContextAc& answer : ac.presentation_contexts) {
    const auto index = static_cast<std::size_t>(static_cast<std::uint8_t>(answer.id) / 2);
    if (answer.result != ContextResult::acceptance || index >= proposed.size()) continue;
    const ProposedContext& ours = proposed[index];
    const auto& syntaxes = ours.transfer_syntaxes;
    if (std::find(syntaxes.begin(), syntaxes.end(), answer.transfer_syntax) == syntaxes.end()) continue;
    const auto role = std::ranges::find(roles, ours.abstract_syntax, &RoleSelection::sop_class);
    const bool scp = ours.role != ProposedRole::scu && role != roles.end() && role->scp;
    contexts_.push_back({answer.id, ours.abstract_syntax, answer.transfer_syntax, scp});
  }
  const auto& window = ac.user_information.async_operations_window;
  // 0 is unlimited, which is no reason to go beyond what was asked for.
  if (window && config_.operations_window > 1) {
    window_ = window->max_invoked == 0 ? config_.operations_window
                                       : std::min(window->max_invoked, config_.operations_window);
  }
  operations_.resize(window_);
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
  take_answer(proposed, ac);
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

void Requestor::Impl::end(const Failure& failure) {
  if (ended_) return;
  ended_ = failure;
  for (const auto& [id, waiter] : waiting_) waiter->settle(failure);
  waiting_.clear();
  if (releasing_ != nullptr) releasing_->settle(failure);
  if (services_.store != nullptr) services_.store->association_ended(info_, association_.end());
}

Task<void> Requestor::Impl::wait(Waiter& waiter) {
  while (!waiter.result) {
    [[maybe_unused]] const auto woken = co_await waiter.wake.async_wait(use_task);
  }
}

std::uint16_t Requestor::Impl::take_message_id() {
  do {
    ++last_message_id_;
  } while (last_message_id_ == 0 || waiting_.contains(last_message_id_));
  return last_message_id_;
}

void Requestor::Impl::renew_response_deadline() {
  const bool due = std::ranges::any_of(waiting_, [](const auto& entry) { return entry.second->sent; });
  if (due) {
    association_.watchdog().set(Deadline::response, config_.response);
  } else {
    association_.watchdog().clear(Deadline::response);
  }
}

Task<Result<Answer>> Requestor::Impl::exchange(PresentationContextId context, CommandSet request,
                                               InstanceSource* data_set, PendingHandler on_pending) {
  const auto self = shared_from_this();
  const auto place = co_await operations_.take(association_.executor());
  if (ended_) co_return *ended_;
  Waiter waiter(association_.executor());
  waiter.on_pending = std::move(on_pending);
  const std::uint16_t id = take_message_id();
  request.set_us(CommandElement::message_id, id);
  waiting_[id] = &waiter;
  Result<void> sent;
  {
    const auto turn = co_await writing_.take(association_.executor());
    if (!waiter.result) sent = co_await send(context, request, data_set);
  }
  if (!sent) {
    abort_now();
    co_await wait(waiter);
    // An A-ABORT that the reader found says more than the broken write that followed it.
    co_return ended_ && ended_->code == Errc::peer_aborted ? *ended_ : sent.error();
  }
  waiter.sent = true;
  const bool only_one =
      std::ranges::count_if(waiting_, [](const auto& one) { return one.second->sent; }) == 1;
  if (!waiter.result && only_one) renew_response_deadline();
  co_await wait(waiter);
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

Task<Result<void>> Requestor::Impl::send_message(PresentationContextId context, CommandSet command,
                                                 std::span<const std::uint8_t> data_set) {
  const auto turn = co_await writing_.take(association_.executor());
  BytesSource source(data_set);
  co_return co_await send(context, command, data_set.empty() ? nullptr : &source);
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

Task<Result<std::span<const std::uint8_t>>> BytesSource::read(std::size_t at_most) {
  const auto piece = left_.first(std::min(at_most, left_.size()));
  left_ = left_.subspan(piece.size());
  co_return piece;
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
