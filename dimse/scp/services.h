#pragma once

#include "dimse/scp/find_service.h"
#include "dimse/scp/normalized_service.h"
#include "dimse/scp/retrieve_service.h"
#include "dimse/scp/store_service.h"

namespace trialgate::dimse {

/// Who serves what an acceptor receives. The SOP classes of an absent one are not negotiated, whatever the
/// policy says. All must outlive the acceptor's contexts.
struct Services {
  /// Implicit: a node that only stores has nothing else to say.
  Services(StoreService& store_service) : store(store_service) {}

  StoreService& store;
  FindService* find = nullptr;
  RetrieveService* retrieve = nullptr;
  NormalizedService* normalized = nullptr;
};

}  // namespace trialgate::dimse
