#pragma once

#include "dimse/scp/normalized_service.h"
#include "gateway/commit/commitment_runner.h"
#include "gateway/config/node_config.h"

#include <chrono>
#include <string>

namespace trialgate::gateway {

/// Storage commitment as SCP (PS3.4 §J.3). A request is answered once it is durable. Then every instance is
/// read again, and the report goes to where the peer can be called, again and again until it was taken or the
/// request is too old. A restart goes on where it was.
class CommitmentProvider {
 public:
  CommitmentProvider(storage::Store& store, const NodeConfig& config, Logger& log);

  void start() { runner_.start(); }
  void stop(std::chrono::milliseconds grace) { runner_.stop(grace); }

  /// N-ACTION. The same transaction again is success and leads to one more report. Thread-safe.
  [[nodiscard]] dimse::Task<dimse::NormalizedResponse> take(dimse::NormalizedRequest request);

 private:
  [[nodiscard]] dimse::NormalizedResponse record_request(const dimse::NormalizedRequest& request);
  dimse::Task<bool> attend(storage::CommitmentRow row);
  /// On the disk pool. False: to be tried again.
  [[nodiscard]] bool check(storage::CommitmentRow& row);
  /// Empty when the peer took the report.
  [[nodiscard]] dimse::Task<std::string> send_report(storage::CommitmentRow row, Peer peer);
  void record_report(storage::CommitmentRow row, const std::string& problem, bool can_be_called);
  [[nodiscard]] const Peer* peer_of(const storage::CommitmentRow& row) const;

  storage::Store& store_;
  const NodeConfig& config_;
  Logger& log_;
  CommitmentRunner runner_;  ///< last: what it calls must be there
};

}  // namespace trialgate::gateway
