#include "gateway/config/node_config.h"

#include "dimse/types.h"
#include "gateway/config/members.h"
#include "gateway/config/network_block.h"
#include "rules/trial/yaml_reader.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

namespace trialgate::gateway {
namespace {

using rules::YamlErrors;
using rules::YamlMap;

/// Sites and destinations are keys of the index.
constexpr std::size_t longest_name = 64;

/// Registered for DICOM over TLS (PS3.8 §9.1.1).
constexpr std::uint16_t tls_port = 2762;

void read_listen(YamlMap& node, NodeConfig& config, YamlErrors& errors) {
  each_of(node, "listen", errors, [&](const YAML::Node& entry) {
    YamlMap map(entry, "listen", errors);
    ListenAddress listen;
    Members members(map, errors, {});
    members.flag("tls", listen.tls);
    if (listen.tls) listen.port = tls_port;
    members.text("address", listen.address);
    members.integer("port", listen.port, 0, 65535);
    boost::system::error_code error;
    boost::asio::ip::make_address(listen.address, error);
    if (error) errors.add(entry, "address is not an IPv4 or IPv6 address");
    if (listen.tls && config.tls.files)
      config.tls.acceptor = config.tls.identities.get(dimse::TlsRole::acceptor, *config.tls.files);
    if (listen.tls && !config.tls.files)
      errors.add(entry, "it listens with tls, but the node has no section tls");
    map.finish();
    config.listen.push_back(std::move(listen));
  });
  if (config.listen.empty()) config.listen.emplace_back();
}

void read_log(YamlMap& node, NodeConfig& config, YamlErrors& errors) {
  static constexpr std::array<std::string_view, 2> formats{"text", "json"};
  static constexpr std::array<std::string_view, 4> levels{"debug", "info", "warn", "error"};
  const auto log = node.take("log");
  if (!log) return;
  YamlMap map(*log, "log", errors);
  if (const auto format = map.take("format")) {
    if (const auto place = rules::read_word(*format, "format", formats, errors)) {
      config.log_format = static_cast<LogFormat>(*place);
    }
  }
  if (const auto level = map.take("level")) {
    if (const auto place = rules::read_word(*level, "level", levels, errors)) {
      config.log_level = static_cast<dimse::Level>(*place);
    }
  }
  map.finish();
}

void read_node(const YAML::Node& yaml, NodeConfig& config, const std::filesystem::path& folder,
               YamlErrors& errors) {
  YamlMap map(yaml, "node", errors);
  Members members(map, errors, folder);
  members.ae_title("ae_title", config.ae_title);
  if (const auto tls = map.take("tls")) config.tls.files = read_node_tls(*tls, folder, errors);
  read_listen(map, config, errors);
  members.path("store", config.store);
  members.path("key_file", config.key_file);
  if (map.is_map() && config.store.empty())
    errors.add(yaml, "node has no store; expected the folder of the stored images");
  if (map.is_map() && config.key_file.empty()) {
    errors.add(yaml, "node has no key_file; expected a file of at least 32 random bytes");
  }
  read_log(map, config, errors);
  members.integer("io_threads", config.io_threads, 1, 64);
  members.integer("workers", config.workers, 1, 256);
  members.seconds("worker_timeout_seconds", config.worker_timeout, 1, 3600);
  members.integer("max_associations", config.max_associations, 1, 10'000);
  members.integer("max_pdu_bytes", config.max_pdu_bytes, 4096, 1 << 20);
  if (config.max_pdu_bytes % 2 != 0) errors.add(yaml, "max_pdu_bytes is odd; expected an even number");
  members.seconds("artim_seconds", config.artim, 1, 600);
  members.seconds("idle_seconds", config.idle_timeout, 1, 86'400);
  std::chrono::milliseconds quiet{0};
  members.seconds("quiet_seconds", quiet, 0.1, 86'400);
  if (quiet.count() > 0) config.quiet = quiet;
  members.seconds("drain_seconds", config.drain, 0, 3600);
  if (const auto space = map.take("free_space")) {
    YamlMap watermark(*space, "free_space", errors);
    Members limits(watermark, errors, folder);
    limits.integer("percent", config.free_space_percent, 0, 99);
    limits.gibibytes("gib", config.free_space_bytes);
    watermark.finish();
  }
  if (const auto classes = map.take("extra_storage_classes")) {
    config.extra_storage_classes = rules::read_texts(*classes, "extra_storage_classes", errors);
    for (const std::string& uid : config.extra_storage_classes) {
      if (!dimse::Uid(uid).is_well_formed()) errors.add(*classes, "'" + uid + "' is not a UID");
    }
  }
  members.flag("accept_private_storage_classes", config.accept_private_storage_classes);
  members.flag("accept_deflated", config.accept_deflated);
  map.finish();
}

/// The certificate of a peer, and whether it can come at all: plain DICOM stays on this machine, unless it is
/// explicitly allowed.
void read_peer_security(YamlMap& map, Peer& peer, NodeConfig& config, const std::filesystem::path& folder,
                        YamlErrors& errors) {
  Members members(map, errors, folder);
  members.text("certificate", peer.certificate);
  if (!peer.certificate.empty() && !is_certificate_binding(peer.certificate))
    errors.add(map.node(), "certificate is not a name, nor sha256: and 64 hexadecimal digits");
  members.flag("allow_plain", peer.allow_plain);
  if (const auto tls = map.take("tls")) peer.tls = read_tls_to_peer(*tls, config.tls, folder, errors);
  if (const auto identity = map.take("user_identity"))
    peer.user_identity = read_user_identity(*identity, folder, errors);
  if (peer.allow_plain) return;
  const bool with_tls = std::ranges::any_of(config.listen, &ListenAddress::tls);
  const bool local = peer.certificate.empty() && std::ranges::none_of(peer.addresses, [](const auto& block) {
                       return is_address_block(block) && !is_loopback(block);
                     });
  if (!with_tls && !local) {
    errors.add(map.node(),
               "peer '" + peer.ae_title +
                   "' needs TLS; expected an address to listen on with tls, or allow_plain: true");
  }
  if (!peer.host.empty() && !is_loopback(peer.host) && !peer.tls.identity) {
    errors.add(map.node(),
               "host '" + peer.host + "' is on another machine; expected tls, or allow_plain: true");
  }
}

void read_peer(const YAML::Node& yaml, NodeConfig& config, const std::filesystem::path& folder,
               YamlErrors& errors) {
  YamlMap map(yaml, "peer", errors);
  Members members(map, errors, {});
  Peer peer;
  members.ae_title("ae_title", peer.ae_title);
  members.text("site", peer.site);
  if (const auto addresses = map.take("addresses")) {
    peer.addresses = rules::read_texts(*addresses, "addresses", errors);
    for (const std::string& block : peer.addresses) {
      if (!is_address_block(block))
        errors.add(*addresses, "'" + block + "' is not an address or a CIDR block");
    }
  }
  members.integer("associations", peer.associations, 1, 10'000);
  members.text("host", peer.host);
  members.integer("port", peer.port, 1, 65535);
  members.integer("move_associations", peer.move_associations, 1, 64);
  members.seconds("response_seconds", peer.response_timeout, 1, 3600);
  if (map.is_map()) read_peer_security(map, peer, config, folder, errors);
  if (map.is_map() && peer.ae_title.empty()) errors.add(yaml, "peer has no ae_title");
  const bool looks_only =
      std::ranges::any_of(config.views, [&](const View& view) { return view.admits(peer.ae_title); });
  if (map.is_map() && peer.site.empty() && !looks_only) {
    errors.add(yaml, "peer has no site, and no view is for it");
  }
  if (peer.site.size() > longest_name) errors.add(yaml, "site is too long; expected at most 64 bytes");
  map.finish();
  config.peers.push_back(std::move(peer));
}

void read_destination(const YAML::Node& yaml, NodeConfig& config, const std::filesystem::path& folder,
                      YamlErrors& errors) {
  YamlMap map(yaml, "destination", errors);
  Members members(map, errors, {});
  Destination destination;
  members.text("name", destination.name);
  members.ae_title("ae_title", destination.ae_title);
  members.ae_title("calling_ae_title", destination.calling_ae_title);
  members.text("host", destination.host);
  members.integer("port", destination.port, 1, 65535);
  members.integer("associations", destination.associations, 1, 64);
  members.seconds("retry_first_seconds", destination.retry_first, 1, 3600);
  members.seconds("retry_longest_seconds", destination.retry_longest, 1, 86'400);
  members.seconds("response_seconds", destination.response_timeout, 1, 3600);
  if (const auto commitment = map.take("commitment"))
    destination.commitment = read_archive_commitment(*commitment, errors);
  destination.tls = take_tls_to_peer(map, destination.host, config.tls, folder, errors);
  if (const auto stow = map.take("stow")) destination.stow = read_stow(*stow, folder, errors);
  if (map.is_map()) {
    if (destination.name.empty()) errors.add(yaml, "destination has no name");
    if (destination.ae_title.empty() && !destination.stow) errors.add(yaml, "destination has no ae_title");
    if (destination.name.size() > longest_name) {
      errors.add(yaml, "name is too long; expected at most 64 bytes");
    }
    if (destination.host.empty() && !destination.stow) errors.add(yaml, "destination has no host");
    if (destination.stow && !(destination.ae_title + destination.host).empty())
      errors.add(yaml, "destination has stow and an ae_title or a host as well; expected one way to it");
    for (const Destination& other : config.destinations) {
      if (other.name == destination.name)
        errors.add(yaml, "destination '" + destination.name + "' is there twice");
    }
  }
  map.finish();
  config.destinations.push_back(std::move(destination));
}

void read_trial(const YAML::Node& yaml, NodeConfig& config, const std::filesystem::path& folder,
                YamlErrors& errors) {
  TrialEntry entry;
  if (yaml.IsScalar()) {
    entry.file = folder / rules::read_text(yaml, "trial", errors).value_or("");
  } else {
    YamlMap map(yaml, "trial", errors);
    Members members(map, errors, folder);
    members.path("file", entry.file);
    members.ae_title("called_ae_title", entry.called_ae_title);
    if (map.is_map() && entry.file.empty()) errors.add(yaml, "trial has no file");
    for (const TrialEntry& other : config.trials) {
      if (!entry.called_ae_title.empty() && other.called_ae_title == entry.called_ae_title) {
        errors.add(yaml, "called_ae_title '" + entry.called_ae_title + "' is that of another trial");
      }
    }
    map.finish();
  }
  config.trials.push_back(std::move(entry));
}

void read_sites(YamlMap& root, NodeConfig& config, const std::filesystem::path& folder, YamlErrors& errors) {
  each_of(root, "sites", errors, [&](const YAML::Node& entry) {
    Site site = read_site(entry, config.tls, folder, errors);
    const auto sends = [&](const Peer& peer) { return peer.site == site.id; };
    if (!site.id.empty() && std::ranges::none_of(config.peers, sends)) {
      errors.add(entry, "site '" + site.id + "' is that of no peer");
    }
    if (std::ranges::any_of(config.sites, [&](const Site& other) { return other.id == site.id; })) {
      errors.add(entry, "site '" + site.id + "' is there twice");
    }
    config.sites.push_back(std::move(site));
  });
}

NodeConfig read_config(const YAML::Node& yaml, const std::filesystem::path& folder, YamlErrors& errors) {
  NodeConfig config;
  YamlMap root(yaml, "the node file", errors);
  if (const auto node = root.need("node")) read_node(*node, config, folder, errors);
  std::vector<YAML::Node> views;
  each_of(root, "views", errors, [&](const YAML::Node& entry) {
    views.push_back(entry);
    config.views.push_back(read_view(entry, errors));
  });
  each_of(root, "peers", errors, [&](const YAML::Node& entry) { read_peer(entry, config, folder, errors); });
  each_of(root, "destinations", errors,
          [&](const YAML::Node& entry) { read_destination(entry, config, folder, errors); });
  each_of(root, "trials", errors,
          [&](const YAML::Node& entry) { read_trial(entry, config, folder, errors); });
  for (std::size_t i = 0; i < views.size(); ++i) check_view(config, i, views[i], errors);
  if (const auto commitment = root.take("storage_commitment"))
    config.commitment = read_commitment(*commitment, errors);
  if (const auto worklist = root.take("worklist")) {
    config.worklist = read_worklist(*worklist, errors);
    const auto takes = [&](const TrialEntry& trial) {
      return trial.called_ae_title == config.worklist->ae_title;
    };
    const auto is_view = [&](const View& view) { return view.ae_title == config.worklist->ae_title; };
    if (std::ranges::any_of(config.views, is_view)) errors.add(*worklist, "ae_title is that of a view");
    if (config.worklist->ae_title == config.ae_title || std::ranges::any_of(config.trials, takes))
      errors.add(*worklist, "ae_title takes images already; expected an AE title of the work list's own");
  }
  if (const auto steps = root.take("performed_steps"))
    config.performed_step_wait = read_performed_steps(*steps, config.performed_step_wait, errors);
  if (const auto mail = root.take("mail")) config.mail = read_mail(*mail, folder, errors);
  read_sites(root, config, folder, errors);
  root.finish();
  return config;
}

}  // namespace

std::variant<NodeConfig, std::vector<rules::ConfigError>> load_node_config(
    const std::filesystem::path& file) {
  YamlErrors errors(file.string());
  std::ifstream input(file, std::ios::binary);
  if (!input) {
    errors.add(YAML::Mark::null_mark(), "cannot be read; expected the node's YAML file");
    return std::move(errors).sorted();
  }
  std::ostringstream text;
  text << input.rdbuf();
  NodeConfig config;
  try {
    config = read_config(YAML::Load(text.str()), std::filesystem::absolute(file).parent_path(), errors);
  } catch (const YAML::Exception& exception) {
    errors.add(exception.mark, exception.msg);
  }
  if (!errors.empty()) return std::move(errors).sorted();
  return config;
}

std::vector<std::string> report_addresses(const Destination& destination) {
  if (!destination.commitment.addresses.empty()) return destination.commitment.addresses;
  // A name is not looked up: what it stands for may change, and anybody may serve it.
  if (is_address_block(destination.host) && destination.host.find('/') == std::string::npos)
    return {destination.host};
  return {};
}

}  // namespace trialgate::gateway
