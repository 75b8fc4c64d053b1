#pragma once

#include "dimse/scp/find_service.h"
#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "rules/trial/date.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace trialgate::gateway {

class WorklistQuery;

/// The modality work list (PS3.4 annex K): what the trials' schedules want of the subjects of the site that
/// asks, so that the technician picks subject and visit instead of typing them. Not listed are withdrawn
/// subjects, locked time points, and time points of which a study was released. Thread-safe.
class Worklist final : public dimse::FindService {
 public:
  /// Blocking work runs on `disk`. `default_key_file` serves trials that name no key of their own.
  Worklist(storage::Store& store, const TrialBook& trials, const NodeConfig& config,
           boost::asio::thread_pool& disk, Logger& log)
      : store_(store), trials_(trials), config_(config), disk_(disk), log_(log) {}

  dimse::Task<std::unique_ptr<dimse::FindMatches>> find(dimse::FindRequest request) override;

 private:
  /// What is sent, or the status that refuses the query.
  struct Answer {
    std::uint16_t status = 0;
    std::string comment;
    std::vector<dimse::FindMatch> matches;
  };
  class Matches;

  [[nodiscard]] Answer answer(const dimse::FindRequest& request) const;
  [[nodiscard]] storage::Result<std::vector<dimse::FindMatch>> matches(const dimse::FindRequest& request,
                                                                       const WorklistQuery& query,
                                                                       const std::string& site) const;

  storage::Store& store_;
  const TrialBook& trials_;
  const NodeConfig& config_;
  boost::asio::thread_pool& disk_;
  Logger& log_;
};

}  // namespace trialgate::gateway
