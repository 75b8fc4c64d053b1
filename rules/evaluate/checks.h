#pragma once

#include "rules/evaluate/findings.h"
#include "rules/evaluate/history.h"

#include <span>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Applies the checks to the parts of one slot (`slot_name` is for people) and gives a finding for each that
/// does not pass, or whose answer is unknown and not accepted. A check with tiers gives one finding, of the
/// most severe tier missed. Coverage is that of all parts together; everything else must hold for each part.
/// A check for some time points cannot be answered while the time point is not known. `rule_prefix` goes
/// before the check's id: the slot's id, or "study".
[[nodiscard]] RuleResults run_checks(const std::vector<Check>& checks, std::string_view rule_prefix,
                                     std::string_view slot, const Text& slot_name,
                                     std::span<const MeasuredStack* const> parts,
                                     const CheckContext& context);

}  // namespace trialgate::rules
