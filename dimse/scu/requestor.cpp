#include "dimse/scu/requestor.h"

#include "dimse/scp/storage_sop_classes.h"
#include "dimse/scu/requestor_impl.h"
#include "dimse/ul/tls_transport.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace trialgate::dimse {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_contexts = 128;

std::optional<Failure> out_of_bounds(const RequestorConfig& config,
                                     const std::vector<ProposedContext>& contexts) {
  const auto bad = [](const char* field) { return fail(Errc::local_limit, field); };
  if (!config.calling.is_valid()) return bad("calling AE title");
  if (!config.called.is_valid()) return bad("called AE title");
  if (config.max_pdu_bytes < 4096 || config.max_pdu_bytes > 1024 * 1024 || config.max_pdu_bytes % 2 != 0)
    return bad("max_pdu_bytes");
  if (config.min_bytes_per_second == 0) return bad("min_bytes_per_second");
  if (config.operations_window == 0) return bad("operations_window");
  if (contexts.empty() || contexts.size() > max_contexts) return bad("number of presentation contexts");
  for (const ProposedContext& context : contexts) {
    if (!context.abstract_syntax.is_well_formed() || context.transfer_syntaxes.empty())
      return bad("presentation context");
    for (const Uid& syntax : context.transfer_syntaxes) {
      if (!syntax.is_well_formed()) return bad("transfer syntax");
    }
  }
  return std::nullopt;
}

/// Name and TCP connection, both within `deadline`.
class Connector {
 public:
  explicit Connector(const boost::asio::any_io_executor& executor) : resolver_(executor), socket_(executor) {}

  Task<Result<tcp::socket>> connect(std::string host, std::uint16_t port,
                                    std::chrono::milliseconds deadline) {
    Watchdog watchdog(socket_.get_executor(), [this](Deadline) { give_up(); });
    watchdog.set(Deadline::associate, deadline);
    const std::string service = std::to_string(port);
    auto [resolve_error, endpoints] = co_await resolver_.async_resolve(host, service, use_task);
    if (watchdog.expired()) co_return fail(Errc::deadline_expired, "resolving " + host);
    if (resolve_error) co_return Failure{resolve_error, host};
    auto [connect_error, endpoint] = co_await boost::asio::async_connect(socket_, endpoints, use_task);
    if (watchdog.expired()) co_return fail(Errc::deadline_expired, "connecting to " + host + ":" + service);
    if (connect_error) co_return Failure{connect_error, host + ":" + service};
    co_return std::move(socket_);
  }

 private:
  void give_up() {
    error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
};

// All identifiers that one C-FIND collects.
constexpr std::size_t most_match_bytes = 64 * 1024 * 1024;

CommandSet request_with(CommandField field, bool data_set_follows) {
  CommandSet request;
  request.set_us(CommandElement::command_field, static_cast<std::uint16_t>(field));
  request.set_us(CommandElement::command_data_set_type, data_set_follows ? data_set_present : no_data_set);
  return request;
}

/// C-FIND, C-MOVE and C-GET: a query with its identifier.
CommandSet query_request(CommandField field, const Uid& sop_class, Priority priority) {
  CommandSet request = request_with(field, true);
  request.set_uid(CommandElement::affected_sop_class_uid, sop_class);
  request.set_us(CommandElement::priority, static_cast<std::uint16_t>(priority));
  return request;
}


/// PS3.7 §10.3: N-EVENT-REPORT and N-CREATE name what they are about as Affected, the others as Requested.
CommandSet normalized_request(const NormalizedOperation& operation) {
  const CommandField command = operation.command;
  CommandSet request = request_with(command, !operation.data_set.empty());
  const bool affected = command == CommandField::n_event_report_rq || command == CommandField::n_create_rq;
  request.set_uid(affected ? CommandElement::affected_sop_class_uid : CommandElement::requested_sop_class_uid,
                  operation.sop_class);
  if (!operation.sop_instance.empty()) {
    request.set_uid(
        affected ? CommandElement::affected_sop_instance_uid : CommandElement::requested_sop_instance_uid,
        operation.sop_instance);
  }
  if (command == CommandField::n_event_report_rq)
    request.set_us(CommandElement::event_type_id, operation.type_id);
  if (command == CommandField::n_action_rq) request.set_us(CommandElement::action_type_id, operation.type_id);
  if (command == CommandField::n_get_rq && !operation.attributes.empty())
    request.set_tags(CommandElement::attribute_identifier_list, operation.attributes);
  return request;
}

std::unique_ptr<Transport> transport_for(tcp::socket socket, const RequestorConfig& config,
                                         const AssociationLog& log) {
  if (!config.tls) return make_tcp_transport(std::move(socket));
  const std::string& name = config.tls_server_name.empty() ? config.host : config.tls_server_name;
  return make_tls_transport(std::move(socket), config.tls, name, log);
}

void log_opened(const AssociationLog& log, const AssociationInfo& info, std::size_t accepted,
                std::size_t proposed) {
  log.event(Level::info, "requestor.open",
            {{"calling", info.calling.value()},
             {"called", info.called.value()},
             {"peer", info.peer_address},
             {"pcs", std::to_string(accepted) + "/" + std::to_string(proposed)},
             {"implementation", printable(info.implementation_class_uid.value())},
             {"version", info.implementation_version_name}});
}

void log_failed(const AssociationLog& log, const AssociationInfo& info, const Failure& failure) {
  log.event(Level::warn, "requestor.not_opened",
            {{"called", info.called.value()}, {"peer", info.peer_address}, {"why", failure.message()}});
}

}  // namespace

Task<Result<std::unique_ptr<Requestor>>> Requestor::open(RequestorConfig config,
                                                         std::vector<ProposedContext> contexts, Log& log,
                                                         PeerServices services) {
  const AssociationLog association_log(log, config.association_id);
  AssociationInfo info;
  info.id = config.association_id;
  info.calling = config.calling;
  info.called = config.called;
  info.peer_address = config.host;
  info.peer_port = config.port;
  info.peer_id = config.peer_id;
  if (auto failure = out_of_bounds(config, contexts)) co_return std::move(*failure);

  Connector connector(co_await boost::asio::this_coro::executor);
  auto socket = co_await connector.connect(config.host, config.port, config.connect);
  if (!socket) {
    log_failed(association_log, info, socket.error());
    co_return socket.error();
  }
  const std::size_t proposed = contexts.size();
  auto transport = transport_for(std::move(*socket), config, association_log);
  auto impl =
      std::make_shared<Impl>(std::move(config), std::move(transport), info, association_log, services);
  const auto established = co_await impl->establish(std::move(contexts));
  if (!established) {
    log_failed(association_log, info, established.error());
    co_return established.error();
  }
  log_opened(association_log, impl->info(), impl->contexts().size(), proposed);
  co_return std::unique_ptr<Requestor>(new Requestor(std::move(impl)));
}

Requestor::Requestor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Requestor::~Requestor() {
  abort();
}

bool Requestor::accepts(const Uid& sop_class, const Uid& transfer_syntax) const {
  return impl_->find(sop_class, &transfer_syntax) != nullptr;
}

bool Requestor::is_scp_of(const Uid& sop_class) const {
  return std::ranges::any_of(impl_->contexts(), [&](const OpenContext& context) {
    return context.abstract_syntax == sop_class && context.scp;
  });
}

std::uint16_t Requestor::operations_window() const {
  return impl_->window();
}

std::vector<Uid> Requestor::accepted_transfer_syntaxes(const Uid& sop_class) const {
  std::vector<Uid> syntaxes;
  for (const OpenContext& context : impl_->contexts()) {
    if (context.abstract_syntax == sop_class) syntaxes.push_back(context.transfer_syntax);
  }
  return syntaxes;
}

bool Requestor::is_open() const {
  return impl_->is_open();
}

const AssociationInfo& Requestor::info() const {
  return impl_->info();
}

Task<Result<std::uint16_t>> Requestor::echo() {
  const OpenContext* context = impl_->find(Uid(std::string(verification_sop_class)), nullptr);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, "Verification");
  CommandSet request = CEchoRq().to_command_set();
  const auto answer = co_await impl_->exchange(context->id, std::move(request), nullptr);
  if (!answer) co_return answer.error();
  co_return answer->response.status;
}

Task<Result<StoreResponse>> Requestor::store(StoreOperation operation) {
  const OpenContext* context = impl_->find(operation.sop_class, &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (!operation.sop_instance.is_well_formed()) co_return fail(Errc::local_limit, "SOP Instance UID");
  if (operation.source->size_bytes() % 2 != 0)
    co_return fail(Errc::odd_length, operation.sop_instance.value());
  CStoreRq rq;
  rq.affected_sop_class = operation.sop_class;
  rq.affected_sop_instance = operation.sop_instance;
  rq.priority = static_cast<std::uint16_t>(operation.priority);
  rq.move_originator = operation.move_originator;
  rq.move_originator_message_id = operation.move_originator_message_id;
  CommandSet request = rq.to_command_set();
  auto answer = co_await impl_->exchange(context->id, std::move(request), operation.source);
  if (!answer) co_return answer.error();
  StoreResponse result;
  result.status = answer->response.status;
  result.error_comment = std::move(answer->response.error_comment);
  co_return result;
}

Task<Result<FindResponse>> Requestor::find(FindOperation operation) {
  const OpenContext* context = impl_->find(operation.sop_class, &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (operation.identifier.size() % 2 != 0) co_return fail(Errc::odd_length, "identifier");
  CommandSet request = query_request(CommandField::c_find_rq, operation.sop_class, operation.priority);
  BytesSource identifier(operation.identifier);
  FindResponse result;
  std::size_t bytes = 0;
  PendingHandler on_pending = [&](Answer match) -> Result<bool> {
    if (!match.response.data_set_follows)
      return fail(Errc::unexpected_message, "pending response without identifier");
    if (operation.on_match) return operation.on_match(std::move(match.data_set));
    bytes += match.data_set.size();
    if (result.matches.size() >= operation.max_matches || bytes > most_match_bytes)
      return fail(Errc::local_limit, "more matches than asked for");
    result.matches.push_back(std::move(match.data_set));
    return true;
  };
  auto answer = co_await impl_->exchange(context->id, std::move(request), &identifier, std::move(on_pending));
  if (!answer) co_return answer.error();
  result.status = answer->response.status;
  result.error_comment = std::move(answer->response.error_comment);
  co_return result;
}

Task<Result<RetrieveResponse>> Requestor::retrieve(RetrieveOperation operation) {
  const OpenContext* context = impl_->find(operation.sop_class, &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (operation.identifier.size() % 2 != 0) co_return fail(Errc::odd_length, "identifier");
  const CommandField field = operation.destination ? CommandField::c_move_rq : CommandField::c_get_rq;
  CommandSet request = query_request(field, operation.sop_class, operation.priority);
  if (operation.destination)
    request.set_text(CommandElement::move_destination, operation.destination->value());
  BytesSource identifier(operation.identifier);
  RetrieveResponse result;
  PendingHandler on_pending = [&](Answer pending) -> Result<bool> {
    result.sub_operations = pending.response.sub_operations.value_or(SubOperations());
    return !operation.progress || operation.progress(result.sub_operations);
  };
  auto answer = co_await impl_->exchange(context->id, std::move(request), &identifier, std::move(on_pending));
  if (!answer) co_return answer.error();
  result.status = answer->response.status;
  result.error_comment = std::move(answer->response.error_comment);
  if (answer->response.sub_operations) result.sub_operations = *answer->response.sub_operations;
  result.identifier = std::move(answer->data_set);
  co_return result;
}

Task<Result<NormalizedResult>> Requestor::perform(NormalizedOperation operation) {
  const bool any_syntax = operation.transfer_syntax.empty() && operation.data_set.empty();
  const OpenContext* context =
      impl_->find(operation.sop_class, any_syntax ? nullptr : &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (operation.data_set.size() % 2 != 0) co_return fail(Errc::odd_length, "data set");
  const PresentationContextId id = context->id;
  NormalizedResult result;
  result.transfer_syntax = context->transfer_syntax;
  CommandSet request = normalized_request(operation);
  BytesSource data_set(operation.data_set);
  auto answer =
      co_await impl_->exchange(id, std::move(request), operation.data_set.empty() ? nullptr : &data_set);
  if (!answer) co_return answer.error();
  result.status = answer->response.status;
  result.error_comment = std::move(answer->response.error_comment);
  result.sop_instance = answer->response.affected_sop_instance;
  result.data_set = std::move(answer->data_set);
  co_return result;
}

Task<Result<void>> Requestor::release() {
  return impl_->release();
}

void Requestor::abort() {
  impl_->abort_now();
}

}  // namespace trialgate::dimse
