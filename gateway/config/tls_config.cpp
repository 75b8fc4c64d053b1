#include "gateway/config/tls_config.h"

#include "dimse/scu/requestor.h"
#include "gateway/config/members.h"
#include "gateway/config/network_block.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace trialgate::gateway {
namespace {

constexpr std::string_view fingerprint_prefix = "sha256:";
constexpr std::array<std::string_view, 2> profiles{"bcp195", "bcp195_modified"};

void read_files(rules::YamlMap& map, TlsFiles& files, const std::filesystem::path& folder,
                rules::YamlErrors& errors) {
  Members members(map, errors, folder);
  members.path("certificate_file", files.certificate_file);
  members.path("key_file", files.key_file);
  members.path("ca_file", files.ca_file);
  members.path("crl_file", files.crl_file);
  if (const auto profile = map.take("profile")) {
    if (const auto place = rules::read_word(*profile, "profile", profiles, errors))
      files.profile = static_cast<dimse::TlsProfile>(*place);
  }
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

void TlsToPeer::apply(dimse::RequestorConfig& config) const {
  if (!identity) return;
  config.tls = identity->current();
  config.tls_server_name = server_name;
}

std::optional<TlsFiles> read_node_tls(const YAML::Node& yaml, const std::filesystem::path& folder,
                                      rules::YamlErrors& errors) {
  TlsFiles files;
  rules::YamlMap map(yaml, "tls", errors);
  read_files(map, files, folder, errors);
  map.finish();
  if (!map.is_map()) return std::nullopt;
  if (files.certificate_file.empty() || files.key_file.empty() || files.ca_file.empty())
    errors.add(yaml, "tls needs a certificate_file, a key_file and a ca_file");
  return files;
}

TlsToPeer read_tls_to_peer(const YAML::Node& yaml, NodeTls& node, const std::filesystem::path& folder,
                           rules::YamlErrors& errors) {
  TlsToPeer to_peer;
  TlsFiles files = node.files.value_or(TlsFiles{});
  if (yaml.IsScalar()) {
    if (!rules::read_flag(yaml, "tls", errors).value_or(false)) return to_peer;
  } else {
    rules::YamlMap map(yaml, "tls", errors);
    read_files(map, files, folder, errors);
    Members members(map, errors, folder);
    members.text("server_name", to_peer.server_name);
    map.finish();
  }
  if (files.ca_file.empty()) errors.add(yaml, "tls has no ca_file, and the node has none either");
  if (files.certificate_file.empty() != files.key_file.empty())
    errors.add(yaml, "certificate_file and key_file belong together");
  to_peer.identity = node.identities.get(dimse::TlsRole::requestor, files);
  return to_peer;
}

TlsToPeer take_tls_to_peer(rules::YamlMap& map, const std::string& host, NodeTls& node,
                           const std::filesystem::path& folder, rules::YamlErrors& errors) {
  TlsToPeer to_peer;
  bool allow_plain = false;
  Members members(map, errors, folder);
  members.flag("allow_plain", allow_plain);
  if (const auto tls = map.take("tls")) to_peer = read_tls_to_peer(*tls, node, folder, errors);
  if (!host.empty() && !is_loopback(host) && !to_peer.identity && !allow_plain) {
    errors.add(map.node(), "host '" + host + "' is on another machine; expected tls, or allow_plain: true");
  }
  return to_peer;
}

bool is_certificate_binding(const std::string& text) {
  if (text.empty()) return false;
  if (!text.starts_with(fingerprint_prefix)) return true;
  return text.size() == fingerprint_prefix.size() + 64 &&
         std::all_of(text.begin() + fingerprint_prefix.size(), text.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

bool is_bound(const std::string& binding, const dimse::TlsCertificate& certificate) {
  const std::string wanted = lower(binding);
  if (wanted.starts_with(fingerprint_prefix))
    return wanted.substr(fingerprint_prefix.size()) == certificate.sha256;
  return std::ranges::any_of(certificate.names,
                             [&](const std::string& name) { return lower(name) == wanted; });
}

}  // namespace trialgate::gateway
