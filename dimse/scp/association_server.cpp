#include "dimse/scp/association_server.h"

#include "dimse/status.h"

#include <string>
#include <utility>

namespace trialgate::dimse {
namespace {

// A write holds the command and a full fragment for the longest PDU worth sending. Only what is sent is held.
constexpr std::size_t write_buffer_bytes = 128 * 1024 + 4096;

/// Tells the service at the end of the scope, whichever way that is left.
class EndNotice {
 public:
  EndNotice(StoreService& service, const AssociationInfo& info, const Association& association)
      : service_(service), info_(info), association_(association) {}
  EndNotice(const EndNotice&) = delete;
  EndNotice& operator=(const EndNotice&) = delete;
  ~EndNotice() { service_.association_ended(info_, association_.end()); }

 private:
  StoreService& service_;
  const AssociationInfo& info_;
  const Association& association_;
};

std::string numbers(const Reject& reject) {
  return std::to_string(reject.result) + "/" + std::to_string(reject.source) + "/" +
         std::to_string(reject.reason);
}

std::string hexadecimal(std::uint16_t value) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text.push_back(digits[value >> shift & 0xF]);
  return text;
}

std::string_view name_of(AssociationEnd end) {
  switch (end) {
    case AssociationEnd::released:
      return "released";
    case AssociationEnd::aborted_by_peer:
      return "aborted by peer";
    case AssociationEnd::aborted_by_us:
      return "aborted by us";
    case AssociationEnd::connection_lost:
      return "connection lost";
  }
  return "";
}

std::uint16_t field_of(CommandField field) {
  return static_cast<std::uint16_t>(field);
}

/// Which contexts carry a request; nullopt: an operation that this node does not know.
std::optional<ServiceKind> service_of(std::uint16_t command_field) {
  if (is_normalized_request(command_field)) return ServiceKind::normalized;
  switch (static_cast<CommandField>(command_field)) {
    case CommandField::c_store_rq:
      return ServiceKind::storage;
    case CommandField::c_find_rq:
      return ServiceKind::find;
    case CommandField::c_get_rq:
      return ServiceKind::get;
    case CommandField::c_move_rq:
      return ServiceKind::move;
    case CommandField::c_echo_rq:
      return ServiceKind::verification;
    default:
      return std::nullopt;
  }
}

/// Why a request does not belong on the context by which it came (PS3.7 §C.5.6: SOP class not supported).
const char* misplaced(const CommandSet& command, const AcceptedContext& context) {
  if (context.service != service_of(command.command_field())) return "not a context of this service";
  auto sop_class = command.uid(CommandElement::affected_sop_class_uid);
  if (!sop_class) sop_class = command.uid(CommandElement::requested_sop_class_uid);
  if (sop_class && sop_class != context.abstract_syntax)
    return "not the SOP class of the presentation context";
  // An SCP reports events on associations of its own, not always with the role selection that belongs to it.
  const bool event = command.command_field() == field_of(CommandField::n_event_report_rq);
  return context.requestor_is_scu || event ? nullptr : "requestor is not SCU";
}

}  // namespace

AssociationServer::AssociationServer(Association& association, AssociationInfo info, std::uint16_t local_port,
                                     const AcceptorConfig& config, AccessPolicy& policy,
                                     const Services& services, Quota& quota)
    : association_(association),
      info_(std::move(info)),
      local_port_(local_port),
      config_(config),
      policy_(policy),
      services_(services),
      quota_(quota),
      operation_(association) {}

Task<void> AssociationServer::run() {
  const bool established = co_await establish();
  if (!established) co_return;
  const EndNotice notice(services_.store, info_, association_);
  const auto served = co_await serve();
  operation_.abandon();
  co_await operation_.ended();
  log_end(served);
}

std::optional<Reject> AssociationServer::decide(const AssociateRq& rq) {
  if ((rq.protocol_version & 1) == 0) return Reject::protocol_version_not_supported();
  if (rq.application_context.value() != application_context_name)
    return Reject::application_context_not_supported();
  if (!info_.called.is_valid()) return Reject::called_ae_not_recognized();
  if (!info_.calling.is_valid()) return Reject::calling_ae_not_recognized();
  AssociationRequestView view{info_.calling,
                              info_.called,
                              info_.peer_address,
                              local_port_,
                              info_.implementation_class_uid,
                              info_.implementation_version_name,
                              std::nullopt,
                              association_.peer_certificate()};
  if (const auto& identity = rq.user_information.user_identity)
    view.user_identity = UserIdentityView{identity->type, identity->primary_field, identity->secondary_field};
  Decision decision = policy_.decide(view);
  if (const auto* reject = std::get_if<Reject>(&decision)) return *reject;
  granted_ = std::move(std::get<Accept>(decision));
  info_.peer_id = granted_.peer_id;
  leave_out_absent_services();
  if (granted_.max_associations) {
    auto unit = quota_.take("peer " + granted_.peer_id, *granted_.max_associations);
    if (!unit) return Reject::local_limit_exceeded();
    peer_unit_.emplace(std::move(*unit));
  }
  peer_max_pdu_bytes_ = rq.user_information.max_length.value_or(default_max_pdu_bytes);
  auto writer = FragmentWriter::create(write_buffer_bytes, peer_max_pdu_bytes_);
  if (!writer) return Reject::no_reason_given();
  writer_.emplace(std::move(*writer));
  return std::nullopt;
}

Task<std::optional<Reject>> AssociationServer::check_identity() {
  const IdentityVerdict verdict = co_await granted_.identity();
  if (!verdict.reject)
    association_.log().event(Level::info, "assoc.identity", {{"user", printable(verdict.user)}});
  co_return verdict.reject;
}

Task<bool> AssociationServer::establish() {
  auto indication = co_await association_.receive(Waiting::for_answer);
  if (!indication) {
    log_not_established(indication.error());
    co_return false;
  }
  // Sta2 lets nothing else through.
  const auto& rq = std::get<AssociateRq>(*indication);
  info_.called = rq.titles.called_ae();
  info_.calling = rq.titles.calling_ae();
  info_.implementation_class_uid = rq.user_information.implementation_class_uid;
  info_.implementation_version_name = rq.user_information.implementation_version_name;
  std::optional<Reject> rejected = decide(rq);
  if (!rejected && granted_.identity) rejected = co_await check_identity();
  if (rejected) {
    log_rejected(rq, *rejected);
    const AssociateRj rj{rejected->result, rejected->source, rejected->reason};
    co_await association_.reject(rj);
    co_return false;
  }
  Negotiated negotiated =
      negotiate(rq, granted_.contexts, config_.max_pdu_bytes, config_.max_operations_invoked);
  // PS3.7 §D.3.3.7.2: of neither a passcode nor a token there is anything to send back.
  const auto& identity = rq.user_information.user_identity;
  if (granted_.identity && identity && identity->positive_response_requested)
    negotiated.ac.user_information.user_identity_response.emplace();
  exchange_.emplace(association_, std::move(negotiated), std::move(*writer_));
  writer_.reset();
  log_accepted();
  const auto accepted = co_await association_.accept(exchange_->negotiated().ac);
  if (!accepted) log_not_established(accepted.error());
  co_return accepted.has_value();
}

void AssociationServer::leave_out_absent_services() {
  std::erase_if(granted_.contexts.services, [this](const Uid& sop_class) {
    switch (service_kind(sop_class)) {
      case ServiceKind::find:
        return services_.find == nullptr;
      case ServiceKind::get:
      case ServiceKind::move:
        return services_.retrieve == nullptr;
      default:
        return services_.normalized == nullptr;
    }
  });
}

Task<Result<void>> AssociationServer::serve() {
  for (;;) {
    if (association_.stop_requested() && !operation_.is_running()) {
      const Failure failure = fail(Errc::shutting_down, {});
      co_await association_.abort(failure);
      co_return failure;
    }
    const Waiting waiting = operation_.is_running() ? Waiting::for_answer : Waiting::for_message;
    auto event = co_await exchange_->next_event(waiting);
    if (!event) co_return event.error();
    if (!*event) {
      co_await release();
      co_return Result<void>();
    }
    // Between two messages the assembler gives nothing but commands.
    auto dispatched = co_await dispatch(std::move(std::get<CommandReceived>(**event)));
    if (!dispatched) {
      co_await association_.abort(dispatched.error());
      co_return dispatched.error();
    }
  }
}

Task<void> AssociationServer::release() {
  operation_.cancel();
  co_await operation_.ended();
  const auto responded = co_await association_.respond_release();
  if (!responded) association_.log().event(Level::debug, "assoc.release_unanswered");
}

Task<Result<void>> AssociationServer::dispatch(CommandReceived received) {
  if (received.command.is_response()) co_return co_await take_response(std::move(received));
  if (received.command.command_field() == field_of(CommandField::c_cancel_rq))
    co_return co_await cancel(std::move(received));
  if (!received.command.us(CommandElement::message_id))
    co_return fail(Errc::malformed_command, "missing message id");
  // What stands behind this request could be the response that a C-GET waits for.
  if (operation_.is_waiting_for_response())
    co_return fail(Errc::unexpected_message, "request within a sub-operation");
  co_await operation_.ended();
  co_return co_await provide(std::move(received));
}

Task<Result<void>> AssociationServer::take_response(CommandReceived received) {
  const Failure unexpected = fail(Errc::unexpected_message, "response without a request");
  if (!operation_.is_waiting_for_response()) co_return unexpected;
  auto response = Response::from(received.command);
  if (!response) co_return response.error();
  const auto skipped = co_await exchange_->skip(received.command);
  if (!skipped) co_return skipped.error();
  if (!operation_.take(std::move(*response))) co_return unexpected;
  co_return Result<void>();
}

Task<Result<void>> AssociationServer::cancel(CommandReceived received) {
  const auto skipped = co_await exchange_->skip(received.command);
  if (!skipped) co_return skipped.error();
  const auto rq = CCancelRq::from(received.command);
  // What else it would cancel is done already.
  if (rq && operation_.is_running() && rq->message_id_being_responded_to == operation_.message_id())
    operation_.cancel();
  co_return Result<void>();
}

bool AssociationServer::has_provider(std::uint16_t command_field) const {
  const auto service = service_of(command_field);
  if (!service) return false;
  switch (*service) {
    case ServiceKind::find:
      return services_.find != nullptr;
    case ServiceKind::get:
    case ServiceKind::move:
      return services_.retrieve != nullptr;
    case ServiceKind::normalized:
      return services_.normalized != nullptr;
    case ServiceKind::storage:
    case ServiceKind::verification:
      return true;
  }
  return false;
}

Provision AssociationServer::provision() {
  return {*exchange_, operation_, info_, config_, granted_.max_instance_bytes};
}

Task<Result<void>> AssociationServer::provide(CommandReceived received) {
  const std::uint16_t field = received.command.command_field();
  if (!has_provider(field)) {
    association_.log().event(Level::warn, "assoc.unrecognized_operation", {{"command", hexadecimal(field)}});
    co_return co_await answer(provision(), std::move(received), status::unrecognized_operation, {});
  }
  if (field == field_of(CommandField::c_echo_rq)) {
    association_.log().event(Level::info, "assoc.echo");
    co_return co_await answer(provision(), std::move(received), status::success, {});
  }
  const AcceptedContext& context = *exchange_->negotiated().find(received.context);
  if (const char* why = misplaced(received.command, context)) {
    association_.log().event(Level::warn, "assoc.misplaced_request",
                             {{"command", hexadecimal(field)}, {"why", std::string(why)}});
    co_return co_await answer(provision(), std::move(received), status::sop_class_not_supported, why);
  }
  switch (context.service) {
    case ServiceKind::storage:
      co_return co_await provide_store(provision(), services_.store, std::move(received), stored_);
    case ServiceKind::normalized:
      co_return co_await provide_normalized(provision(), *services_.normalized, std::move(received));
    default:
      break;
  }
  if (!received.command.data_set_follows())
    co_return co_await answer(provision(), std::move(received), status::mistyped_argument, "no identifier");
  switch (context.service) {
    case ServiceKind::find:
      co_return co_await provide_find(provision(), *services_.find, std::move(received));
    case ServiceKind::get:
      co_return co_await provide_get(provision(), *services_.retrieve, std::move(received));
    default:
      co_return co_await provide_move(provision(), *services_.retrieve, std::move(received));
  }
}

Task<Result<void>> answer(Provision provision, CommandReceived received, std::uint16_t status,
                          std::string comment) {
  const auto skipped = co_await provision.exchange.skip(received.command);
  if (!skipped) co_return skipped.error();
  CommandSet response = response_to(received.command, status, comment);
  co_return co_await provision.exchange.send(received.context, std::move(response));
}

void AssociationServer::log_accepted() const {
  const auto accepted = std::to_string(exchange_->negotiated().contexts.size());
  association_.log().event(
      Level::info, "assoc.accept",
      {{"calling", info_.calling.value()},
       {"called", info_.called.value()},
       {"peer", info_.peer_address},
       {"peer_id", info_.peer_id},
       {"pcs", accepted + "/" + std::to_string(exchange_->negotiated().ac.presentation_contexts.size())},
       {"peer_max_pdu", std::int64_t{peer_max_pdu_bytes_}},
       {"implementation", printable(info_.implementation_class_uid.value())},
       {"version", info_.implementation_version_name}});
}

void AssociationServer::log_rejected(const AssociateRq& rq, const Reject& reject) const {
  association_.log().event(Level::warn, "assoc.reject",
                           {{"calling", printable(rq.titles.calling_ae().value())},
                            {"called", printable(rq.titles.called_ae().value())},
                            {"peer", info_.peer_address},
                            {"reason", numbers(reject)},
                            {"why", std::string(reject.why)}});
}

void AssociationServer::log_not_established(const Failure& failure) const {
  // A connection without a byte is a port scan or a load balancer's probe.
  const Level level = association_.has_received() ? Level::warn : Level::debug;
  association_.log().event(level, "assoc.not_established",
                           {{"peer", info_.peer_address}, {"why", failure.message()}});
}

void AssociationServer::log_end(const Result<void>& served) const {
  const Level level = served ? Level::info : Level::warn;
  association_.log().event(level, "assoc.end",
                           {{"how", std::string(name_of(association_.end()))},
                            {"stored", static_cast<std::int64_t>(stored_)},
                            {"odd_fragments", static_cast<std::int64_t>(exchange_->odd_fragments())},
                            {"why", served ? std::string() : served.error().message()}});
}

}  // namespace trialgate::dimse
