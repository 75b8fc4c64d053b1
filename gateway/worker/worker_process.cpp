#include "gateway/worker/worker_process.h"

#include "gateway/worker/job_table.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr FrameLimits ready_limits{.text_bytes = 1024, .body_bytes = 0};

std::string failed(std::string_view what, int error_number) {
  return std::string(what) + ": " + std::strerror(error_number);
}

/// What the new process has: the socket, stderr, /dev/null as the other two standard streams.
class SpawnPlan {
 public:
  explicit SpawnPlan(int socket) {
    keep(::posix_spawn_file_actions_init(&actions_));
    keep(::posix_spawnattr_init(&attributes_));
    keep(::posix_spawn_file_actions_adddup2(&actions_, socket, worker_socket));
    keep(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    keep(::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0));
    keep(::posix_spawn_file_actions_addclosefrom_np(&actions_, worker_socket + 1));
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    keep(::posix_spawnattr_setsigmask(&attributes_, &none));
    keep(::posix_spawnattr_setsigdefault(&attributes_, &all));
    // Its own group: Ctrl-C on the node's terminal lets running jobs finish.
    keep(::posix_spawnattr_setpgroup(&attributes_, 0));
    keep(::posix_spawnattr_setflags(&attributes_,
                                    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  /// Error number, 0 on success.
  int run(const std::vector<std::string>& command, pid_t& pid) {
    if (error_ != 0) return error_;
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::array<char*, 1> no_environment = {nullptr};
    return ::posix_spawn(&pid, command.front().c_str(), &actions_, &attributes_, arguments.data(),
                         no_environment.data());
  }

 private:
  void keep(int error) {
    if (error_ == 0) error_ = error;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int error_ = 0;
};

// glibc 2.36 declares its wrapper without C linkage, so that C++ cannot call it.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// CPU time that a running process has used, whole seconds rounded up.
rlim_t used_cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<rlim_t>(used.tv_sec) + 1;
}

}  // namespace

std::string WorkerExit::describe() const {
  if (!signalled) return "ended with status " + std::to_string(value);
  const char* name = ::sigabbrev_np(value);
  return "killed by " + (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(value));
}

WorkerProcess::WorkerProcess(pid_t pid, storage::UniqueFd pidfd, storage::UniqueFd socket) noexcept
    : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}

WorkerProcess::~WorkerProcess() {
  if (!reaped_) {
    kill();
    reap(std::chrono::milliseconds(0));
  }
}

std::variant<std::unique_ptr<WorkerProcess>, StartFailure> WorkerProcess::spawn(
    const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return StartFailure{failed("socketpair", errno)};
  }
  storage::UniqueFd ours(ends[0]);
  const storage::UniqueFd theirs(ends[1]);
  pid_t pid = -1;
  if (const int error = SpawnPlan(theirs.get()).run(command, pid); error != 0) {
    return StartFailure{failed("starting " + command.front(), error)};
  }
  const int pidfd = open_pidfd(pid);
  if (pidfd < 0) {
    const int error = errno;
    // Nobody but this function has waited for it, so the id is still its own.
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return StartFailure{failed("pidfd_open", error)};
  }
  return std::unique_ptr<WorkerProcess>(new WorkerProcess(pid, storage::UniqueFd(pidfd), std::move(ours)));
}

std::string WorkerProcess::make_ready(const SandboxLimits& limits, Deadline deadline) const {
  const boost::json::object greeting = {{"parent", ::getpid()},
                                        {"memory_bytes", limits.memory_bytes},
                                        {"mapped_file_bytes", limits.mapped_file_bytes},
                                        {"job_cpu_seconds", limits.job_cpu_seconds},
                                        {"open_files", limits.open_files}};
  const auto sent = send_frame(socket(), boost::json::serialize(greeting), {}, -1, deadline);
  const auto ready = sent ? receive_frame(socket(), ready_limits, deadline) : sent.error();
  if (ready) return {};
  return ready.error() == FrameErrc::closed
             ? std::string("the worker ended while it was starting")
             : "the worker did not become ready: " + std::string(to_string(ready.error()));
}

bool WorkerProcess::is_alive() const noexcept {
  pollfd entry{pidfd_.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;
}

void WorkerProcess::renew_cpu_time(std::uint32_t seconds) const {
  const rlimit wanted{used_cpu_seconds(pid_) + seconds, RLIM_INFINITY};
  rlimit current{};
  if (::prlimit(pid_, RLIMIT_CPU, nullptr, &current) != 0) return;
  const rlimit allowed{std::min(wanted.rlim_cur, current.rlim_max), current.rlim_max};
  // A process that has just died fails here, and then the job does.
  if (allowed.rlim_cur != current.rlim_cur) ::prlimit(pid_, RLIMIT_CPU, &allowed, nullptr);
}

void WorkerProcess::kill() const noexcept {
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

WorkerExit WorkerProcess::reap(std::chrono::milliseconds grace) {
  if (reaped_) return exit_;
  pollfd entry{pidfd_.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(grace.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) kill();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  exit_ = {WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
  return exit_;
}

}  // namespace trialgate::gateway
