#include "gateway/worker/sandbox.h"

#include <seccomp.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace trialgate::gateway {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitizer_build = true;
#else
constexpr bool sanitizer_build = false;
#endif

std::string failed(std::string_view what, int error_number) {
  return std::string(what) + ": " + std::strerror(error_number);
}

std::string limit(__rlimit_resource resource, rlim_t soft, rlim_t hard, std::string_view name) {
  // An unprivileged process cannot exceed the hard limit that it has; less is as good.
  rlimit current{};
  if (::getrlimit(resource, &current) != 0) return failed(name, errno);
  const rlimit wanted{std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)};
  return ::setrlimit(resource, &wanted) == 0 ? std::string() : failed(name, errno);
}

struct ReleaseFilter {
  void operator()(void* context) const { seccomp_release(context); }
};
using Filter = std::unique_ptr<void, ReleaseFilter>;

/// Collects rules; the first error number stays.
class FilterRules {
 public:
  explicit FilterRules(scmp_filter_ctx context) : context_(context) {}

  template <class... Comparisons>
  void add(std::uint32_t action, int syscall, Comparisons... comparisons) {
    const std::array<scmp_arg_cmp, sizeof...(Comparisons)> list = {comparisons...};
    const int result =
        seccomp_rule_add_array(context_, action, syscall, static_cast<unsigned>(list.size()), list.data());
    if (result < 0 && error_ == 0) error_ = -result;
  }
  void allow(std::initializer_list<int> syscalls) {
    for (const int syscall : syscalls) add(SCMP_ACT_ALLOW, syscall);
  }
  [[nodiscard]] int error() const { return error_; }

 private:
  scmp_filter_ctx context_;
  int error_ = 0;
};

/// The calls that a worker makes; everything else kills it.
void allow_list(FilterRules& rules, int socket) {
  const auto socket_argument = static_cast<scmp_datum_t>(socket);
  rules.allow(
      {SCMP_SYS(read),         SCMP_SYS(pread64),        SCMP_SYS(readv),           SCMP_SYS(lseek),
       SCMP_SYS(fstat),        SCMP_SYS(close),          SCMP_SYS(recvmsg),         SCMP_SYS(recvfrom),
       SCMP_SYS(munmap),       SCMP_SYS(mremap),         SCMP_SYS(madvise),         SCMP_SYS(brk),
       SCMP_SYS(futex),        SCMP_SYS(exit),           SCMP_SYS(exit_group),      SCMP_SYS(clock_gettime),
       SCMP_SYS(gettimeofday), SCMP_SYS(time),           SCMP_SYS(getrandom),       SCMP_SYS(sched_yield),
       SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall), SCMP_SYS(getpid),
       SCMP_SYS(gettid)});
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), SCMP_A0(SCMP_CMP_EQ, socket_argument));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(writev), SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
  // Private pages only, or RLIMIT_DATA would not count them; and none that can be executed.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
            SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // abort() raises a signal at itself.
  const auto self = static_cast<scmp_datum_t>(::getpid());
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, self));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), SCMP_A0(SCMP_CMP_EQ, SIGABRT));
  // The C library asks these of a stream that it opens a buffer for, and takes no for an answer.
  rules.add(SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl));
  rules.add(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(newfstatat));
}

/// What must not succeed even where a sanitizer's run-time makes calls of its own.
void deny_list(FilterRules& rules) {
  for (const int syscall :
       {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(socket),
        SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(execve), SCMP_SYS(execveat),
        SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(prlimit64), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
        SCMP_SYS(rename), SCMP_SYS(kill)}) {
    rules.add(SCMP_ACT_KILL_PROCESS, syscall);
  }
  rules.add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, 0x100 /* CLONE_VM */, 0));
  rules.add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
}

std::string install_filter(int socket) {
  const Filter filter(seccomp_init(sanitizer_build ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS));
  if (!filter) return "system call filter: out of memory";
  int error = 0;
  const auto attribute = [&](scmp_filter_attr name, std::uint32_t value) {
    const int result = seccomp_attr_set(filter.get(), name, value);
    if (result < 0 && error == 0) error = -result;
  };
  attribute(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  attribute(SCMP_FLTATR_CTL_NNP, 1);
  attribute(SCMP_FLTATR_CTL_TSYNC, 1);
  FilterRules rules(filter.get());
  if (sanitizer_build) {
    deny_list(rules);
  } else {
    allow_list(rules, socket);
  }
  if (error == 0) error = rules.error();
  if (error != 0) return failed("system call filter", error);
  const int loaded = seccomp_load(filter.get());
  return loaded == 0 ? std::string() : failed("system call filter", -loaded);
}

/// Receiving goes before examining: a sender waits for its answer, a verdict waits for a quiet study anyway.
constexpr int nice_level = 5;

}  // namespace

std::string confine_process(const SandboxLimits& limits, std::int64_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failed("parent death signal", errno);
  // The parent may have ended before the line above.
  if (::getppid() != parent) return "the process that started this one is gone";
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ}) {
    if (::signal(signal, SIG_IGN) == SIG_ERR) return failed("signal disposition", errno);
  }
  if (::setpriority(PRIO_PROCESS, 0, nice_level) != 0) return failed("priority", errno);
  const rlim_t cpu = limits.job_cpu_seconds;
  for (const std::string& problem :
       {limit(RLIMIT_CORE, 0, 0, "RLIMIT_CORE"), limit(RLIMIT_FSIZE, 0, 0, "RLIMIT_FSIZE"),
        limit(RLIMIT_NOFILE, limits.open_files, limits.open_files, "RLIMIT_NOFILE"),
        // The parent raises the soft limit for each job, which it can do up to the hard one.
        limit(RLIMIT_CPU, cpu, RLIM_INFINITY, "RLIMIT_CPU")}) {
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string seal_process(const SandboxLimits& limits, int socket) {
  if (!sanitizer_build) {
    const rlim_t address_space = limits.memory_bytes + limits.mapped_file_bytes;
    for (const std::string& problem :
         {limit(RLIMIT_DATA, limits.memory_bytes, limits.memory_bytes, "RLIMIT_DATA"),
          limit(RLIMIT_AS, address_space, address_space, "RLIMIT_AS")}) {
      if (!problem.empty()) return problem;
    }
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges", errno);
  return install_filter(socket);
}

}  // namespace trialgate::gateway
