#pragma once

#include "dimse/scp/normalized_service.h"
#include "gateway/commit/commitment_message.h"
#include "gateway/commit/commitment_runner.h"
#include "gateway/config/network_block.h"
#include "gateway/config/node_config.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// Storage commitment as SCU (PS3.4 §J.3): asks destinations for what confirm() has queued, and takes their
/// reports, on the association of the request or on one that the destination opens.
class CommitmentUser {
 public:
  /// `progress` is called, on any thread, when a report has changed something.
  CommitmentUser(storage::Store& store, const NodeConfig& config, Logger& log,
                 std::function<void()> progress);

  void start() { runner_.start(); }
  void stop(std::chrono::milliseconds grace) { runner_.stop(grace); }
  /// Requests were queued. Any thread.
  void wake() { runner_.wake(); }

  /// N-EVENT-REPORT on an association that a destination opened. It is taken only from that destination's AE
  /// title and addresses. Thread-safe.
  [[nodiscard]] dimse::Task<dimse::NormalizedResponse> take(dimse::NormalizedRequest request);

 private:
  struct Archive {
    Destination destination;
    NetworkBlocks addresses;
  };
  class SameAssociation;

  dimse::Task<bool> attend(storage::CommitmentRow row);
  /// Empty when the destination took the request; otherwise why it did not, and whether it said so itself.
  dimse::Task<std::string> request(storage::CommitmentRow row, Destination destination, bool& refused);
  void record_request(storage::CommitmentRow row, const Destination& destination, const std::string& problem,
                      bool refused);
  void give_up_waiting(storage::CommitmentRow row);
  /// On the disk pool.
  [[nodiscard]] dimse::NormalizedResponse record_report(const dimse::NormalizedRequest& request,
                                                        const std::vector<const Destination*>& from);

  storage::Store& store_;
  const NodeConfig& config_;
  Logger& log_;
  std::function<void()> progress_;
  std::vector<Archive> archives_;
  CommitmentRunner runner_;  ///< last: what it calls must be there
};

}  // namespace trialgate::gateway
