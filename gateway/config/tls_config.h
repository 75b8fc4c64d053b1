#pragma once

#include "gateway/config/tls_identity.h"
#include "rules/trial/yaml_reader.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace trialgate::dimse {
struct RequestorConfig;
}

namespace trialgate::gateway {

/// TLS of the node itself, and all that its parts use. Without files no address can listen with TLS.
struct NodeTls {
  std::optional<TlsFiles> files;
  TlsIdentities identities;
  std::shared_ptr<TlsIdentity> acceptor;  ///< of the addresses that listen with TLS; null: none does
};

/// How the way to a peer is protected when we call it.
struct TlsToPeer {
  std::shared_ptr<TlsIdentity> identity;  ///< null: a plain connection
  std::string server_name;                ///< whom the peer's certificate must be made for; empty: its host

  /// For the next association.
  void apply(dimse::RequestorConfig& config) const;
};

/// Reads the section `tls` of the node: certificate_file, key_file, ca_file, crl_file, profile.
[[nodiscard]] std::optional<TlsFiles> read_node_tls(const YAML::Node& yaml,
                                                    const std::filesystem::path& folder,
                                                    rules::YamlErrors& errors);

/// Reads the key `tls` of a peer that we call, true or a map: files that it does not name are the node's.
[[nodiscard]] TlsToPeer read_tls_to_peer(const YAML::Node& yaml, NodeTls& node,
                                         const std::filesystem::path& folder, rules::YamlErrors& errors);
/// Takes the keys `tls` and `allow_plain`. A mistake: a `host` on another machine with neither of them.
[[nodiscard]] TlsToPeer take_tls_to_peer(rules::YamlMap& map, const std::string& host, NodeTls& node,
                                         const std::filesystem::path& folder, rules::YamlErrors& errors);

/// Whether `text` can bind a certificate to a peer: a name, or "sha256:" and 64 hexadecimal digits.
[[nodiscard]] bool is_certificate_binding(const std::string& text);
/// Whether the certificate is the one that `binding` says: its SHA-256 fingerprint, a common name of its
/// subject or a DNS name of its subjectAltName. Letters' case does not matter.
[[nodiscard]] bool is_bound(const std::string& binding, const dimse::TlsCertificate& certificate);

}  // namespace trialgate::gateway
