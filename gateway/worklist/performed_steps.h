#pragma once

#include "dimse/scp/normalized_service.h"
#include "gateway/log/logger.h"
#include "rules/evaluate/evaluate.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <optional>

namespace trialgate::gateway {

/// Modality Performed Procedure Step as SCP (PS3.4 §F.7): N-CREATE and N-SET are kept as they came, and what
/// a completed step names is what a study waits for. Thread-safe.
class PerformedStepProvider {
 public:
  /// Blocking work runs on `disk`. `ended` is called, on a thread of it, when a step has ended.
  PerformedStepProvider(storage::Store& store, boost::asio::thread_pool& disk, Logger& log,
                        std::function<void()> ended)
      : store_(store), disk_(disk), log_(log), ended_(std::move(ended)) {}

  /// Statuses: 0111H the step is there already, 0112H there is none (of this site), 0110H with Error ID A710H
  /// it is completed or discontinued, 0106H and 0120H for Performed Procedure Step Status.
  [[nodiscard]] dimse::Task<dimse::NormalizedResponse> take(dimse::NormalizedRequest request);

 private:
  [[nodiscard]] dimse::NormalizedResponse create(const dimse::NormalizedRequest& request);
  [[nodiscard]] dimse::NormalizedResponse set(const dimse::NormalizedRequest& request);
  [[nodiscard]] dimse::NormalizedResponse recorded(const storage::Result<dimse::NormalizedResponse>& result,
                                                   const storage::PerformedStepRow& row);

  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  Logger& log_;
  std::function<void()> ended_;
};

/// Instances that completed steps of the study name, compared with what arrived from the site.
struct PerformedComparison {
  rules::SourceComparison instances;
  storage::UtcTime last_end;  ///< when the latest of the steps was completed
};
/// Nothing when no completed step names an instance of it.
[[nodiscard]] storage::Result<std::optional<PerformedComparison>> compare_performed(
    const storage::ReadTransaction& transaction, const storage::SubmissionRow& row);

}  // namespace trialgate::gateway
