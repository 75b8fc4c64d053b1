#include "dimse/scp/negotiation.h"

#include "dimse/implementation.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

/// What a requestor may be for a SOP class (PS3.7 D.3.3.4).
struct Roles {
  bool scu = false;
  bool scp = false;
};

/// Without an item for the SOP class the requestor is SCU.
Roles proposed_roles(const AssociateRq& rq, const Uid& sop_class) {
  const auto& items = rq.user_information.roles;
  const auto item = std::find_if(items.begin(), items.end(),
                                 [&](const RoleSelection& role) { return role.sop_class == sop_class; });
  return item == items.end() ? Roles{true, false} : Roles{item->scu, item->scp};
}

bool takes_instances_of(const ContextPolicy& policy, const Uid& sop_class) {
  if (policy.storage && is_storage_sop_class(sop_class)) return true;
  if (policy.further_storage_sop_classes.contains(sop_class)) return true;
  return policy.any_storage_sop_class && may_be_storage_sop_class(sop_class);
}

/// A C-GET may bring instances of storage SOP classes to the requestor.
bool gets_instances(const AssociateRq& rq, const ContextPolicy& policy) {
  const auto& contexts = rq.presentation_contexts;
  return std::any_of(contexts.begin(), contexts.end(), [&](const PresentationContextRq& context) {
    return policy.services.contains(context.abstract_syntax) &&
           service_kind(context.abstract_syntax) == ServiceKind::get;
  });
}

struct Granted {
  ServiceKind service = ServiceKind::storage;
  Roles roles;
};

/// Neither role: the abstract syntax is not supported.
Granted grant(const AssociateRq& rq, const ContextPolicy& policy, const Uid& sop_class) {
  const Roles proposed = proposed_roles(rq, sop_class);
  if (sop_class.value() == verification_sop_class)
    return {ServiceKind::verification, {proposed.scu && policy.verification, false}};
  if (policy.services.contains(sop_class)) {
    const ServiceKind kind = service_kind(sop_class);
    return {kind, {proposed.scu, proposed.scp && kind == ServiceKind::normalized}};
  }
  const bool storable = is_storage_sop_class(sop_class) || may_be_storage_sop_class(sop_class);
  return {ServiceKind::storage,
          {proposed.scu && takes_instances_of(policy, sop_class),
           proposed.scp && storable && gets_instances(rq, policy)}};
}

bool speaks(const ContextPolicy& policy, ServiceKind service, const Uid& transfer_syntax) {
  if (service == ServiceKind::storage || service == ServiceKind::verification)
    return policy.transfer_syntaxes.contains(transfer_syntax);
  return transfer_syntax.value() == implicit_vr_little_endian ||
         transfer_syntax.value() == explicit_vr_little_endian;
}

PresentationContextAc answer(const PresentationContextRq& proposed, const ContextPolicy& policy,
                             const Granted& granted) {
  // A rejected context carries a transfer syntax too, which means nothing: the first one proposed.
  PresentationContextAc context{proposed.id, ContextResult::abstract_syntax_not_supported,
                                proposed.transfer_syntaxes.front()};
  if (!granted.roles.scu && !granted.roles.scp) return context;
  const auto chosen =
      std::find_if(proposed.transfer_syntaxes.begin(), proposed.transfer_syntaxes.end(),
                   [&](const Uid& syntax) { return speaks(policy, granted.service, syntax); });
  if (chosen == proposed.transfer_syntaxes.end()) {
    context.result = ContextResult::transfer_syntaxes_not_supported;
    return context;
  }
  context.result = ContextResult::acceptance;
  context.transfer_syntax = *chosen;
  return context;
}

/// Each byte of the proposal is answered by 1 where it is 1 and supported (PS3.4 §C.5.1.1, §C.5.2.1); bytes
/// beyond those known are left out.
void answer_extended(const AssociateRq& rq, const ContextPolicy& policy, Negotiated& result) {
  for (const ExtendedNegotiation& item : rq.user_information.extended) {
    const ServiceKind kind = service_kind(item.sop_class);
    const bool known = policy.services.contains(item.sop_class) && kind != ServiceKind::normalized &&
                       item.sop_class.value() != modality_worklist_find;
    if (!known || result.query_options.contains(item.sop_class)) continue;
    const QueryOptions& ours = policy.query_options;
    const auto agreed = [&item](std::size_t byte, bool supported) {
      const auto& bytes = item.application_information;
      return supported && byte < bytes.size() && bytes[byte] == 1;
    };
    QueryOptions options;
    options.relational = agreed(0, ours.relational);
    std::vector<std::uint8_t> bytes{options.relational};
    if (kind == ServiceKind::find) {
      constexpr std::uint8_t no_fuzzy_matching = 0;
      options.combined_date_time = agreed(1, ours.combined_date_time);
      options.timezone = agreed(3, ours.timezone);
      bytes.insert(bytes.end(), {options.combined_date_time, no_fuzzy_matching, options.timezone});
    }
    bytes.resize(std::min(bytes.size(), item.application_information.size()));
    result.query_options.emplace(item.sop_class, options);
    result.ac.user_information.extended.push_back({item.sop_class, std::move(bytes)});
  }
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

QueryOptions Negotiated::options_of(const Uid& sop_class) const {
  const auto found = query_options.find(sop_class);
  return found == query_options.end() ? QueryOptions() : found->second;
}

Negotiated negotiate(const AssociateRq& rq, const ContextPolicy& policy, std::uint32_t max_pdu_bytes,
                     std::uint16_t max_operations_invoked) {
  Negotiated result;
  AssociateAc& ac = result.ac;
  ac.titles = rq.titles;
  ac.application_context = Uid(std::string(application_context_name));
  bool gets = false;
  for (const PresentationContextRq& proposed : rq.presentation_contexts) {
    const Granted granted = grant(rq, policy, proposed.abstract_syntax);
    ac.presentation_contexts.push_back(answer(proposed, policy, granted));
    const PresentationContextAc& answered = ac.presentation_contexts.back();
    if (answered.result != ContextResult::acceptance) continue;
    gets = gets || granted.service == ServiceKind::get;
    result.contexts.push_back({proposed.id, proposed.abstract_syntax, answered.transfer_syntax,
                               granted.service, granted.roles.scu, granted.roles.scp});
  }
  UserInformation& info = ac.user_information;
  info.max_length = max_pdu_bytes;
  info.implementation_class_uid = Uid(std::string(implementation_class_uid));
  info.implementation_version_name = implementation_version_name;
  if (const auto& window = rq.user_information.async_operations_window) {
    const std::uint16_t invoked = gets ? 1 : max_operations_invoked;
    info.async_operations_window =
        AsyncOperationsWindow{narrower(window->max_invoked, invoked), narrower(window->max_performed, 1)};
  }
  for (const RoleSelection& role : rq.user_information.roles) {
    const Roles granted = grant(rq, policy, role.sop_class).roles;
    if (granted.scu || granted.scp) info.roles.push_back({role.sop_class, granted.scu, granted.scp});
  }
  answer_extended(rq, policy, result);
  return result;
}

}  // namespace trialgate::dimse
