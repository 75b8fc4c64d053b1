#pragma once

#include "dimse/message/fragment_writer.h"
#include "dimse/message/message_assembler.h"
#include "dimse/message/messages.h"
#include "dimse/scp/acceptor.h"
#include "dimse/scp/negotiation.h"
#include "dimse/scp/quota.h"
#include "dimse/ul/association.h"

#include <memory>
#include <optional>
#include <string_view>

namespace trialgate::dimse {

/// Serves one association as acceptor: negotiation, then C-ECHO and C-STORE, one message after the other in
/// the order they come. Everything on the association's executor.
class AssociationServer {
 public:
  /// All references must outlive it. `info` has id, peer address and port.
  AssociationServer(Association& association, AssociationInfo info, std::uint16_t local_port,
                    const AcceptorConfig& config, AccessPolicy& policy, StoreService& service, Quota& quota);

  /// Runs until the association is over.
  [[nodiscard]] Task<void> run();

 private:
  Task<bool> establish();
  Task<Result<void>> serve();
  /// nullopt: the association was released.
  Task<Result<std::optional<MessageEvent>>> next_event();
  Task<Result<void>> dispatch(CommandReceived received);
  Task<Result<void>> store(CommandReceived received);
  /// Reads the data set to its end, into `sink` unless that is null or fails; then `sink_failure` says why
  /// and the association goes on.
  Task<Result<void>> read_data_set(InstanceSink* sink, std::optional<Failure>& sink_failure);
  Task<Result<void>> respond(PresentationContextId context, CommandSet response);

  std::optional<Reject> decide(const AssociateRq& rq);
  static std::optional<StoreOutcome> refuse(const CommandSet& command, const CStoreRq& rq,
                                            const AcceptedContext& context);
  void log_accepted() const;
  void log_rejected(const AssociateRq& rq, const Reject& reject) const;
  void log_not_established(const Failure& failure) const;
  void log_end(const Result<void>& served) const;
  void log_stored(const CStoreRq& rq, const AcceptedContext& context, const StoreOutcome& outcome) const;

  Association& association_;
  AssociationInfo info_;
  std::uint16_t local_port_;
  const AcceptorConfig& config_;
  AccessPolicy& policy_;
  StoreService& service_;
  Quota& quota_;

  Accept granted_;
  std::optional<Quota::Unit> peer_unit_;
  Negotiated negotiated_;
  std::uint32_t peer_max_pdu_bytes_ = default_max_pdu_bytes;
  std::optional<MessageAssembler> assembler_;
  std::optional<FragmentWriter> writer_;
  std::uint64_t stored_ = 0;  ///< C-STORE responses with success
};

}  // namespace trialgate::dimse
