#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/scp/access_policy.h"

#include <bitset>
#include <cstdint>
#include <vector>

namespace trialgate::dimse {

/// A presentation context that was accepted.
struct AcceptedContext {
  PresentationContextId id{};
  Uid abstract_syntax;
  Uid transfer_syntax;
};

/// The answer to an A-ASSOCIATE-RQ and what it means.
struct Negotiated {
  AssociateAc ac;
  std::vector<AcceptedContext> contexts;

  [[nodiscard]] const AcceptedContext* find(PresentationContextId id) const noexcept;
  [[nodiscard]] std::bitset<256> accepted_ids() const;
};

/// Answers every proposed context, in the order of the proposal (PS3.8 §9.3.3.2). Pure and deterministic: of
/// a context's transfer syntaxes the first that `policy` lists is taken. An asynchronous operations window is
/// answered only if it was proposed and never wider than proposed (PS3.7 D.3.3.3), with at most
/// `max_operations_invoked`; roles are answered only where proposed and narrowed to "requestor is SCU"
/// (D.3.3.4); extended negotiation is not supported and user identity not confirmed, both by silence.
[[nodiscard]] Negotiated negotiate(const AssociateRq& rq, const ContextPolicy& policy,
                                   std::uint32_t max_pdu_bytes, std::uint16_t max_operations_invoked);

}  // namespace trialgate::dimse
