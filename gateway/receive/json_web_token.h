#pragma once

#include "gateway/config/identity_config.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

struct evp_pkey_st;

namespace trialgate::gateway {

/// Checks JSON Web Tokens (RFC 7519) that one issuer signs for one audience. Immutable; any thread.
class TokenVerifier {
 public:
  /// Reads the key; a text says what is wrong with it.
  [[nodiscard]] static std::variant<std::shared_ptr<const TokenVerifier>, std::string> load(
      const JwtConfig& config);

  /// The token's subject, or what is wrong with it; the text names no value of the token. The signature,
  /// `alg`, `iss`, `aud` and `exp` must be right, and `nbf` if it is there, with a minute's leeway.
  struct Verdict {
    bool accepted = false;
    std::string text;
  };
  [[nodiscard]] Verdict verify(std::string_view token, std::chrono::system_clock::time_point now) const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  TokenVerifier() = default;
  [[nodiscard]] bool is_signed(std::string_view content, std::span<const std::uint8_t> signature) const;

  JwtConfig config_;
  std::vector<std::uint8_t> secret_;                  ///< hs256
  std::unique_ptr<evp_pkey_st, FreeKey> public_key_;  ///< rs256, es256
};

}  // namespace trialgate::gateway
