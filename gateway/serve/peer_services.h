#pragma once

#include "dimse/scp/find_service.h"
#include "dimse/scp/normalized_service.h"
#include "gateway/commit/commitment_provider.h"
#include "gateway/commit/commitment_user.h"
#include "gateway/worklist/performed_steps.h"

namespace trialgate::gateway {

/// Gives each C-FIND to the service of its information model. Thread-safe, as these are.
class FindByModel final : public dimse::FindService {
 public:
  FindByModel(dimse::FindService& catalogue, dimse::FindService& worklist)
      : catalogue_(catalogue), worklist_(worklist) {}

  dimse::Task<std::unique_ptr<dimse::FindMatches>> find(dimse::FindRequest request) override;

 private:
  dimse::FindService& catalogue_;
  dimse::FindService& worklist_;
};

/// Gives each normalized operation or notification to the service of its SOP class. Thread-safe, as these
/// are.
class NormalizedBySopClass final : public dimse::NormalizedService {
 public:
  NormalizedBySopClass(CommitmentProvider& provider, CommitmentUser& user, PerformedStepProvider& steps)
      : provider_(provider), user_(user), steps_(steps) {}

  dimse::Task<dimse::NormalizedResponse> perform(dimse::NormalizedRequest request) override;

 private:
  CommitmentProvider& provider_;
  CommitmentUser& user_;
  PerformedStepProvider& steps_;
};

}  // namespace trialgate::gateway
