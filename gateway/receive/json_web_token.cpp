#include "gateway/receive/json_web_token.h"

#include "gateway/config/key_file.h"
#include "gateway/receive/base64.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_token = 16 * 1024;
constexpr std::size_t shortest_secret = 32;  // RFC 7518 §3.2
constexpr std::size_t es256_half = 32;       // RFC 7518 §3.4
constexpr int least_rsa_bits = 2048;
constexpr std::chrono::seconds leeway{60};

constexpr std::string_view name_of(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs256:
      return "HS256";
    case JwtAlgorithm::rs256:
      return "RS256";
    case JwtAlgorithm::es256:
      return "ES256";
  }
  return {};
}

std::optional<json::object> object_in(std::string_view encoded) {
  const auto bytes = from_base64(encoded, true);
  if (!bytes) return std::nullopt;
  boost::system::error_code error;
  const json::value value =
      json::parse(std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return value.as_object();
}

bool is_text(const json::value* value, std::string_view wanted) {
  return value != nullptr && value->is_string() && std::string_view(value->as_string()) == wanted;
}

bool is_for(const json::value* audience, std::string_view wanted) {
  if (audience == nullptr || !audience->is_array()) return is_text(audience, wanted);
  return std::ranges::any_of(audience->as_array(),
                             [&](const json::value& one) { return is_text(&one, wanted); });
}

/// NumericDate (RFC 7519 §2).
std::optional<double> seconds_in(const json::value* value) {
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::system::error_code error;
  const double seconds = value->to_number<double>(error);
  return error ? std::nullopt : std::optional(seconds);
}

/// The two numbers of an ES256 signature as OpenSSL wants them.
std::vector<std::uint8_t> to_der(std::span<const std::uint8_t> signature) {
  if (signature.size() != 2 * es256_half) return {};
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> numbers(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(numbers.get(), BN_bin2bn(signature.data(), es256_half, nullptr),
                 BN_bin2bn(signature.data() + es256_half, es256_half, nullptr));
  const int size = i2d_ECDSA_SIG(numbers.get(), nullptr);
  std::vector<std::uint8_t> der(static_cast<std::size_t>(std::max(size, 0)));
  unsigned char* to = der.data();
  i2d_ECDSA_SIG(numbers.get(), &to);
  return der;
}

}  // namespace

void TokenVerifier::FreeKey::operator()(EVP_PKEY* key) const noexcept {
  EVP_PKEY_free(key);
}

std::variant<std::shared_ptr<const TokenVerifier>, std::string> TokenVerifier::load(const JwtConfig& config) {
  std::shared_ptr<TokenVerifier> verifier(new TokenVerifier());
  verifier->config_ = config;
  const std::string file = config.key_file.string();
  if (config.algorithm == JwtAlgorithm::hs256) {
    auto read = read_private_file(config.key_file, "the key file of tokens");
    if (auto* problem = std::get_if<std::string>(&read)) return std::move(*problem);
    verifier->secret_ = std::move(std::get<std::vector<std::uint8_t>>(read));
    if (verifier->secret_.size() < shortest_secret)
      return "the key file of tokens " + file + " is too short; expected at least 32 random bytes";
    return std::shared_ptr<const TokenVerifier>(std::move(verifier));
  }
  std::ifstream input(config.key_file, std::ios::binary);
  const std::string pem{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                BIO_free);
  verifier->public_key_.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  const EVP_PKEY* const key = verifier->public_key_.get();
  if (key == nullptr) return "the key file of tokens " + file + " holds no public key (PEM)";
  const bool fits = config.algorithm == JwtAlgorithm::rs256
                        ? EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= least_rsa_bits
                        : EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == 256;
  if (!fits) {
    return "the key in " + file + " is not one of " + std::string(name_of(config.algorithm)) +
           "; expected RSA of 2048 bits or more for RS256, P-256 for ES256";
  }
  return std::shared_ptr<const TokenVerifier>(std::move(verifier));
}

bool TokenVerifier::is_signed(std::string_view content, std::span<const std::uint8_t> signature) const {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(content.data());
  if (config_.algorithm == JwtAlgorithm::hs256) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> wanted{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes, content.size(), wanted.data(),
         &size);
    return size != 0 && signature.size() == size && CRYPTO_memcmp(signature.data(), wanted.data(), size) == 0;
  }
  std::vector<std::uint8_t> der;
  if (config_.algorithm == JwtAlgorithm::es256) {
    der = to_der(signature);
    signature = der;
  }
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool verified =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, public_key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes, content.size()) == 1;
  ERR_clear_error();
  return verified;
}

TokenVerifier::Verdict TokenVerifier::verify(std::string_view token,
                                             std::chrono::system_clock::time_point now) const {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (token.size() > longest_token || second == std::string_view::npos) return {false, "no signed token"};
  const auto header = object_in(token.substr(0, first));
  const auto signature = from_base64(token.substr(second + 1), true);
  if (!header || !signature) return {false, "no signed token"};
  // The algorithm is ours to say, not the token's (RFC 8725 §3.1).
  if (!is_text(header->if_contains("alg"), name_of(config_.algorithm))) return {false, "another algorithm"};
  if (header->contains("crit")) return {false, "a critical header that is not understood"};
  if (!is_signed(token.substr(0, second), *signature)) return {false, "the signature is wrong"};
  const auto claims = object_in(token.substr(first + 1, second - first - 1));
  if (!claims) return {false, "no claims"};
  if (!is_text(claims->if_contains("iss"), config_.issuer)) return {false, "another issuer"};
  if (!is_for(claims->if_contains("aud"), config_.audience)) return {false, "another audience"};
  const double at = static_cast<double>(std::chrono::system_clock::to_time_t(now));
  const double slack = static_cast<double>(leeway.count());
  const auto expires = seconds_in(claims->if_contains("exp"));
  if (!expires || at > *expires + slack) return {false, "expired, or without exp"};
  if (const json::value* begins = claims->if_contains("nbf")) {
    const auto from = seconds_in(begins);
    if (!from || at < *from - slack) return {false, "not valid yet"};
  }
  const json::value* subject = claims->if_contains("sub");
  return {true,
          subject != nullptr && subject->is_string() ? std::string(subject->as_string()) : std::string()};
}

}  // namespace trialgate::gateway
