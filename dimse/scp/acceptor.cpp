#include "dimse/scp/acceptor.h"

#include "dimse/pdu/encode.h"
#include "dimse/scp/association_server.h"
#include "dimse/scp/quota.h"
#include "dimse/ul/association.h"
#include "dimse/ul/task_group.h"
#include "dimse/ul/tls_transport.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace trialgate::dimse {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds refusal_deadline = std::chrono::seconds(5);
constexpr std::size_t max_refusals_under_way = 64;
constexpr std::chrono::milliseconds accept_retry = std::chrono::milliseconds(100);

std::string numeric(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

/// Over the limits: the request is read, so that the peer hears the answer, but not parsed.
Task<void> refuse(std::unique_ptr<Transport> transport, Quota::Unit /*unit*/) {
  const Watchdog::Clock::time_point until = Watchdog::Clock::now() + refusal_deadline;
  Watchdog watchdog(transport->executor(), [&transport](Deadline) { transport->close(); });
  watchdog.set(Deadline::artim, refusal_deadline);
  std::array<std::uint8_t, 1024> buffer;
  PduReader reader(0);
  bool answered = false;
  while (Watchdog::Clock::now() < until) {
    const ReadResult read = co_await transport->read_some(buffer);
    if (read.error) break;
    if (answered) continue;
    auto unread = std::span<const std::uint8_t>(buffer).first(read.bytes);
    const auto event = reader.next(unread);
    if (!event) break;
    if (!*event) continue;
    const Reject limit = Reject::local_limit_exceeded();
    const AssociateRj rj{limit.result, limit.source, limit.reason};
    const auto bytes = encode(rj);
    const auto error = co_await transport->write(bytes);
    if (error) break;
    transport->shutdown_send();
    answered = true;
  }
  transport->close();
}

}  // namespace

Result<AcceptorConfig> validate(AcceptorConfig config) {
  using std::chrono::milliseconds;
  const auto bad = [](const char* field) { return fail(Errc::local_limit, field); };
  if (config.max_pdu_bytes < 4096 || config.max_pdu_bytes > 1024 * 1024 || config.max_pdu_bytes % 2 != 0)
    return bad("max_pdu_bytes");
  if (config.max_associations == 0) return bad("max_associations");
  if (config.max_associations_per_address == 0) return bad("max_associations_per_address");
  if (config.max_operations_invoked == 0) return bad("max_operations_invoked");
  if (config.artim <= milliseconds(0)) return bad("artim");
  if (config.idle <= milliseconds(0)) return bad("idle");
  if (config.progress <= milliseconds(0)) return bad("progress");
  if (config.min_bytes_per_second == 0) return bad("min_bytes_per_second");
  if (config.response <= milliseconds(0)) return bad("response");
  if (!config.address.empty()) {
    error_code error;
    asio::ip::make_address(config.address, error);
    if (error) return bad("address");
  }
  return config;
}

struct Acceptor::State : std::enable_shared_from_this<State> {
  State(std::vector<asio::any_io_executor> on, AcceptorConfig with, AccessPolicy& who, Services what,
        Log& where)
      : executors(std::move(on)),
        config(std::move(with)),
        policy(who),
        services(what),
        log(where),
        listener(executors.front()),
        tasks(where),
        refusals(where) {}

  Result<std::uint16_t> open_listener();
  Task<void> accept_loop();
  void admit(tcp::socket socket);
  Task<void> serve(tcp::socket socket, AssociationInfo info, Quota::Unit total, Quota::Unit of_address);
  void for_each_association(void (*action)(Association&));
  Failure listen_failure(const error_code& error) const {
    return {error, "port " + std::to_string(config.port)};
  }

  const std::vector<asio::any_io_executor> executors;
  const AcceptorConfig config;
  AccessPolicy& policy;
  const Services services;
  Log& log;
  tcp::acceptor listener;  ///< used on executors.front() only, once listen() has returned
  std::uint16_t port = 0;
  Quota quota;
  TaskGroup tasks;
  TaskGroup refusals;  ///< hold nothing that a drain must wait for
  std::atomic<std::uint64_t> last_id{0};
  std::atomic<bool> accepting{false};
  std::size_t next_executor = 0;

  std::mutex mutex;
  std::map<std::uint64_t, std::weak_ptr<Association>> associations;  ///< guarded by mutex
};

Result<std::uint16_t> Acceptor::State::open_listener() {
  const bool any = config.address.empty();
  error_code error;
  tcp::endpoint endpoint(tcp::v6(), config.port);
  if (!any) endpoint = tcp::endpoint(asio::ip::make_address(config.address), config.port);
  listener.open(endpoint.protocol(), error);
  if (error && any) {
    // A host without IPv6.
    endpoint = tcp::endpoint(tcp::v4(), config.port);
    listener.open(endpoint.protocol(), error);
  }
  if (error) return listen_failure(error);
  listener.set_option(tcp::acceptor::reuse_address(true), error);
  if (any && endpoint.protocol() == tcp::v6()) listener.set_option(asio::ip::v6_only(false), error);
  listener.bind(endpoint, error);
  if (!error) listener.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = listener.local_endpoint(error).port();
  if (!error) return port;
  error_code ignored;
  listener.close(ignored);
  return listen_failure(error);
}

Task<void> Acceptor::State::accept_loop() {
  const auto self = shared_from_this();
  while (accepting) {
    auto [error, socket] = co_await listener.async_accept(executors[next_executor], use_task);
    if (!accepting) break;
    if (error) {
      // Out of file descriptors, or a peer that was gone before it was accepted: neither may end the service.
      const std::array<Field, 1> fields{Field{"why", error.message()}};
      log.event(Level::warn, "acceptor.accept_failed", fields);
      asio::steady_timer pause(executors.front(), accept_retry);
      [[maybe_unused]] const auto paused = co_await pause.async_wait(use_task);
      continue;
    }
    admit(std::move(socket));
    next_executor = (next_executor + 1) % executors.size();
  }
}

void Acceptor::State::admit(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  AssociationInfo info;
  info.id = ++last_id;
  info.peer_address = numeric(peer.address());
  info.peer_port = peer.port();
  const auto executor = socket.get_executor();
  auto total = quota.take("all", config.max_associations);
  auto of_address = quota.take("address " + info.peer_address, config.max_associations_per_address);
  if (total && of_address) {
    tasks.spawn(executor,
                serve(std::move(socket), std::move(info), std::move(*total), std::move(*of_address)));
    return;
  }
  AssociationLog(log, info.id)
      .event(Level::warn, "assoc.reject",
             {{"peer", info.peer_address},
              {"reason", "2/3/2"},
              {"limit", std::string(total ? "per address" : "total")}});
  // With TLS it would take a handshake to tell the peer.
  if (config.tls) return;
  if (auto unit = quota.take("refusals", max_refusals_under_way))
    refusals.spawn(executor, refuse(make_tcp_transport(std::move(socket)), std::move(*unit)));
}

Task<void> Acceptor::State::serve(tcp::socket socket, AssociationInfo info, Quota::Unit /*total*/,
                                  Quota::Unit /*of_address*/) {
  const auto self = shared_from_this();
  AssociationLimits limits;
  limits.max_pdu_bytes = config.max_pdu_bytes;
  limits.artim = config.artim;
  limits.idle = config.idle;
  limits.progress = config.progress;
  limits.min_bytes_per_second = config.min_bytes_per_second;
  const auto id = info.id;
  const AssociationLog association_log(log, id);
  auto transport =
      config.tls ? make_tls_transport(std::move(socket), config.tls(), info.peer_address, association_log)
                 : make_tcp_transport(std::move(socket));
  const auto association =
      std::make_shared<Association>(std::move(transport), Role::acceptor, limits, association_log);
  {
    const std::lock_guard lock(mutex);
    associations.emplace(id, association);
  }
  association->log().event(Level::debug, "assoc.connect", {{"peer", info.peer_address}});
  if (!accepting) association->request_stop();
  AssociationServer server(*association, std::move(info), port, config, policy, services, quota);
  co_await server.run();
  const std::lock_guard lock(mutex);
  associations.erase(id);
}

/// Runs `action` on the executor of each association that still lives then.
void Acceptor::State::for_each_association(void (*action)(Association&)) {
  const std::lock_guard lock(mutex);
  for (const auto& [id, weak] : associations) {
    const auto association = weak.lock();
    if (!association) continue;
    asio::post(association->executor(), [weak = weak, action] {
      if (const auto alive = weak.lock()) action(*alive);
    });
  }
}

Acceptor::Acceptor(std::vector<asio::any_io_executor> executors, AcceptorConfig config, AccessPolicy& policy,
                   Services services, Log& log)
    : state_(std::make_shared<State>(std::move(executors), std::move(config), policy, services, log)) {}

Acceptor::~Acceptor() {
  stop_accepting();
}

Result<std::uint16_t> Acceptor::listen() {
  auto port = state_->open_listener();
  if (!port) return port;
  state_->accepting = true;
  state_->tasks.spawn(state_->executors.front(), state_->accept_loop());
  return port;
}

void Acceptor::stop_accepting() {
  if (!state_->accepting.exchange(false)) return;
  asio::post(state_->executors.front(), [state = state_] {
    error_code ignored;
    state->listener.close(ignored);
  });
}

Task<void> Acceptor::drain(std::chrono::milliseconds grace) {
  const auto state = state_;
  stop_accepting();
  state->for_each_association([](Association& association) { association.request_stop(); });
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // The wait ends with the last task; this timer only cuts the rest short.
  timer.expires_after(grace);
  timer.async_wait([state](const error_code& error) {
    if (!error)
      state->for_each_association(
          [](Association& association) { association.abort_now(Errc::shutting_down); });
  });
  co_await state->tasks.wait();
}

std::size_t Acceptor::open_associations() const {
  const std::lock_guard lock(state_->mutex);
  return state_->associations.size();
}

}  // namespace trialgate::dimse
