#pragma once

#include "gateway/worker/sandbox.h"
#include "storage/file_system.h"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

struct WorkerPoolConfig {
  std::size_t processes = 2;    ///< each with a thread that drives it
  std::size_t queue_jobs = 64;  ///< waiting jobs; submit() blocks when there are as many
  std::chrono::milliseconds job_timeout = std::chrono::seconds(60);  ///< absolute, from sending the request
  std::chrono::milliseconds start_timeout = std::chrono::seconds(30);
  std::uint32_t jobs_per_process = 5000;  ///< then a fresh one: what leaks or breaks does not last
  std::uint64_t max_reply_bytes = 64ULL << 20U;
  std::chrono::milliseconds backoff_min = std::chrono::milliseconds(200);  ///< after a failed start, doubled
  std::chrono::milliseconds backoff_max = std::chrono::seconds(30);
  std::uint32_t start_attempts = 3;  ///< of one job; then it fails as unavailable
  SandboxLimits limits;
  /// Where new pixel data wait, in files without a name; on the disk that they are meant for.
  std::filesystem::path spool_folder = "/var/tmp";
  std::vector<std::string> command = {"/proc/self/exe", "worker"};
};

/// Why a job has no result.
struct WorkerFailure {
  enum class Kind : std::uint8_t {
    unreadable,   ///< the worker read the instance and says that it cannot be interpreted
    died,         ///< the process ended during the job: crash, limit, forbidden system call
    timed_out,    ///< killed at the deadline
    bad_reply,    ///< the answer is not one; the process was killed
    unavailable,  ///< no worker process can be started: the machine's trouble, try again later
    shut_down,    ///< the pool is stopping: the job was not done
  };
  Kind kind = Kind::died;
  int signal = 0;      ///< that ended the process, 0 when none did
  std::string reason;  ///< one sentence, no patient data

  /// The instance is to blame (quarantine), not the node (try again).
  [[nodiscard]] bool blames_instance() const noexcept {
    return kind != Kind::unavailable && kind != Kind::shut_down;
  }
};
[[nodiscard]] std::string_view to_string(WorkerFailure::Kind kind) noexcept;

/// Takes the parts of an answer that come ahead of it, on a thread of the pool.
class PartSink {
 public:
  virtual ~PartSink() = default;
  enum class Taken : std::uint8_t {
    yes,
    no_room,   ///< the job fails as unavailable: the machine's trouble
    too_much,  ///< the job fails as bad_reply
  };

  /// Before each attempt at the job: what came so far is void.
  virtual void begin() = 0;
  [[nodiscard]] virtual Taken take(std::span<const std::uint8_t> part) = 0;
};

struct Job {
  boost::json::object header;  ///< "job" names it
  /// Bytes that go with it; shared, since many jobs may have the same.
  std::shared_ptr<const std::string> body;
  storage::UniqueFd file;  ///< open for reading, handed to the worker
  /// Instead of job_timeout; what it is longer is added to the CPU time as well.
  std::optional<std::chrono::milliseconds> timeout;
  std::shared_ptr<PartSink> parts;  ///< null: an answer in parts is none
};

/// An answer, well-formed but from a process that may be under a peer's control: check every value.
struct JobReply {
  boost::json::object header;
  std::vector<std::uint8_t> body;
};

using JobOutcome = std::variant<JobReply, WorkerFailure>;

/// Counts since the pool began.
struct WorkerPoolStatistics {
  std::uint64_t jobs = 0;      ///< with a reply
  std::uint64_t failures = 0;  ///< without
  std::uint64_t processes_started = 0;
  std::uint64_t starts_failed = 0;
  std::size_t waiting = 0;
  std::size_t running = 0;
};

/// Runs jobs in confined processes that serve one job at a time. A process that dies, overruns its time or
/// answers nonsense is replaced; only its job fails. A job that dies in a process that has done others before
/// is tried once more in a fresh one, so that it does not pay for them. All members are thread-safe.
class WorkerPool {
 public:
  /// Called once, on a thread of the pool, which waits for it: hand on, don't linger. Must not throw.
  using Callback = std::function<void(JobOutcome)>;

  explicit WorkerPool(WorkerPoolConfig config);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  /// stop() without grace.
  ~WorkerPool();

  /// Blocks while the queue is full. After stop() the callback gets shut_down at once, on this thread.
  void submit(Job job, Callback callback);
  /// False, and neither argument moved from, when the queue is full.
  [[nodiscard]] bool try_submit(Job& job, Callback& callback);
  /// Submits and waits. Not from a callback.
  [[nodiscard]] JobOutcome run(Job job);

  /// Waiting jobs get shut_down; running ones may finish within `grace`, then their processes are killed.
  /// Returns when every callback has returned and every process is reaped. Not from a callback.
  void stop(std::chrono::milliseconds grace);

  [[nodiscard]] WorkerPoolStatistics statistics() const;
  [[nodiscard]] const WorkerPoolConfig& config() const noexcept { return config_; }

 private:
  class Driver;
  struct Shared;

  const WorkerPoolConfig config_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Driver>> drivers_;
};

}  // namespace trialgate::gateway
