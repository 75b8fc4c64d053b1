#pragma once

#include "dimse/result.h"
#include "dimse/ul/tls_certificate.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

struct ssl_ctx_st;
struct x509_st;

namespace trialgate::dimse {

/// Which algorithms are spoken, always over TLS 1.2 and 1.3 only.
enum class TlsProfile {
  bcp195,           ///< PS3.15 §B.12: what RFC 9325 recommends, AES-GCM with ECDHE
  bcp195_modified,  ///< PS3.15 §B.13: beside these ChaCha20-Poly1305 and AES-CCM with ECDHE
};

enum class TlsRole { acceptor, requestor };

/// Whom we are and whom we trust, as the text of PEM files. An acceptor needs all but revocation_lists; a
/// requestor without certificate offers none.
struct TlsMaterial {
  std::string certificate_chain;  ///< our certificate first, then its intermediates
  std::string private_key;        ///< not encrypted
  std::string authorities;
  std::string revocation_lists;  ///< empty: revocation is not looked at; otherwise of every CA of a chain
};

/// All that the handshakes of one end have in common: immutable once made, shared by its connections on any
/// thread. The peer must have a certificate of one of the authorities, in force and not revoked; a revocation
/// list that is out of date refuses everyone. Nothing is resumed (no tickets, no session cache), so that a
/// revoked certificate is out at once; there is no renegotiation and no compression.
class TlsContext {
 public:
  /// Error: tls_unusable, naming what cannot be used.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(TlsRole role,
                                                                      const TlsMaterial& material,
                                                                      TlsProfile profile);

  [[nodiscard]] TlsRole role() const noexcept { return role_; }
  /// Our own; nullopt for a requestor that has none.
  [[nodiscard]] const std::optional<TlsCertificate>& certificate() const noexcept { return certificate_; }
  /// When the first of the revocation lists is out of date.
  [[nodiscard]] const std::optional<std::chrono::system_clock::time_point>& lists_expire() const noexcept {
    return lists_expire_;
  }
  /// For TlsTransport.
  [[nodiscard]] ssl_ctx_st& native() const noexcept { return *native_; }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  TlsContext(TlsRole role, ssl_ctx_st* native) : role_(role), native_(native) {}
  Result<void> set_algorithms(TlsProfile profile);
  Result<void> set_identity(const TlsMaterial& material);
  Result<void> set_authorities(const std::string& pem);
  Result<void> set_revocation_lists(const std::string& pem);

  TlsRole role_;
  std::unique_ptr<ssl_ctx_st, Free> native_;
  std::optional<TlsCertificate> certificate_;
  std::optional<std::chrono::system_clock::time_point> lists_expire_;
};

/// Reads out what is said of the subject.
[[nodiscard]] TlsCertificate describe_certificate(const x509_st& certificate);

}  // namespace trialgate::dimse
