#pragma once

#include "dimse/scp/acceptor.h"
#include "dimse/scp/message_exchange.h"
#include "dimse/scp/operation.h"
#include "dimse/scp/providers.h"
#include "dimse/scp/quota.h"
#include "dimse/ul/association.h"

#include <memory>
#include <optional>
#include <string_view>

namespace trialgate::dimse {

/// Serves one association as acceptor: negotiation, then one request after the other in the order they come,
/// each by its provider. A C-FIND, C-GET or C-MOVE goes on while C-CANCEL is read; any other request waits
/// for its end, unread. Everything on the association's executor.
class AssociationServer {
 public:
  /// All references must outlive it. `info` has id, peer address and port.
  AssociationServer(Association& association, AssociationInfo info, std::uint16_t local_port,
                    const AcceptorConfig& config, AccessPolicy& policy, const Services& services,
                    Quota& quota);

  /// Runs until the association is over.
  [[nodiscard]] Task<void> run();

 private:
  Task<bool> establish();
  Task<std::optional<Reject>> check_identity();
  Task<Result<void>> serve();
  Task<void> release();
  Task<Result<void>> dispatch(CommandReceived received);
  Task<Result<void>> take_response(CommandReceived received);
  Task<Result<void>> cancel(CommandReceived received);
  Task<Result<void>> provide(CommandReceived received);

  std::optional<Reject> decide(const AssociateRq& rq);
  void leave_out_absent_services();
  [[nodiscard]] bool has_provider(std::uint16_t command_field) const;
  [[nodiscard]] Provision provision();
  void log_accepted() const;
  void log_rejected(const AssociateRq& rq, const Reject& reject) const;
  void log_not_established(const Failure& failure) const;
  void log_end(const Result<void>& served) const;

  Association& association_;
  AssociationInfo info_;
  std::uint16_t local_port_;
  const AcceptorConfig& config_;
  AccessPolicy& policy_;
  const Services& services_;
  Quota& quota_;

  Accept granted_;
  std::optional<Quota::Unit> peer_unit_;
  std::uint32_t peer_max_pdu_bytes_ = default_max_pdu_bytes;
  std::optional<FragmentWriter> writer_;  ///< until `exchange_` has it
  std::optional<MessageExchange> exchange_;
  Operation operation_;
  std::uint64_t stored_ = 0;  ///< C-STORE responses with success
};

}  // namespace trialgate::dimse
