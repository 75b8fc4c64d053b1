#include "dimse/scp/negotiation.h"

#include "dimse/implementation.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

bool accepts_abstract_syntax(const ContextPolicy& policy, const Uid& syntax) {
  if (syntax.value() == verification_sop_class) return policy.verification;
  if (policy.storage && is_storage_sop_class(syntax)) return true;
  if (policy.further_storage_sop_classes.contains(syntax)) return true;
  return policy.any_storage_sop_class && may_be_storage_sop_class(syntax);
}

PresentationContextAc answer(const PresentationContextRq& proposed, const ContextPolicy& policy) {
  // A rejected context carries a transfer syntax too, which means nothing: the first one proposed.
  PresentationContextAc context{proposed.id, ContextResult::abstract_syntax_not_supported,
                                proposed.transfer_syntaxes.front()};
  if (!accepts_abstract_syntax(policy, proposed.abstract_syntax)) return context;
  const auto chosen =
      std::find_if(proposed.transfer_syntaxes.begin(), proposed.transfer_syntaxes.end(),
                   [&policy](const Uid& syntax) { return policy.transfer_syntaxes.contains(syntax); });
  if (chosen == proposed.transfer_syntaxes.end()) {
    context.result = ContextResult::transfer_syntaxes_not_supported;
    return context;
  }
  context.result = ContextResult::acceptance;
  context.transfer_syntax = *chosen;
  return context;
}

/// The smaller of two window sizes of which 0 is unlimited.
std::uint16_t narrower(std::uint16_t proposed, std::uint16_t ours) {
  return proposed == 0 ? ours : std::min(proposed, ours);
}

}  // namespace

const AcceptedContext* Negotiated::find(PresentationContextId id) const noexcept {
  const auto found =
      std::find_if(contexts.begin(), contexts.end(), [id](const auto& c) { return c.id == id; });
  return found == contexts.end() ? nullptr : &*found;
}

std::bitset<256> Negotiated::accepted_ids() const {
  std::bitset<256> ids;
  for (const AcceptedContext& context : contexts) ids.set(static_cast<std::size_t>(context.id));
  return ids;
}

Negotiated negotiate(const AssociateRq& rq, const ContextPolicy& policy, std::uint32_t max_pdu_bytes,
                     std::uint16_t max_operations_invoked) {
  Negotiated result;
  AssociateAc& ac = result.ac;
  ac.titles = rq.titles;
  ac.application_context = Uid(std::string(application_context_name));
  for (const PresentationContextRq& proposed : rq.presentation_contexts) {
    ac.presentation_contexts.push_back(answer(proposed, policy));
    const PresentationContextAc& answered = ac.presentation_contexts.back();
    if (answered.result == ContextResult::acceptance)
      result.contexts.push_back({proposed.id, proposed.abstract_syntax, answered.transfer_syntax});
  }
  UserInformation& info = ac.user_information;
  info.max_length = max_pdu_bytes;
  info.implementation_class_uid = Uid(std::string(implementation_class_uid));
  info.implementation_version_name = implementation_version_name;
  if (const auto& window = rq.user_information.async_operations_window) {
    // We invoke nothing as acceptor.
    info.async_operations_window = AsyncOperationsWindow{
        narrower(window->max_invoked, max_operations_invoked), narrower(window->max_performed, 1)};
  }
  for (const RoleSelection& role : rq.user_information.roles) {
    if (accepts_abstract_syntax(policy, role.sop_class))
      info.roles.push_back({role.sop_class, role.scu, false});
  }
  return result;
}

}  // namespace trialgate::dimse
