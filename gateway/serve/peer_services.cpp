#include "gateway/serve/peer_services.h"

#include "dimse/message/command_set.h"
#include "dimse/scp/service_sop_classes.h"
#include "dimse/status.h"

#include <utility>

namespace trialgate::gateway {

dimse::Task<std::unique_ptr<dimse::FindMatches>> FindByModel::find(dimse::FindRequest request) {
  const bool worklist = request.sop_class.value() == dimse::modality_worklist_find;
  dimse::FindService& service = worklist ? worklist_ : catalogue_;
  auto matches = co_await service.find(std::move(request));
  co_return matches;
}

dimse::Task<dimse::NormalizedResponse> NormalizedBySopClass::perform(dimse::NormalizedRequest request) {
  const bool report =
      request.command_field == static_cast<std::uint16_t>(dimse::CommandField::n_event_report_rq);
  if (request.sop_class.value() == dimse::modality_performed_procedure_step) {
    auto response = co_await steps_.take(std::move(request));
    co_return response;
  }
  if (report) {
    auto response = co_await user_.take(std::move(request));
    co_return response;
  }
  auto response = co_await provider_.take(std::move(request));
  co_return response;
}

}  // namespace trialgate::gateway
