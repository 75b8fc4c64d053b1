#pragma once

#include "dimse/task.h"
#include "dimse/ul/tls_certificate.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace trialgate::dimse {

struct ReadResult {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

/// The byte stream under an association. One read and one write may be under way at the same time. close()
/// makes both complete with an error. Not thread-safe: everything on the association's executor.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Reads what there is, at least one byte.
  virtual Task<ReadResult> read_some(std::span<std::uint8_t> buffer) = 0;
  /// Writes all of one contiguous buffer.
  virtual Task<boost::system::error_code> write(std::span<const std::uint8_t> bytes) = 0;
  /// Gives `bytes` to the system if it takes them at once; for a last word before close().
  virtual void write_now(std::span<const std::uint8_t> bytes) noexcept = 0;
  /// Tells the peer that nothing more will come; reading goes on.
  virtual void shutdown_send() noexcept = 0;
  virtual void close() noexcept = 0;
  [[nodiscard]] virtual boost::asio::any_io_executor executor() = 0;
  /// With what the peer authenticated itself; null on a plain connection, and until the first read or write.
  [[nodiscard]] virtual const TlsCertificate* peer_certificate() const noexcept { return nullptr; }
  /// Why the two ends did not come to trust each other, for logs; empty if that is not what went wrong.
  [[nodiscard]] virtual std::string refusal() const { return {}; }
};

/// A plain TCP connection, with Nagle's delay off, delayed acknowledgements off and keep-alive on.
[[nodiscard]] std::unique_ptr<Transport> make_tcp_transport(boost::asio::ip::tcp::socket socket);

}  // namespace trialgate::dimse
