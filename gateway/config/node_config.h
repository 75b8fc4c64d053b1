#pragma once

#include "dimse/log.h"
#include "gateway/config/commitment_config.h"
#include "gateway/config/identity_config.h"
#include "gateway/config/mail_config.h"
#include "gateway/config/stow_config.h"
#include "gateway/config/tls_config.h"
#include "gateway/config/views_config.h"
#include "gateway/config/worklist_config.h"
#include "gateway/log/logger.h"
#include "rules/trial/config_error.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// One address that the node listens on.
struct ListenAddress {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 11112;         ///< PS3.8 §9.1.1 registered port; 0 = any free one
  bool tls = false;                   ///< with it the default port is 2762 (PS3.15 §B.12)
};

/// A source of images, or who looks at a view. AE titles are labels that a peer chooses, so the address
/// counts as well.
struct Peer {
  std::string ae_title;                ///< calling AE title, case-sensitive
  std::string site;                    ///< trial site that its images belong to; empty: it sends none
  std::vector<std::string> addresses;  ///< CIDR blocks or single addresses; empty = loopback only
  std::uint32_t associations = 16;     ///< open at once, for each listening address
  std::string host =
      {};  ///< where it can be called, for reports and as destination of C-MOVE; empty: nowhere
  std::uint16_t port = 104;
  std::uint32_t move_associations = 4;        ///< in parallel, of one C-MOVE that sends to it
  std::chrono::seconds response_timeout{60};  ///< DIMSE response to what is sent to it
  /// Its certificate's SHA-256 fingerprint ("sha256:...") or one of the names in it; empty: that of any peer
  /// which no other entry names.
  std::string certificate = {};
  bool allow_plain = false;                              ///< it may come without TLS, from wherever it is
  TlsToPeer tls = {};                                    ///< when it is called
  std::optional<UserIdentityConfig> user_identity = {};  ///< not set: it needs none
};

/// Where de-identified instances go.
struct Destination {
  std::string name;              ///< what delivery rules call it
  std::string ae_title;          ///< called AE title
  std::string calling_ae_title;  ///< empty = the node's own
  std::string host;
  std::uint16_t port = 104;
  std::uint32_t associations = 4;             ///< in parallel
  std::chrono::seconds retry_first{5};        ///< first wait after a failure; doubles, with jitter
  std::chrono::seconds retry_longest{900};    ///< the wait never grows beyond this
  std::chrono::seconds response_timeout{60};  ///< DIMSE response
  ArchiveCommitment commitment = {};          ///< where a trial wants its storage commitment
  TlsToPeer tls = {};
  std::optional<StowConfig> stow = {};  ///< by HTTP instead of DIMSE: no AE title, host or port then
};

struct TrialEntry {
  std::filesystem::path file;
  std::string called_ae_title;  ///< submissions sent to this AE belong to the trial; empty = found by the
                                ///< subject register
};

/// The node's own YAML. Paths are taken relative to the file's folder.
struct NodeConfig {
  std::string ae_title = "TRIALGATE";
  std::vector<ListenAddress> listen;
  NodeTls tls;
  std::filesystem::path store;
  std::filesystem::path key_file;  ///< secret of pseudonyms, UIDs and date shifts; at least 32 bytes
  LogFormat log_format = LogFormat::text;
  dimse::Level log_level = dimse::Level::info;
  std::uint32_t io_threads = 1;
  std::uint32_t workers = 2;                ///< worker processes
  std::chrono::seconds worker_timeout{30};  ///< one job
  std::uint32_t max_associations = 64;      ///< for each listening address
  std::uint32_t max_pdu_bytes = 128 * 1024;
  std::chrono::seconds artim{10};
  std::chrono::seconds idle_timeout{60};
  std::optional<std::chrono::milliseconds>
      quiet;                       ///< instead of the trials' quiet_seconds; for demonstrations and tests
  std::chrono::seconds drain{10};  ///< how long a stop waits for open associations
  /// Watermark: with less free than the larger of these two, C-STORE is answered A700H.
  std::uint32_t free_space_percent = 5;  ///< of the file system's size, 0 to 99
  std::uint64_t free_space_bytes = 20ULL << 30;
  std::vector<std::string> extra_storage_classes;  ///< SOP class UIDs beyond the standard's table
  bool accept_private_storage_classes = true;      ///< received and kept; the rules hold them
  bool accept_deflated = false;
  std::vector<Peer> peers;
  std::vector<Destination> destinations;
  std::vector<View> views;
  std::vector<TrialEntry> trials;
  CommitmentConfig commitment;
  std::optional<WorklistConfig> worklist;          ///< not set: no work list is offered
  std::chrono::seconds performed_step_wait{1800};  ///< for instances that a completed step names
  std::optional<MailConfig> mail;
  std::vector<Site> sites;  ///< sites of peers that are not here get no mail
};

/// From where a destination may report storage commitment on an association of its own, as CIDR blocks or
/// addresses; none when it is known by a name only.
[[nodiscard]] std::vector<std::string> report_addresses(const Destination& destination);

/// Reads and checks a node file. Unknown keys are errors. Trial files are named here, not read.
[[nodiscard]] std::variant<NodeConfig, std::vector<rules::ConfigError>> load_node_config(
    const std::filesystem::path& file);

}  // namespace trialgate::gateway
