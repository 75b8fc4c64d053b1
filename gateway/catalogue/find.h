#pragma once

#include "dimse/scp/find_service.h"
#include "gateway/catalogue/query.h"
#include "gateway/config/views_config.h"
#include "gateway/log/logger.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <vector>

namespace trialgate::gateway {

/// Answers C-FIND of the query/retrieve models from the catalogue: what a peer finds is what the view of the
/// AE title it called shows. Each query is logged and audited when it ends: who, which view, which level, how
/// many matches; never what was asked or found. Thread-safe.
class CatalogueFind final : public dimse::FindService {
 public:
  /// All must outlive it. Blocking work runs on `disk`.
  CatalogueFind(storage::Store& store, boost::asio::thread_pool& disk, const std::vector<View>& views,
                Logger& log);

  dimse::Task<std::unique_ptr<dimse::FindMatches>> find(dimse::FindRequest request) override;

 private:
  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  const std::vector<View>& views_;
  Logger& log_;
};

/// The model of a SOP class of query/retrieve: Patient Root for its three SOP classes, Study Root for all
/// others.
[[nodiscard]] QueryModel query_model(const dimse::Uid& sop_class);

}  // namespace trialgate::gateway
