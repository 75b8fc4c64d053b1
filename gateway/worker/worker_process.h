#pragma once

#include "gateway/worker/frame.h"
#include "gateway/worker/sandbox.h"

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// How a worker process ended.
struct WorkerExit {
  bool signalled = false;
  int value = 0;  ///< signal number, or exit status

  /// "ended with status 1", "killed by SIGSEGV".
  [[nodiscard]] std::string describe() const;
};

/// Why a worker process could not be started, one sentence.
struct StartFailure {
  std::string reason;
};

/// A worker process as its parent sees it. The destructor kills and reaps it. kill() may be called from any
/// thread, everything else from one at a time.
class WorkerProcess {
 public:
  /// Starts `command` (absolute path first) with the socket as its only descriptor besides stderr and no
  /// environment. The thread that calls must outlive the process, which dies with it.
  [[nodiscard]] static std::variant<std::unique_ptr<WorkerProcess>, StartFailure> spawn(
      const std::vector<std::string>& command);

  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();

  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Tells a new process its limits and waits until it has confined itself. Blocks until `deadline`. Returns
  /// what failed, empty on success.
  [[nodiscard]] std::string make_ready(const SandboxLimits& limits, Deadline deadline) const;
  [[nodiscard]] bool is_alive() const noexcept;
  /// Gives the process a new share of CPU time on top of what it has used (RLIMIT_CPU).
  void renew_cpu_time(std::uint32_t seconds) const;
  void kill() const noexcept;
  /// Waits until it has ended by itself, kills it after `grace`, and takes its exit status.
  WorkerExit reap(std::chrono::milliseconds grace);

 private:
  WorkerProcess(pid_t pid, storage::UniqueFd pidfd, storage::UniqueFd socket) noexcept;

  pid_t pid_;
  storage::UniqueFd pidfd_;
  storage::UniqueFd socket_;
  bool reaped_ = false;
  WorkerExit exit_;
};

}  // namespace trialgate::gateway
