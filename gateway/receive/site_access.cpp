#include "gateway/receive/site_access.h"

#include "dimse/scp/service_sop_classes.h"

#include <algorithm>

namespace trialgate::gateway {
namespace {

// An AE title cannot hold it (PS3.5 table 6.2-1).
constexpr char between_site_and_ae_title = '\\';

dimse::Reject untrusted(std::string_view why) {
  dimse::Reject reject = dimse::Reject::calling_ae_not_recognized();
  reject.why = why;
  return reject;
}

}  // namespace

std::string site_of(const std::string& peer_id) {
  return peer_id.substr(0, peer_id.rfind(between_site_and_ae_title));
}

SiteAccess::SiteAccess(const NodeConfig& config) : ae_title_(config.ae_title), views_(config.views) {
  called_.insert(config.ae_title);
  for (const TrialEntry& trial : config.trials) {
    if (!trial.called_ae_title.empty()) called_.insert(trial.called_ae_title);
  }
  for (const Peer& peer : config.peers) {
    std::vector<std::string> blocks = peer.addresses;
    if (blocks.empty()) blocks = {"127.0.0.0/8", "::1"};
    sources_.push_back({peer, NetworkBlocks(blocks)});
  }
  for (const std::string& uid : config.extra_storage_classes)
    contexts_.further_storage_sop_classes.emplace(uid);
  contexts_.any_storage_sop_class = config.accept_private_storage_classes;
  if (config.accept_deflated) {
    contexts_.transfer_syntaxes.emplace(std::string(dimse::deflated_explicit_vr_little_endian));
  }
  for (const std::string_view uid :
       {dimse::storage_commitment_push_model, dimse::modality_performed_procedure_step}) {
    contexts_.services.emplace(std::string(uid));
  }
  if (config.worklist) worklist_ = config.worklist->ae_title;
  worklist_contexts_.storage = false;
  for (const std::string_view uid :
       {dimse::modality_worklist_find, dimse::modality_performed_procedure_step}) {
    worklist_contexts_.services.emplace(std::string(uid));
  }
  for (const Destination& destination : config.destinations)
    reporters_.push_back({destination.ae_title, NetworkBlocks(report_addresses(destination)),
                          destination.tls.identity != nullptr});
  report_contexts_.storage = false;
  report_contexts_.services.emplace(std::string(dimse::storage_commitment_push_model));
  view_contexts_.storage = false;
  view_contexts_.transfer_syntaxes = contexts_.transfer_syntaxes;
  for (const std::string_view uid :
       {dimse::patient_root_find, dimse::patient_root_move, dimse::patient_root_get, dimse::study_root_find,
        dimse::study_root_move, dimse::study_root_get}) {
    view_contexts_.services.emplace(std::string(uid));
  }
  view_contexts_.query_options.relational = true;
  view_contexts_.query_options.combined_date_time = true;
}

std::string_view SiteAccess::distrust(const Peer& peer, const dimse::AssociationRequestView& request) const {
  if (request.certificate == nullptr) {
    if (peer.allow_plain) return {};
    if (!peer.certificate.empty()) return "this peer must authenticate itself by its certificate";
    if (!is_loopback(request.peer_address)) return "plain DICOM is not allowed from another machine";
    return {};
  }
  const dimse::TlsCertificate& certificate = *request.certificate;
  if (!peer.certificate.empty())
    return is_bound(peer.certificate, certificate) ? "" : "the certificate is not that of this peer";
  const bool of_another = std::ranges::any_of(sources_, [&](const Source& other) {
    return !other.peer.certificate.empty() && is_bound(other.peer.certificate, certificate);
  });
  return of_another ? "the certificate is that of another peer" : "";
}

dimse::Decision SiteAccess::decide(const dimse::AssociationRequestView& request) {
  const View* view = view_named(views_, request.called.value());
  const bool worklist = worklist_ == request.called.value();
  if (view == nullptr && !worklist && !called_.contains(request.called.value()))
    return dimse::Reject::called_ae_not_recognized();
  const Source* source = nullptr;
  dimse::Reject reject = untrusted("no peer of this AE title and address");
  for (const Source& candidate : sources_) {
    if (candidate.peer.ae_title != request.calling.value() || !candidate.addresses.hold(request.peer_address))
      continue;
    const std::string_view why = distrust(candidate.peer, request);
    if (why.empty()) {
      source = &candidate;
      break;
    }
    reject = untrusted(why);
  }
  // A reader that may look at a view, but is of no site, reports like any other destination.
  const bool of_no_site = source != nullptr && view == nullptr && source->peer.site.empty();
  if (source == nullptr || of_no_site) {
    if (auto accept = accept_report(request)) return std::move(*accept);
    return of_no_site ? dimse::Reject::calling_ae_not_recognized() : reject;
  }
  if (view != nullptr && !view->admits(source->peer.ae_title))
    return dimse::Reject::called_ae_not_recognized();
  dimse::Accept accept;
  accept.peer_id = source->peer.site + between_site_and_ae_title + source->peer.ae_title;
  accept.contexts = view != nullptr ? view_contexts_ : worklist ? worklist_contexts_ : contexts_;
  accept.max_associations = source->peer.associations;
  accept.identity = identities_.check_of(source->peer, request);
  return accept;
}

std::optional<dimse::Accept> SiteAccess::accept_report(const dimse::AssociationRequestView& request) const {
  if (request.called.value() != ae_title_) return std::nullopt;
  const bool known = std::ranges::any_of(reporters_, [&](const Reporter& reporter) {
    return reporter.ae_title == request.calling.value() && reporter.addresses.hold(request.peer_address) &&
           (!reporter.tls || request.certificate != nullptr);
  });
  if (!known) return std::nullopt;
  dimse::Accept accept;
  accept.peer_id = between_site_and_ae_title + request.calling.value();
  accept.contexts = report_contexts_;
  return accept;
}

}  // namespace trialgate::gateway
