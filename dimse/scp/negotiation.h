#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/scp/access_policy.h"
#include "dimse/scp/service_sop_classes.h"

#include <bitset>
#include <cstdint>
#include <map>
#include <vector>

namespace trialgate::dimse {

/// A presentation context that was accepted.
struct AcceptedContext {
  PresentationContextId id{};
  Uid abstract_syntax;
  Uid transfer_syntax;
  ServiceKind service = ServiceKind::storage;
  bool requestor_is_scu = true;   ///< the requestor may invoke what the SOP class is for
  bool requestor_is_scp = false;  ///< the acceptor may: C-STORE of a C-GET, N-EVENT-REPORT the other way
};

/// The answer to an A-ASSOCIATE-RQ and what it means.
struct Negotiated {
  AssociateAc ac;
  std::vector<AcceptedContext> contexts;
  std::map<Uid, QueryOptions> query_options;  ///< of the SOP classes for which they were negotiated

  [[nodiscard]] const AcceptedContext* find(PresentationContextId id) const noexcept;
  [[nodiscard]] std::bitset<256> accepted_ids() const;
  /// The baseline where nothing was negotiated.
  [[nodiscard]] QueryOptions options_of(const Uid& sop_class) const;
};

/// Answers every proposed context, in the order of the proposal (PS3.8 §9.3.3.2). Pure and deterministic: of
/// a context's transfer syntaxes the first that `policy` lists is taken; of a service that is not storage the
/// first of the two uncompressed little endian ones. An asynchronous operations window is answered only if it
/// was proposed and never wider than proposed (PS3.7 D.3.3.3), with at most `max_operations_invoked`, and 1
/// beside C-GET, whose sub-operations go the other way on the same association. Roles are answered only where
/// proposed and only narrowed (D.3.3.4): "requestor is SCP" is left to the storage SOP classes of a peer that
/// gets C-GET, and to normalized services. Extended negotiation is answered for query/retrieve (PS3.4
/// §C.5.1.1, §C.5.2.1, §C.5.3.1), else by silence, as is user identity.
[[nodiscard]] Negotiated negotiate(const AssociateRq& rq, const ContextPolicy& policy,
                                   std::uint32_t max_pdu_bytes, std::uint16_t max_operations_invoked);

}  // namespace trialgate::dimse
