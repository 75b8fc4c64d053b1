#pragma once

#include "dimse/scp/access_policy.h"
#include "gateway/config/network_block.h"
#include "gateway/config/node_config.h"
#include "gateway/receive/user_identities.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Lets in the peers of the node file: calling AE title, source address and, with TLS, certificate must all
/// be one peer's; without TLS it must be on this machine or be allowed so explicitly. The called AE title is
/// the node's or a trial's, where a peer of a site may store, or a view's, where the peers that it names may
/// query and retrieve and for others it does not exist, or the work list's, for peers of a site. A
/// destination that confirms by storage commitment may call the node to report. What it names the peer tells
/// its site, see site_of(); open associations are counted for each peer. Thread-safe.
class SiteAccess final : public dimse::AccessPolicy {
 public:
  explicit SiteAccess(const NodeConfig& config);

  dimse::Decision decide(const dimse::AssociationRequestView& request) override;
  /// As UserIdentities::stop().
  void stop() { identities_.stop(); }

 private:
  struct Source {
    Peer peer;
    NetworkBlocks addresses;
  };

  /// An archive whose storage commitment may come on an association of its own.
  struct Reporter {
    std::string ae_title;
    NetworkBlocks addresses;
    bool tls = false;  ///< it is called with TLS, so its reports have to come with TLS, too
  };

  [[nodiscard]] std::optional<dimse::Accept> accept_report(
      const dimse::AssociationRequestView& request) const;

  std::string ae_title_;
  std::optional<std::string> worklist_;  ///< called AE title
  std::vector<Reporter> reporters_;

  /// Why the peer's word is not enough; empty if it is.
  [[nodiscard]] std::string_view distrust(const Peer& peer,
                                          const dimse::AssociationRequestView& request) const;

  std::set<std::string> called_;
  std::vector<View> views_;
  std::vector<Source> sources_;
  dimse::ContextPolicy contexts_;
  dimse::ContextPolicy view_contexts_;
  dimse::ContextPolicy worklist_contexts_;
  dimse::ContextPolicy report_contexts_;
  UserIdentities identities_;
};

/// The site of an accepted peer, from AssociationInfo::peer_id.
[[nodiscard]] std::string site_of(const std::string& peer_id);

}  // namespace trialgate::gateway
