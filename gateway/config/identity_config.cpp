#include "gateway/config/identity_config.h"

#include "gateway/config/members.h"
#include "gateway/receive/passcode.h"

#include <array>

namespace trialgate::gateway {
namespace {

constexpr std::array<std::string_view, 3> algorithms{"HS256", "RS256", "ES256"};

JwtConfig read_jwt(const YAML::Node& yaml, const std::filesystem::path& folder, rules::YamlErrors& errors) {
  JwtConfig jwt;
  rules::YamlMap map(yaml, "jwt", errors);
  Members members(map, errors, folder);
  if (const auto algorithm = map.need("algorithm")) {
    if (const auto place = rules::read_word(*algorithm, "algorithm", algorithms, errors))
      jwt.algorithm = static_cast<JwtAlgorithm>(*place);
  }
  members.path("key_file", jwt.key_file);
  members.text("issuer", jwt.issuer);
  members.text("audience", jwt.audience);
  if (map.is_map() && (jwt.key_file.empty() || jwt.issuer.empty() || jwt.audience.empty()))
    errors.add(yaml, "jwt needs a key_file, an issuer and an audience");
  map.finish();
  return jwt;
}

}  // namespace

UserIdentityConfig read_user_identity(const YAML::Node& yaml, const std::filesystem::path& folder,
                                      rules::YamlErrors& errors) {
  UserIdentityConfig identity;
  rules::YamlMap map(yaml, "user_identity", errors);
  if (const auto users = map.take("users")) {
    rules::YamlMap names(*users, "users", errors);
    for (const rules::YamlMap::Entry& entry : names.take_rest()) {
      const auto hash = rules::read_text(entry.value, entry.name, errors);
      if (hash && !is_passcode_hash(*hash))
        errors.add(entry.value,
                   "that is no hash of a passcode; expected what trialgate hash-passcode prints");
      if (hash) identity.passcodes.emplace(entry.name, *hash);
    }
  }
  if (const auto jwt = map.take("jwt")) identity.jwt = read_jwt(*jwt, folder, errors);
  if (map.is_map() && identity.passcodes.empty() && !identity.jwt)
    errors.add(yaml, "user_identity needs users, jwt or both");
  map.finish();
  return identity;
}

}  // namespace trialgate::gateway
