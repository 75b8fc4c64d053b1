#pragma once

namespace trialgate::gateway {

/// What the offline commands return to the shell.
enum ExitStatus : int {
  exit_ok = 0,         ///< everything is as it should be
  exit_findings = 1,   ///< done, but not everything is: findings, refusals, damage
  exit_could_not = 2,  ///< could not be done: bad configuration, missing file, workers that do not start
};

}  // namespace trialgate::gateway
