#include "dimse/scu/requestor.h"

#include "dimse/scp/storage_sop_classes.h"
#include "dimse/scu/requestor_impl.h"

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

/// A data set that is in memory.
class BytesSource final : public InstanceSource {
 public:
  explicit BytesSource(std::span<const std::uint8_t> bytes) : size_(bytes.size()), left_(bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }
  Task<Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override {
    const auto piece = left_.first(std::min(at_most, left_.size()));
    left_ = left_.subspan(piece.size());
    co_return piece;
  }

 private:
  std::uint64_t size_;
  std::span<const std::uint8_t> left_;
};

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
                                                         std::vector<ProposedContext> contexts, Log& log) {
  const AssociationLog association_log(log, config.association_id);
  AssociationInfo info;
  info.id = config.association_id;
  info.calling = config.calling;
  info.called = config.called;
  info.peer_address = config.host;
  info.peer_port = config.port;
  if (auto failure = out_of_bounds(config, contexts)) co_return std::move(*failure);

  Connector connector(co_await boost::asio::this_coro::executor);
  auto socket = co_await connector.connect(config.host, config.port, config.connect);
  if (!socket) {
    log_failed(association_log, info, socket.error());
    co_return socket.error();
  }
  const std::size_t proposed = contexts.size();
  auto impl = std::make_shared<Impl>(std::move(config), make_tcp_transport(std::move(*socket)), info,
                                     association_log);
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
  const CEchoRq rq{impl_->next_message_id()};
  CommandSet request = rq.to_command_set();
  const auto response = co_await impl_->exchange(context->id, std::move(request), nullptr);
  if (!response) co_return response.error();
  co_return response->status;
}

Task<Result<StoreResponse>> Requestor::store(StoreOperation operation) {
  const OpenContext* context = impl_->find(operation.sop_class, &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (!operation.sop_instance.is_well_formed()) co_return fail(Errc::local_limit, "SOP Instance UID");
  if (operation.source->size_bytes() % 2 != 0)
    co_return fail(Errc::odd_length, operation.sop_instance.value());
  CStoreRq rq;
  rq.message_id = impl_->next_message_id();
  rq.affected_sop_class = operation.sop_class;
  rq.affected_sop_instance = operation.sop_instance;
  rq.priority = static_cast<std::uint16_t>(operation.priority);
  rq.move_originator = operation.move_originator;
  rq.move_originator_message_id = operation.move_originator_message_id;
  CommandSet request = rq.to_command_set();
  auto response = co_await impl_->exchange(context->id, std::move(request), operation.source);
  if (!response) co_return response.error();
  StoreResponse result;
  result.status = response->status;
  result.error_comment = std::move(response->error_comment);
  co_return result;
}

Task<Result<FindResponse>> Requestor::find(FindOperation operation) {
  const OpenContext* context = impl_->find(operation.sop_class, &operation.transfer_syntax);
  if (context == nullptr) co_return fail(Errc::no_presentation_context, operation.sop_class.value());
  if (operation.identifier.size() % 2 != 0) co_return fail(Errc::odd_length, "identifier");
  CFindRq rq;
  rq.message_id = impl_->next_message_id();
  rq.affected_sop_class = operation.sop_class;
  CommandSet request = rq.to_command_set();
  FindResponse result;
  BytesSource identifier(operation.identifier);
  Impl::Matches matches{result.matches, operation.max_matches};
  auto response = co_await impl_->exchange(context->id, std::move(request), &identifier, &matches);
  if (!response) co_return response.error();
  result.status = response->status;
  result.error_comment = std::move(response->error_comment);
  co_return result;
}

Task<Result<void>> Requestor::release() {
  return impl_->release();
}

void Requestor::abort() {
  impl_->abort_now();
}

}  // namespace trialgate::dimse
