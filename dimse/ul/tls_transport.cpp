#include "dimse/ul/tls_transport.h"

#include "dimse/ul/tcp_options.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace trialgate::dimse {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Two records of the largest size (RFC 8446 §5.1).
constexpr std::size_t input_bytes = 32 * 1024 + 512;

struct FreeSsl {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

/// One connection's TLS between two memories: what came from the socket, and what has to go there.
class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::ip::tcp::socket socket, std::shared_ptr<const TlsContext> context, std::string peer,
               AssociationLog log)
      : context_(std::move(context)),
        peer_(std::move(peer)),
        log_(log),
        socket_(std::move(socket)),
        ssl_(SSL_new(&context_->native())) {
    set_tcp_options(socket_);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_get_verify_mode(ssl_.get()), &TlsTransport::on_verified);
    if (context_->role() == TlsRole::acceptor) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      expect_peer();
    }
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;
  ~TlsTransport() override = default;

  Task<ReadResult> read_some(std::span<std::uint8_t> buffer) override {
    const error_code refused = co_await handshake();
    if (refused) co_return ReadResult{refused, 0};
    for (;;) {
      ERR_clear_error();
      std::size_t read = 0;
      int outcome = 1;
      // A record is at most 16 KiB: take all that are here.
      while (read < buffer.size() && outcome > 0) {
        const auto space = static_cast<int>(std::min<std::size_t>(buffer.size() - read, 1U << 30U));
        outcome = SSL_read(ssl_.get(), buffer.data() + read, space);
        if (outcome > 0) read += static_cast<std::size_t>(outcome);
      }
      if (read > 0) co_return ReadResult{{}, read};
      const int error = SSL_get_error(ssl_.get(), outcome);
      if (error == SSL_ERROR_ZERO_RETURN) co_return ReadResult{asio::error::eof, 0};
      if (error != SSL_ERROR_WANT_READ) co_return ReadResult{refuse(), 0};
      const error_code failed = co_await receive();
      if (failed) co_return ReadResult{failed, 0};
    }
  }

  Task<error_code> write(std::span<const std::uint8_t> bytes) override {
    const error_code refused = co_await handshake();
    if (refused) co_return refused;
    if (!encrypt(bytes)) co_return refuse();
    co_return co_await flush();
  }

  void write_now(std::span<const std::uint8_t> bytes) noexcept override {
    if (is_writable() && encrypt(bytes)) flush_now();
  }

  void shutdown_send() noexcept override {
    say_goodbye();
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void close() noexcept override {
    say_goodbye();
    error_code ignored;
    socket_.close(ignored);
  }

  asio::any_io_executor executor() override { return socket_.get_executor(); }

  const TlsCertificate* peer_certificate() const noexcept override {
    return peer_certificate_ ? &*peer_certificate_ : nullptr;
  }

  std::string refusal() const override { return refusal_; }

 private:
  static int on_verified(int trusted, X509_STORE_CTX* verified) {
    const auto* const ssl =
        static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verified, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (trusted == 0) static_cast<TlsTransport*>(SSL_get_app_data(ssl))->note_untrusted(verified);
    return trusted;
  }

  void note_untrusted(X509_STORE_CTX* verified) {
    refusal_ = X509_verify_cert_error_string(X509_STORE_CTX_get_error(verified));
    if (const X509* certificate = X509_STORE_CTX_get_current_cert(verified))
      subject_ = describe_certificate(*certificate).subject;
  }

  /// RFC 9525: the certificate must be made for the peer that was asked for.
  void expect_peer() {
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    error_code not_numeric;
    asio::ip::make_address(peer_, not_numeric);
    const int set = not_numeric ? X509_VERIFY_PARAM_set1_host(parameters, peer_.data(), peer_.size())
                                : X509_VERIFY_PARAM_set1_ip_asc(parameters, peer_.c_str());
    if (not_numeric) SSL_set_tlsext_host_name(ssl_.get(), peer_.c_str());
    if (set != 1) refusal_ = "no name or address that a certificate can be made for";
  }

  Task<error_code> handshake() {
    if (established_) co_return error_code();
    if (!refusal_.empty()) co_return make_error_code(Errc::tls_refused);
    for (;;) {
      ERR_clear_error();
      const int outcome = SSL_do_handshake(ssl_.get());
      if (outcome != 1 && SSL_get_error(ssl_.get(), outcome) != SSL_ERROR_WANT_READ) co_return refuse();
      const error_code unsent = co_await flush();
      if (unsent) co_return unsent;
      if (outcome == 1) break;
      const error_code failed = co_await receive();
      if (failed) co_return failed;
    }
    established_ = true;
    if (const X509* certificate = SSL_get0_peer_certificate(ssl_.get()))
      peer_certificate_ = describe_certificate(*certificate);
    log_established();
    co_return error_code();
  }

  /// From the socket into OpenSSL's memory.
  Task<error_code> receive() {
    if (!input_) input_ = std::make_unique_for_overwrite<std::uint8_t[]>(input_bytes);
    auto [error, count] = co_await socket_.async_read_some(asio::buffer(input_.get(), input_bytes), use_task);
    acknowledge_at_once(socket_);
    if (count > 0) BIO_write(SSL_get_rbio(ssl_.get()), input_.get(), static_cast<int>(count));
    co_return error;
  }

  [[nodiscard]] bool encrypt(std::span<const std::uint8_t> bytes) noexcept {
    ERR_clear_error();
    std::size_t written = 0;
    return bytes.empty() || SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
  }

  /// What OpenSSL has for the peer. What a read brings forth, an answer to a key update, waits for the next
  /// write: two coroutines must not write at once.
  [[nodiscard]] std::vector<std::uint8_t> take_output() {
    BIO* const output = SSL_get_wbio(ssl_.get());
    std::vector<std::uint8_t> bytes(BIO_ctrl_pending(output));
    if (!bytes.empty()) BIO_read(output, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  Task<error_code> flush() {
    const std::vector<std::uint8_t> bytes = take_output();
    if (bytes.empty()) co_return error_code();
    writing_ = true;
    auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes), use_task);
    writing_ = false;
    if (error) broken_ = true;
    co_return error;
  }

  /// What the system does not take at once is lost: for last words only.
  void flush_now() noexcept {
    const std::vector<std::uint8_t> bytes = take_output();
    if (bytes.empty() || writing_ || broken_ || !socket_.is_open()) return;
    const auto sent =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) broken_ = true;
  }

  [[nodiscard]] bool is_writable() const noexcept {
    return established_ && !broken_ && !writing_ && !said_goodbye_ && socket_.is_open();
  }

  /// close_notify (RFC 8446 §6.1), without waiting for the peer's.
  void say_goodbye() noexcept {
    if (!is_writable()) return;
    said_goodbye_ = true;
    ERR_clear_error();
    if (SSL_shutdown(ssl_.get()) >= 0) flush_now();
    ERR_clear_error();
  }

  /// After a failure of OpenSSL: the peer gets the alert, the log the reason.
  error_code refuse() {
    const char* const reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    if (refusal_.empty()) refusal_ = reason != nullptr ? reason : "unknown reason";
    flush_now();
    broken_ = true;
    log_.event(Level::warn, "tls.refused", {{"peer", peer_}, {"why", refusal_}, {"subject", subject_}});
    return make_error_code(Errc::tls_refused);
  }

  void log_established() const {
    std::string subject;
    std::string sha256;
    std::int64_t days = 0;
    if (peer_certificate_) {
      const auto left = peer_certificate_->expires - std::chrono::system_clock::now();
      subject = peer_certificate_->subject;
      sha256 = peer_certificate_->sha256;
      days = std::chrono::floor<std::chrono::days>(left).count();
    }
    log_.event(Level::info, "tls.established",
               {{"peer", peer_},
                {"protocol", std::string(SSL_get_version(ssl_.get()))},
                {"suite", std::string(SSL_get_cipher_name(ssl_.get()))},
                {"subject", std::move(subject)},
                {"sha256", std::move(sha256)},
                {"days_left", days}});
  }

  std::shared_ptr<const TlsContext> context_;
  std::string peer_;
  AssociationLog log_;
  asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::unique_ptr<std::uint8_t[]> input_;
  std::optional<TlsCertificate> peer_certificate_;
  std::string refusal_;
  std::string subject_;  ///< of the certificate that was not trusted
  bool established_ = false;
  bool broken_ = false;
  bool writing_ = false;
  bool said_goodbye_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_tls_transport(asio::ip::tcp::socket socket,
                                              std::shared_ptr<const TlsContext> context, std::string peer,
                                              AssociationLog log) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context), std::move(peer), log);
}

}  // namespace trialgate::dimse
