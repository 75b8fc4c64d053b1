#pragma once

#include "dimse/log.h"
#include "dimse/result.h"
#include "dimse/scp/access_policy.h"
#include "dimse/scp/services.h"
#include "dimse/task.h"
#include "dimse/ul/tls_context.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace trialgate::dimse {

/// How the node listens and what it grants every peer alike. All times are absolute deadlines, none is reset
/// by a byte.
struct AcceptorConfig {
  std::string address;                       ///< numeric address to bind; empty: all, IPv4 and IPv6
  std::uint16_t port = 11112;                ///< PS3.8 §9.1.1 registered port; 0: any free one
  std::uint32_t max_pdu_bytes = 128 * 1024;  ///< advertised Maximum-length-received; even, 4096 to 1 MiB
  std::size_t max_associations = 64;         ///< all peers together; more get RJ 2/3/2 unparsed
  std::size_t max_associations_per_address = 16;
  std::uint16_t max_operations_invoked =
      8;  ///< ceiling of an asynchronous operations window; processed in order
  std::chrono::milliseconds artim = std::chrono::seconds(30);  ///< PS3.8 §9.1.2; Sta2 and Sta13 only
  std::chrono::milliseconds idle = std::chrono::minutes(2);    ///< between two messages of an association
  std::chrono::milliseconds progress =
      std::chrono::seconds(30);                   ///< allowance of every message beside the rate floor
  std::uint32_t min_bytes_per_second = 8 * 1024;  ///< a message that is slower in the mean is cut off
  std::chrono::milliseconds response = std::chrono::minutes(2);  ///< to a C-STORE sub-operation of a C-GET
  /// What the next connection's TLS handshake goes by, which ARTIM limits too; called on any I/O thread, must
  /// not block and not give null. Not set: plain connections.
  std::function<std::shared_ptr<const TlsContext>()> tls;
};

/// Errors: local_limit naming the field that is out of its bounds.
[[nodiscard]] Result<AcceptorConfig> validate(AcceptorConfig config);

/// Accepts associations and serves C-ECHO, C-STORE and what `services` has beside them.
/// Each executor is an io_context served by exactly one thread; associations are pinned to them round robin.
/// The contexts outlive the Acceptor; the policy, the services and the log outlive the contexts. listen() and
/// stop_accepting() may be called from any thread.
class Acceptor {
 public:
  /// `executors` is not empty and `config` is valid.
  Acceptor(std::vector<boost::asio::any_io_executor> executors, AcceptorConfig config, AccessPolicy& policy,
           Services services, Log& log);
  /// Closes the listening socket. Associations that were not drained live until their contexts stop.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Binds and starts to accept; returns the port. Errors: what the system says, e.g. address in use.
  [[nodiscard]] Result<std::uint16_t> listen();

  /// First phase of a stop: no new association. Those that exist go on.
  void stop_accepting();

  /// Second phase: every association is ended after its present message, or after `grace` whatever it does,
  /// by A-ABORT. Completes when all are gone, so that no sink is alive. Implies stop_accepting().
  [[nodiscard]] Task<void> drain(std::chrono::milliseconds grace);

  [[nodiscard]] std::size_t open_associations() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace trialgate::dimse
