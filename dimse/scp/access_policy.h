#pragma once

#include "dimse/scp/query_options.h"
#include "dimse/scp/storage_sop_classes.h"
#include "dimse/task.h"
#include "dimse/types.h"
#include "dimse/ul/tls_certificate.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace trialgate::dimse {

/// User identity that a requestor offered (PS3.7 D.3.3.7). The fields are secrets: never log or store them.
struct UserIdentityView {
  std::uint8_t type = 0;  ///< 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT
  std::span<const std::uint8_t> primary_field;
  std::span<const std::uint8_t> secondary_field;
};

/// What a requestor says of itself in A-ASSOCIATE-RQ. Valid only during the call that gets it.
struct AssociationRequestView {
  const AeTitle& calling;
  const AeTitle& called;
  const std::string& peer_address;  ///< numeric
  std::uint16_t local_port = 0;     ///< the port it came in by
  const Uid& implementation_class_uid;
  const std::string& implementation_version_name;
  std::optional<UserIdentityView> user_identity;
  const TlsCertificate* certificate = nullptr;  ///< verified, of the requestor; null: a plain connection
};

/// Which presentation contexts a peer gets. The first transfer syntax of its proposal that is listed here is
/// accepted, so that the sender's preference stands and nothing is transcoded.
struct ContextPolicy {
  bool verification = true;
  bool storage = true;  ///< the storage SOP classes of the standard (storage_sop_classes.h)
  std::set<Uid> further_storage_sop_classes;  ///< beside those of the standard
  /// Any SOP class that is private, or unknown but in the standard's storage arc. Service classes of the
  /// standard other than storage are never taken.
  bool any_storage_sop_class = false;
  /// SOP classes beside storage and verification that this peer gets: query/retrieve, work list, storage
  /// commitment, MPPS (service_sop_classes.h). With one for C-GET the peer may be SCP of storage SOP classes.
  std::set<Uid> services;
  QueryOptions query_options;  ///< what the node's query/retrieve supports beyond the baseline
  std::set<Uid> transfer_syntaxes = default_transfer_syntaxes();
};

/// A-ASSOCIATE-RJ (PS3.8 table 9-21): result 1 permanent, 2 transient; source and reason as there.
struct Reject {
  std::uint8_t result = 1;
  std::uint8_t source = 1;
  std::uint8_t reason = 1;
  std::string_view why = {};  ///< for the log, beside the numbers; text that lives as long as the program

  static constexpr Reject called_ae_not_recognized() noexcept { return {1, 1, 7}; }
  static constexpr Reject calling_ae_not_recognized() noexcept { return {1, 1, 3}; }
  static constexpr Reject application_context_not_supported() noexcept { return {1, 1, 2}; }
  static constexpr Reject protocol_version_not_supported() noexcept { return {1, 2, 2}; }
  static constexpr Reject no_reason_given() noexcept { return {1, 1, 1}; }
  static constexpr Reject local_limit_exceeded() noexcept { return {2, 3, 2}; }
  static constexpr Reject temporary_congestion() noexcept { return {2, 3, 1}; }

  /// What the peer sees of it.
  bool operator==(const Reject& other) const noexcept {
    return result == other.result && source == other.source && reason == other.reason;
  }
};

/// What came of checking a user identity.
struct IdentityVerdict {
  std::optional<Reject> reject;
  std::string user;  ///< who was accepted, for the log; may be empty
};

/// Checks the user identity that a requestor offered, where that takes time. Awaited once on the
/// association's executor before the request is answered.
using IdentityCheck = std::function<Task<IdentityVerdict>()>;

/// The association is let in.
struct Accept {
  std::string peer_id;  ///< name of this peer for logs, limits and AssociationInfo, e.g. a site
  ContextPolicy contexts;
  std::optional<std::size_t> max_associations;    ///< at once with the same peer_id; more get RJ 2/3/2
  std::uint64_t max_instance_bytes = 4ULL << 30;  ///< a longer data set is discarded and answered A700
  IdentityCheck identity = {};  ///< not set: a user identity is neither asked for nor confirmed
};

using Decision = std::variant<Accept, Reject>;

/// Says who may open an association. Called on every I/O thread at once; it must be thread-safe and must not
/// block.
class AccessPolicy {
 public:
  virtual ~AccessPolicy() = default;
  virtual Decision decide(const AssociationRequestView& request) = 0;
};

}  // namespace trialgate::dimse
