#pragma once

#include "gateway/worker/worker_pool.h"
#include "rules/trial/trial.h"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct CheckOptions {
  std::filesystem::path trial;               ///< trial file
  std::string site;                          ///< empty: looked up in the register by patient
  std::vector<std::filesystem::path> paths;  ///< files and folders
  rules::Language language = rules::Language::en;
  bool explain = false;
  bool json = false;
  bool progress = false;  ///< `err` is a terminal
  WorkerPoolConfig workers;
};

/// `trialgate check`: what the trial's rules would say if these files arrived in the order of their study
/// dates. Nothing is written. Results on `out`, mistakes and progress on `err`. Returns exit_ok: every study
/// would be released; exit_findings: one would be quarantined; exit_could_not: the trial file is not valid,
/// there is nothing to judge, or a file could not be judged.
[[nodiscard]] int check_command(const CheckOptions& options, std::ostream& out, std::ostream& err);

}  // namespace trialgate::gateway
