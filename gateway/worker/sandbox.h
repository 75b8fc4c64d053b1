#pragma once

#include <cstdint>
#include <string>

namespace trialgate::gateway {

/// What a worker process may use.
struct SandboxLimits {
  std::uint64_t memory_bytes = 1ULL << 30U;       ///< heap, stack and private pages (RLIMIT_DATA)
  std::uint64_t mapped_file_bytes = 8ULL << 30U;  ///< room for the instance it maps, on top (RLIMIT_AS)
  std::uint32_t job_cpu_seconds = 30;  ///< CPU time of one job; start-up and the first job share one share
  std::uint32_t open_files = 16;       ///< RLIMIT_NOFILE

  friend bool operator==(const SandboxLimits&, const SandboxLimits&) = default;
};

/// Of the calling process: dies with `parent`, ignores the signals that a terminal or a service manager sends
/// to the whole group (the parent says when to end), writes no file and no core, opens few files, and runs
/// behind the node's own threads. First step, before anything is loaded. Returns what failed, empty on
/// success.
[[nodiscard]] std::string confine_process(const SandboxLimits& limits, std::int64_t parent);

/// Of the calling process, for good: memory limits, no new privileges, and a list of allowed system calls
/// (read, write and map descriptors that it has, memory, time, exit); any other ends it with SIGSYS. `socket`
/// is the one descriptor, besides stderr, that it may write to. Everything that needs a file by name must be
/// loaded before. Returns what failed, empty on success.
/// Sanitizer builds have no memory limits and a list of forbidden calls instead: their run-time needs more.
[[nodiscard]] std::string seal_process(const SandboxLimits& limits, int socket);

}  // namespace trialgate::gateway
