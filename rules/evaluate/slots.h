#pragma once

#include "rules/evaluate/findings.h"
#include "rules/evaluate/history.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace trialgate::rules {

/// The stacks that are one slot of the charter.
struct SlotAssignment {
  const SeriesSlot* slot = nullptr;
  std::vector<const MeasuredStack*> parts;  ///< judged together; empty: nothing fits
  std::vector<std::string> alternates;      ///< Series Instance UIDs that fit too
  RuleResults results;                      ///< of the slot's checks, and of its absence where it is required
};

struct Assignment {
  std::vector<SlotAssignment> slots;  ///< in the order of the trial file
  std::vector<UnmatchedStack> unmatched;
};

/// Gives every slot the stack that its checks like best among those that its select matches and that cover at
/// least half of the largest one's range (a bolus tracking series of the same kind never stands for the
/// scan), and the stacks of the same frame of reference that continue it. Localizers, dose reports, screen
/// saves and objects without pixels are never given.
[[nodiscard]] Assignment assign_slots(std::span<const MeasuredStack> stacks, const CheckContext& context);

}  // namespace trialgate::rules
