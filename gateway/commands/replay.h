#pragma once

#include "gateway/commands/open_store.h"
#include "gateway/worker/worker_pool.h"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <vector>

namespace trialgate::gateway {

struct ReplayOptions {
  StoreChoice store;
  std::filesystem::path trial;             ///< trial file, e.g. the next version of the charter
  std::vector<std::uint64_t> submissions;  ///< empty: all of the trial
  bool json = false;
  bool progress = false;  ///< `err` is a terminal
  WorkerPoolConfig workers;
};

/// `trialgate check --trial FILE --stored`: judges what a node has stored by this trial file, as if it
/// arrived in the order of its study dates, and compares with the verdicts that the node gave. Instances are
/// examined anew, since a charter may name attributes that no earlier one did; what staff decided counts.
/// Nothing is written. Returns exit_ok: no verdict would change its outcome; exit_findings: one would;
/// exit_could_not: the trial file is not valid, or something could not be judged.
[[nodiscard]] int replay_command(const ReplayOptions& options, std::ostream& out, std::ostream& err);

}  // namespace trialgate::gateway
