#include "gateway/config/stow_config.h"

#include "gateway/config/members.h"
#include "gateway/config/network_block.h"

namespace trialgate::gateway {
namespace {

/// The host in a URL after its scheme.
std::string host_of(std::string rest) {
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

void check_url(const YAML::Node& yaml, const std::string& url, bool allow_plain, rules::YamlErrors& errors) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) {
    errors.add(yaml, "stow has no url; expected that of a DICOMweb service, https://...");
    return;
  }
  if (url.find('@') != std::string::npos || url.find_first_of("?# ") != std::string::npos)
    errors.add(yaml, "url holds more than a place; user and password_file are keys of their own");
  const std::string host = host_of(url.substr(url.find("//") + 2));
  if (host.empty()) errors.add(yaml, "url names no host");
  if (!secure && !is_loopback(host) && !allow_plain)
    errors.add(yaml, "host '" + host + "' is on another machine; expected https");
}

}  // namespace

StowConfig read_stow(const YAML::Node& yaml, const std::filesystem::path& folder, rules::YamlErrors& errors) {
  StowConfig stow;
  bool allow_plain = false;
  rules::YamlMap map(yaml, "stow", errors);
  Members members(map, errors, folder);
  members.text("url", stow.url);
  members.flag("allow_plain", allow_plain);
  members.path("ca_file", stow.ca_file);
  members.path("certificate_file", stow.certificate_file);
  members.path("key_file", stow.key_file);
  members.text("user", stow.user);
  members.path("password_file", stow.password_file);
  members.path("bearer_token_file", stow.bearer_token_file);
  std::uint32_t mebibytes = 64;
  members.integer("request_mib", mebibytes, 1, 1024);
  stow.request_bytes = std::uint64_t{mebibytes} << 20;
  map.finish();
  while (stow.url.ends_with('/')) stow.url.pop_back();
  if (!map.is_map()) return stow;
  check_url(yaml, stow.url, allow_plain, errors);
  if (stow.certificate_file.empty() != stow.key_file.empty())
    errors.add(yaml, "certificate_file and key_file belong together");
  if (stow.user.empty() != stow.password_file.empty())
    errors.add(yaml, "user and password_file belong together");
  if (!stow.user.empty() && !stow.bearer_token_file.empty())
    errors.add(yaml, "user and bearer_token_file exclude each other");
  return stow;
}

}  // namespace trialgate::gateway
