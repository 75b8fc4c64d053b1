#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/trial/trial.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// What one destination gets of a released study.
struct PlannedDelivery {
  std::string destination;
  rules::Confirmation confirm = rules::Confirmation::none;
  std::set<std::string, std::less<>> instances;  ///< source SOP Instance UIDs
};

/// Applies the trial's delivery rules to a released study. A rule sends instances of series that the charter
/// knows: those matched to its slots, or to any slot when it names none; what no slot took never leaves the
/// node (guideline G13). Rules for one destination add up; the stricter confirmation stands. `modality_of`
/// holds Modality (0008,0060) by source SOP Instance UID. In the order of the rules; destinations that get
/// nothing are left out. Pure.
[[nodiscard]] std::vector<PlannedDelivery> plan_deliveries(
    const rules::Trial& trial, const rules::Verdict& verdict,
    const std::map<std::string, std::string, std::less<>>& modality_of);

}  // namespace trialgate::gateway
