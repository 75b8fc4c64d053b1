#pragma once

#include "dimse/scu/requestor.h"
#include "gateway/config/node_config.h"
#include "gateway/deliver/derived_source.h"
#include "gateway/log/logger.h"
#include "storage/store.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// One queued delivery with what has to be sent.
struct OutgoingInstance {
  storage::DeliveryRow delivery;
  storage::DerivedRow derived;
};

/// What became of one attempt. `status` is set when the destination answered.
struct AttemptOutcome {
  std::optional<std::uint16_t> status;
  std::string error;  ///< when it did not answer, or the instance could not be sent at all
  bool permanent = false;
};

class StowClient;

/// The way to one destination: several associations, or HTTP connections to one that takes STOW-RS, that
/// share its part of the outbox. Instances are claimed in memory while they are under way; what the outbox
/// says changes only when an attempt has ended, so a restart repeats at most the attempts that were not
/// recorded, with the same bytes. serve() runs on an executor of one thread; wake() may be called from any
/// thread.
class Lane {
 public:
  Lane(storage::Store& store, boost::asio::thread_pool& disk, boost::asio::any_io_executor executor,
       Destination destination, std::string node_ae_title, Logger& log, std::function<void()> progress);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// One association after another, until stop().
  dimse::Task<void> serve();
  /// There may be something to send.
  void wake();
  /// The associations end after their present instance.
  void stop();
  /// Breaks off what its own threads do and waits for them. After the executor's thread has ended.
  void end();

  [[nodiscard]] const Destination& destination() const noexcept { return destination_; }

 private:
  /// Takes the next due instances, at most `limit`; of those that `by` accepts when it is given.
  [[nodiscard]] std::vector<OutgoingInstance> claim(std::size_t limit, const dimse::Requestor* by);
  void release(std::uint64_t delivery);
  /// Whether it is still to be delivered: it may have been parked, or taken back, since it was claimed.
  [[nodiscard]] storage::Result<bool> is_wanted(const OutgoingInstance& instance);
  /// On the disk pool: the data set of a delivery that is still to be made. Null: it no longer is.
  [[nodiscard]] storage::Result<std::unique_ptr<DerivedSource>> open_source(const OutgoingInstance& instance);
  dimse::Task<void> pause();
  dimse::Task<void> send_batch(std::vector<OutgoingInstance> batch);
  struct StowRequest;
  dimse::Task<void> send_by_stow(std::vector<OutgoingInstance> batch);
  /// On a thread of stow_threads_: takes what goes into one request out of `waiting`, sends it and waits for
  /// the answer.
  [[nodiscard]] StowRequest exchange(StowClient& client, std::vector<OutgoingInstance>& waiting,
                                     std::size_t most);
  /// Records what the answer says of each instance. False when the service is away.
  bool account(const StowRequest& request);
  /// False when the association is of no more use.
  dimse::Task<bool> send_one(dimse::Requestor& association, const OutgoingInstance& instance);
  /// The outcome of one attempt goes into the outbox and the audit trail; the claim ends when that is
  /// durable.
  void record(const OutgoingInstance& instance, AttemptOutcome outcome);
  void submit(storage::DeliveryRow row, storage::AuditRecord audit);
  /// Nothing more is sent for a while, counted from the failures in a row.
  void unreachable(const std::string& why);
  void reachable();
  [[nodiscard]] std::chrono::milliseconds backoff(std::uint32_t failures);

  storage::Store& store_;
  boost::asio::thread_pool& disk_;
  boost::asio::any_io_executor executor_;
  const Destination destination_;
  const std::string node_ae_title_;
  Logger& log_;
  std::function<void()> progress_;

  std::mutex mutex_;
  std::set<std::uint64_t> claimed_;

  std::unique_ptr<boost::asio::thread_pool> stow_threads_;  ///< one for each connection; null for DIMSE
  std::atomic<bool> stow_stopping_{false};

  // Touched on the executor only.
  std::set<boost::asio::steady_timer*> waiting_;
  std::uint32_t failures_ =
      0;  ///< associations in a row that could not be opened, or broke without an answer
  std::chrono::steady_clock::time_point not_before_{};
  bool stopping_ = false;
  std::mt19937_64 random_{std::random_device{}()};
};

/// Trying again will not help.
[[nodiscard]] bool is_for_good(const storage::Failure& failure);

/// How the answer to a C-STORE counts: only a success status is a delivery. Resources and processing failures
/// pass; every other status, warnings included (B006H would mean a changed image), waits for a person.
[[nodiscard]] bool may_pass_by_itself(std::uint16_t status) noexcept;

}  // namespace trialgate::gateway
