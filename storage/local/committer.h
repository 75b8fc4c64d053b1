#pragma once

#include "storage/digest.h"
#include "storage/lmdb/environment.h"
#include "storage/local/disk_reserve.h"
#include "storage/local/health.h"
#include "storage/store.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace trialgate::storage {

/// Makes the rows of Commits, whose blobs are published, durable in groups, on one thread of its own. A group
/// is whatever was submitted while the one before was being made durable: no timer, and the slower the disk,
/// the bigger the groups.
class Committer {
 public:
  struct Parts {
    std::unique_ptr<LmdbEnvironment>& environment;  ///< replaced by whoever holds paused()
    DiskReserve& reserve;
    Health& health;
    std::size_t max_batch;
  };

  explicit Committer(const Parts& parts);
  /// Finishes everything submitted.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void submit(Commit commit);
  /// While the lock is held no group is in work.
  [[nodiscard]] std::unique_lock<std::mutex> paused() { return std::unique_lock(work_mutex_); }
  /// The last commit found the LMDB map full.
  [[nodiscard]] bool map_full() const noexcept { return map_full_; }
  /// The blobs made durable last, newest last. Only while paused.
  [[nodiscard]] const std::deque<Digest>& recent_blobs() const noexcept { return recent_; }

 private:
  struct Member {
    Commit commit;
    Result<void> outcome;
  };
  using Group = std::vector<Member>;

  enum class Attempt { committed, member_failed, disk_full, failed };

  void run();
  void process(Group& group);
  [[nodiscard]] bool write_rows(Group& group);
  Attempt write_rows_once(Group& group, Failure& failure, bool& map_full);
  Attempt apply_all(Group& group, LmdbTransaction& transaction, bool& map_full);
  void remember_blobs(const Group& group);

  Parts parts_;
  std::mutex work_mutex_;
  std::atomic<bool> map_full_ = false;
  std::deque<Digest> recent_;
  std::uint64_t groups_ = 0;

  std::mutex queue_mutex_;
  std::condition_variable queued_;
  std::deque<Commit> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace trialgate::storage
