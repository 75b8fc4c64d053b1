#include "dimse/scp/association_server.h"

#include "dimse/status.h"
#include "dimse/ul/failure_map.h"

#include <algorithm>
#include <string>
#include <utility>

namespace trialgate::dimse {
namespace {

// Responses are a few hundred bytes.
constexpr std::size_t response_buffer_bytes = 4096;

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

bool is_usable_instance_uid(const Uid& uid) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  return !uid.empty() && uid.value().size() <= 64 &&
         std::all_of(uid.value().begin(), uid.value().end(), printable);
}

}  // namespace

AssociationServer::AssociationServer(Association& association, AssociationInfo info, std::uint16_t local_port,
                                     const AcceptorConfig& config, AccessPolicy& policy,
                                     StoreService& service, Quota& quota)
    : association_(association),
      info_(std::move(info)),
      local_port_(local_port),
      config_(config),
      policy_(policy),
      service_(service),
      quota_(quota) {}

Task<void> AssociationServer::run() {
  const bool established = co_await establish();
  if (!established) co_return;
  const EndNotice notice(service_, info_, association_);
  const auto served = co_await serve();
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
  if (granted_.max_associations) {
    auto unit = quota_.take("peer " + granted_.peer_id, *granted_.max_associations);
    if (!unit) return Reject::local_limit_exceeded();
    peer_unit_.emplace(std::move(*unit));
  }
  peer_max_pdu_bytes_ = rq.user_information.max_length.value_or(default_max_pdu_bytes);
  auto writer = FragmentWriter::create(response_buffer_bytes, peer_max_pdu_bytes_);
  if (!writer) return Reject::no_reason_given();
  writer_.emplace(std::move(*writer));
  return std::nullopt;
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
  if (const auto rejected = decide(rq)) {
    log_rejected(rq, *rejected);
    const AssociateRj rj{rejected->result, rejected->source, rejected->reason};
    co_await association_.reject(rj);
    co_return false;
  }
  negotiated_ = negotiate(rq, granted_.contexts, config_.max_pdu_bytes, config_.max_operations_invoked);
  assembler_.emplace(negotiated_.accepted_ids());
  log_accepted();
  const auto accepted = co_await association_.accept(negotiated_.ac);
  if (!accepted) log_not_established(accepted.error());
  co_return accepted.has_value();
}

Task<Result<std::optional<MessageEvent>>> AssociationServer::next_event() {
  for (;;) {
    const Waiting waiting = assembler_->in_message() ? Waiting::for_rest : Waiting::for_message;
    auto indication = co_await association_.receive(waiting);
    if (!indication) co_return indication.error();
    if (std::holds_alternative<ReleaseIndicated>(*indication) && !assembler_->in_message()) {
      const auto responded = co_await association_.respond_release();
      if (!responded) association_.log().event(Level::debug, "assoc.release_unanswered");
      co_return std::nullopt;
    }
    Failure failure = fail(Errc::unexpected_message, "release within a message");
    if (const auto* fragment = std::get_if<PdvFragment>(&*indication)) {
      auto event = assembler_->add(*fragment);
      if (event && *event) co_return std::move(*event);
      if (event) continue;
      failure = event.error();
    }
    co_await association_.abort(failure);
    co_return failure;
  }
}

Task<Result<void>> AssociationServer::serve() {
  for (;;) {
    if (association_.stop_requested()) {
      const Failure failure = fail(Errc::shutting_down, {});
      co_await association_.abort(failure);
      co_return failure;
    }
    auto event = co_await next_event();
    if (!event) co_return event.error();
    if (!*event) co_return Result<void>();
    // Between two messages the assembler gives nothing but commands.
    auto dispatched = co_await dispatch(std::move(std::get<CommandReceived>(**event)));
    if (!dispatched) {
      co_await association_.abort(dispatched.error());
      co_return dispatched.error();
    }
  }
}

Task<Result<void>> AssociationServer::dispatch(CommandReceived received) {
  const std::uint16_t field = received.command.command_field();
  if (received.command.is_response()) co_return fail(Errc::unexpected_message, "response without a request");
  if (field == static_cast<std::uint16_t>(CommandField::c_store_rq))
    co_return co_await store(std::move(received));

  if (received.command.data_set_follows()) {
    std::optional<Failure> none;
    const auto read = co_await read_data_set(nullptr, none);
    if (!read) co_return read.error();
  }
  // What it would cancel is done already: operations are processed one after the other.
  if (field == static_cast<std::uint16_t>(CommandField::c_cancel_rq)) co_return Result<void>();
  if (!received.command.us(CommandElement::message_id))
    co_return fail(Errc::malformed_command, "missing message id");

  const bool echo = field == static_cast<std::uint16_t>(CommandField::c_echo_rq);
  association_.log().event(echo ? Level::info : Level::warn,
                           echo ? "assoc.echo" : "assoc.unrecognized_operation",
                           {{"command", hexadecimal(field)}});
  CommandSet response =
      response_to(received.command, echo ? status::success : status::unrecognized_operation);
  co_return co_await respond(received.context, std::move(response));
}

std::optional<StoreOutcome> AssociationServer::refuse(const CommandSet& command, const CStoreRq& rq,
                                                      const AcceptedContext& context) {
  if (!command.data_set_follows()) return StoreOutcome{status::mistyped_argument, "no data set"};
  if (rq.affected_sop_class != context.abstract_syntax ||
      context.abstract_syntax.value() == verification_sop_class)
    return StoreOutcome{status::sop_class_not_supported, "not the SOP class of the presentation context"};
  if (!is_usable_instance_uid(rq.affected_sop_instance))
    return StoreOutcome{status::invalid_sop_instance, "Affected SOP Instance UID"};
  return std::nullopt;
}

Task<Result<void>> AssociationServer::store(CommandReceived received) {
  const auto rq = CStoreRq::from(received.command);
  if (!rq) co_return rq.error();
  const AcceptedContext& context = *negotiated_.find(received.context);
  std::optional<StoreOutcome> outcome = refuse(received.command, *rq, context);
  std::unique_ptr<InstanceSink> sink;
  if (!outcome) {
    StoreRequest request{
        info_,          rq->affected_sop_class, rq->affected_sop_instance,     context.transfer_syntax,
        rq->message_id, rq->move_originator,    rq->move_originator_message_id};
    StoreBegin begun = co_await service_.begin(std::move(request));
    if (auto* refused = std::get_if<StoreOutcome>(&begun)) {
      outcome = std::move(*refused);
    } else {
      sink = std::move(std::get<std::unique_ptr<InstanceSink>>(begun));
    }
  }
  if (received.command.data_set_follows()) {
    std::optional<Failure> sink_failure;
    const auto read = co_await read_data_set(sink.get(), sink_failure);
    if (!read) co_return read.error();
    if (sink_failure) outcome = StoreOutcome{peer_answer(*sink_failure).status, {}};
  }
  if (!outcome) {
    outcome = co_await sink->finish();
  }
  sink.reset();
  log_stored(*rq, context, *outcome);
  if (classify(outcome->status) == StatusClass::success) ++stored_;
  CommandSet response = response_to(received.command, outcome->status, outcome->error_comment);
  co_return co_await respond(received.context, std::move(response));
}

Task<Result<void>> AssociationServer::read_data_set(InstanceSink* sink,
                                                    std::optional<Failure>& sink_failure) {
  std::uint64_t bytes = 0;
  for (;;) {
    const auto event = co_await next_event();
    if (!event) co_return event.error();
    const auto& data =
        std::get<DataSetBytes>(**event);  // the assembler gives no command before the data set's end
    bytes += data.bytes.size();
    if (sink != nullptr && !sink_failure && bytes > granted_.max_instance_bytes)
      sink_failure = fail(Errc::out_of_resources, "longest instance allowed");
    if (sink != nullptr && !sink_failure && !data.bytes.empty()) {
      const auto written = co_await sink->write(data.bytes);
      if (!written) sink_failure = written.error();
    }
    if (data.last) break;
  }
  if (sink_failure)
    association_.log().event(Level::error, "instance.not_written", {{"why", sink_failure->message()}});
  co_return Result<void>();
}

Task<Result<void>> AssociationServer::respond(PresentationContextId context, CommandSet response) {
  const auto bytes = response.encode();
  writer_->clear();
  writer_->add_command(context, bytes);
  co_return co_await association_.send_p_data(writer_->pending());
}

void AssociationServer::log_accepted() const {
  const auto accepted = std::to_string(negotiated_.contexts.size());
  association_.log().event(
      Level::info, "assoc.accept",
      {{"calling", info_.calling.value()},
       {"called", info_.called.value()},
       {"peer", info_.peer_address},
       {"peer_id", info_.peer_id},
       {"pcs", accepted + "/" + std::to_string(negotiated_.ac.presentation_contexts.size())},
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
                            {"odd_fragments", static_cast<std::int64_t>(assembler_->odd_fragments())},
                            {"why", served ? std::string() : served.error().message()}});
}

void AssociationServer::log_stored(const CStoreRq& rq, const AcceptedContext& context,
                                   const StoreOutcome& outcome) const {
  const Level level = classify(outcome.status) == StatusClass::success ? Level::info : Level::warn;
  association_.log().event(level, "instance.store",
                           {{"sop_instance", printable(rq.affected_sop_instance.value())},
                            {"sop_class", printable(rq.affected_sop_class.value())},
                            {"transfer_syntax", context.transfer_syntax.value()},
                            {"status", hexadecimal(outcome.status)}});
}

}  // namespace trialgate::dimse
