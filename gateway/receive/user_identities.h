#pragma once

#include "dimse/scp/access_policy.h"
#include "gateway/config/node_config.h"
#include "gateway/receive/json_web_token.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// Checks the user identity of peers that must offer one (PS3.7 §D.3.3.7), on a thread of its own: a passcode
/// is slow to check on purpose, and who guesses waits in a queue. Thread-safe.
class UserIdentities {
 public:
  /// What is wrong with the keys of `config`, one sentence each.
  [[nodiscard]] static std::vector<std::string> problems(const NodeConfig& config);

  /// A check to be awaited before the answer to the association request; none when `peer` needs no identity.
  /// The fields are copied out of `request`. An identity that is not accepted is refused by 1/1/1.
  [[nodiscard]] dimse::IdentityCheck check_of(const Peer& peer, const dimse::AssociationRequestView& request);
  /// To be called when no association is open any more, while the executors of those that were still exist.
  void stop() { pool_.join(); }

 private:
  boost::asio::thread_pool pool_{1};
};

}  // namespace trialgate::gateway
