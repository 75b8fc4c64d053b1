#pragma once

#include "dimse/scp/access_policy.h"
#include "dimse/scp/store_service.h"
#include "tests/dimse/support/bytes.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::test {

/// Keeps instances in memory and does what the test says: refuse, fail, take time. Thread-safe.
class MemoryService final : public dimse::StoreService {
 public:
  struct Stored {
    dimse::StoreRequest request;
    Bytes data_set;
  };

  /// What the test wants to happen.
  struct Behaviour {
    /// A status refuses the instance before its data set.
    std::optional<dimse::StoreOutcome> refusal{};
    /// Fails the write that would bring the data set beyond this.
    std::size_t fail_write_beyond = SIZE_MAX;
    dimse::Failure write_failure = dimse::fail(dimse::Errc::out_of_resources, "test");
    dimse::StoreOutcome outcome{};
    std::chrono::milliseconds finish_takes{0};
  };
  /// From now on; any thread.
  void behave(Behaviour behaviour);

  dimse::Task<dimse::StoreBegin> begin(dimse::StoreRequest request) override;
  void association_ended(const dimse::AssociationInfo& association, dimse::AssociationEnd how) override;

  [[nodiscard]] std::vector<Stored> stored() const;
  [[nodiscard]] std::vector<dimse::AssociationEnd> ends() const;
  /// Sinks that went without finish().
  [[nodiscard]] std::size_t discarded() const;
  [[nodiscard]] std::size_t begun() const;

 private:
  class Sink;
  [[nodiscard]] Behaviour behaviour() const;

  mutable std::mutex mutex_;
  Behaviour behaviour_;
  std::vector<Stored> stored_;
  std::vector<dimse::AssociationEnd> ends_;
  std::size_t discarded_ = 0;
  std::size_t begun_ = 0;
};

/// Accepts the called AE title TRIALGATE from anyone but the calling AE title STRANGER.
class TestPolicy final : public dimse::AccessPolicy {
 public:
  /// What the next ones get; any thread.
  void grant(dimse::Accept accept);
  dimse::Decision decide(const dimse::AssociationRequestView& request) override;

 private:
  std::mutex mutex_;
  dimse::Accept grant_;
};

}  // namespace trialgate::test
