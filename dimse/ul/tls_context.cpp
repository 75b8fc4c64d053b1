#include "dimse/ul/tls_context.h"

#include "dimse/ul/association_log.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

namespace trialgate::dimse {
namespace {

using std::chrono::system_clock;

template <auto free>
struct Free {
  template <class T>
  void operator()(T* pointer) const noexcept {
    free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

constexpr std::size_t longest_subject = 200;

// PS3.15 §B.12 by RFC 9325 §4.2.
constexpr const char* suites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* suites_13 = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
// PS3.15 §B.13. Of its list OpenSSL does not have Camellia in GCM mode, and the suites with a tag of 8 bytes
// (CCM_8) fall short of the security level.
constexpr const char* modified_suites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-CCM:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-CCM";
constexpr const char* modified_suites_13 =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256";
constexpr const char* groups = "X25519:P-256:P-384:P-521";
constexpr const char* signatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
/// OpenSSL's scale: at least 112 bits, so RSA of 2048 bits and more, and no SHA-1 in a signature.
constexpr int security_level = 2;

/// The newest of OpenSSL's errors of this thread; none is left behind for whoever comes next.
Failure unusable(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return fail(Errc::tls_unusable, reason == nullptr ? what : what + " (" + reason + ")");
}

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

/// Every certificate in `pem`; nothing if one of them cannot be read.
std::vector<Certificate> certificates_in(const std::string& pem) {
  std::vector<Certificate> found;
  const Bio bio = reader(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
    found.emplace_back(certificate);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) return {};
  ERR_clear_error();
  return found;
}

system_clock::time_point to_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return system_clock::from_time_t(timegm(&parts));
}

std::string to_utf8(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, value);
  if (length < 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return text;
}

std::string subject_of(const X509& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  const auto size = std::min(static_cast<std::size_t>(std::max(length, 0L)), longest_subject);
  return printable(std::string_view(text, size));
}

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> all;
  const X509_NAME* subject = X509_get_subject_name(&certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
    all.push_back(to_utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  const Names alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int at = 0; at < sk_GENERAL_NAME_num(alternatives.get()); ++at) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), at);
    if (name->type == GEN_DNS) all.push_back(to_utf8(name->d.dNSName));
  }
  return all;
}

}  // namespace

TlsCertificate describe_certificate(const X509& certificate) {
  TlsCertificate described;
  described.subject = subject_of(certificate);
  described.names = names_of(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &length) == 1) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (unsigned int i = 0; i < length; ++i) {
      described.sha256 += digits[digest[i] >> 4];
      described.sha256 += digits[digest[i] & 15U];
    }
  }
  described.expires = to_time(X509_get0_notAfter(&certificate));
  return described;
}

void TlsContext::Free::operator()(SSL_CTX* context) const noexcept {
  SSL_CTX_free(context);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(TlsRole role, const TlsMaterial& material,
                                                           TlsProfile profile) {
  ERR_clear_error();
  SSL_CTX* const native = SSL_CTX_new(TLS_method());
  if (native == nullptr) return unusable("library");
  std::shared_ptr<TlsContext> context(new TlsContext(role, native));
  if (auto set = context->set_algorithms(profile); !set) return set.error();
  if (auto set = context->set_identity(material); !set) return set.error();
  if (auto set = context->set_authorities(material.authorities); !set) return set.error();
  if (auto set = context->set_revocation_lists(material.revocation_lists); !set) return set.error();
  return std::shared_ptr<const TlsContext>(std::move(context));
}

Result<void> TlsContext::set_algorithms(TlsProfile profile) {
  SSL_CTX* const ssl = native_.get();
  const bool modified = profile == TlsProfile::bcp195_modified;
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_security_level(ssl, security_level);
  const bool set =
      SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
      SSL_CTX_set_cipher_list(ssl, modified ? modified_suites : suites) == 1 &&
      SSL_CTX_set_ciphersuites(ssl, modified ? modified_suites_13 : suites_13) == 1 &&
      SSL_CTX_set1_groups_list(ssl, groups) == 1 && SSL_CTX_set1_sigalgs_list(ssl, signatures) == 1;
  if (!set) return unusable("algorithms");
  return {};
}

Result<void> TlsContext::set_identity(const TlsMaterial& material) {
  if (role_ == TlsRole::requestor && material.certificate_chain.empty()) return {};
  SSL_CTX* const ssl = native_.get();
  const std::vector<Certificate> chain = certificates_in(material.certificate_chain);
  if (chain.empty()) return unusable("certificate file holds no certificate");
  if (SSL_CTX_use_certificate(ssl, chain.front().get()) != 1) return unusable("certificate");
  for (auto intermediate = chain.begin() + 1; intermediate != chain.end(); ++intermediate) {
    if (SSL_CTX_add1_chain_cert(ssl, intermediate->get()) != 1) return unusable("intermediate certificate");
  }
  const Bio bio = reader(material.private_key);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return unusable("private key cannot be read; expected PEM without a pass phrase");
  if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1 || SSL_CTX_check_private_key(ssl) != 1)
    return unusable("private key is not that of the certificate");
  certificate_ = describe_certificate(*chain.front());
  return {};
}

Result<void> TlsContext::set_authorities(const std::string& pem) {
  SSL_CTX* const ssl = native_.get();
  const std::vector<Certificate> authorities = certificates_in(pem);
  if (authorities.empty()) return unusable("CA file holds no certificate");
  for (const Certificate& authority : authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), authority.get()) != 1)
      return unusable("certificate in the CA file");
    if (role_ == TlsRole::acceptor && SSL_CTX_add_client_CA(ssl, authority.get()) != 1)
      return unusable("certificate in the CA file");
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

Result<void> TlsContext::set_revocation_lists(const std::string& pem) {
  if (pem.empty()) return {};
  X509_STORE* const store = SSL_CTX_get_cert_store(native_.get());
  const Bio bio = reader(pem);
  while (const RevocationList list{PEM_read_bio_X509_CRL(bio.get(), nullptr, no_passphrase, nullptr)}) {
    if (X509_STORE_add_crl(store, list.get()) != 1) return unusable("revocation list");
    const auto next = to_time(X509_CRL_get0_nextUpdate(list.get()));
    lists_expire_ = lists_expire_ ? std::min(*lists_expire_, next) : next;
  }
  if (!lists_expire_ || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return unusable("CRL file holds no revocation list, or one that cannot be read");
  ERR_clear_error();
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

}  // namespace trialgate::dimse
