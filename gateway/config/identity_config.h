#pragma once

#include "rules/trial/yaml_reader.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace trialgate::gateway {

/// How a JSON Web Token is signed (RFC 7518 §3.1).
enum class JwtAlgorithm { hs256, rs256, es256 };

/// Which JSON Web Tokens are taken.
struct JwtConfig {
  JwtAlgorithm algorithm = JwtAlgorithm::rs256;
  std::filesystem::path key_file;  ///< rs256, es256: public key, PEM; hs256: at least 32 bytes, chmod 600
  std::string issuer;              ///< `iss` must be this
  std::string audience;            ///< `aud` must be or hold this
};

/// What a peer must offer as user identity (PS3.7 §D.3.3.7): one of the users with the passcode (type 2), or
/// a token (type 5).
struct UserIdentityConfig {
  std::map<std::string, std::string> passcodes;  ///< user name to what `trialgate hash-passcode` printed
  std::optional<JwtConfig> jwt;
};

/// Reads `user_identity` of a peer: `users`, a map of names to hashes, and `jwt`.
[[nodiscard]] UserIdentityConfig read_user_identity(const YAML::Node& yaml,
                                                    const std::filesystem::path& folder,
                                                    rules::YamlErrors& errors);

}  // namespace trialgate::gateway
