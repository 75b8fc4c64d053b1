#pragma once

#include "rules/evaluate/evaluate.h"
#include "rules/evaluate/observe.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// The stacks that a slot of the charter was given.
using SlotParts = std::map<std::string, std::vector<const MeasuredStack*>, std::less<>>;

/// What the checks of one study know beside its stacks.
struct CheckContext {
  const Trial& trial;
  const SubjectHistory& history;
  bool has_subject = false;
  std::string time_point_id;  ///< empty: could not be told
  std::optional<Date> study_date;
  const SlotParts* slots = nullptr;  ///< null while slots are still being given their stacks
};

/// The outcome of comparing with another time point.
struct Comparison {
  CheckResult result = CheckResult::pass;
  std::string expected;  ///< value at the other time point, "" when there is none
  Text why;              ///< why it is not determinable
};

/// Compares what a slot shows now with what it showed at the time point of a same_as condition. Passes when
/// there is nothing to compare: the study is that time point, the subject is not known, or no study came
/// before ("previous"). Numbers are compared by their median over the instances, texts as sets.
[[nodiscard]] Comparison compare(const CheckContext& context, std::string_view slot, const Property& property,
                                 const Condition& condition, std::span<const Observation> observations,
                                 std::span<const MeasuredStack* const> parts);

/// Compares what a slot shows with what another slot of the same study shows (same_as_slot), or when the two
/// began (after, before). Passes while slots are still being given their stacks.
[[nodiscard]] Comparison compare_slots(const CheckContext& context, const Property& property,
                                       const Condition& condition, std::span<const Observation> observations,
                                       std::span<const MeasuredStack* const> parts);

/// Values that later time points may compare with: everything that a check of the slot looks at, and what is
/// commonly asked for later. Never an identifying attribute.
[[nodiscard]] SlotFacts facts_of(const Trial& trial, const SeriesSlot& slot,
                                 std::span<const MeasuredStack* const> parts);

/// Whether a time point is in a list of ids, rows of visits included by their pattern. An empty list holds
/// all.
[[nodiscard]] bool is_listed(const std::vector<std::string>& ids, std::string_view time_point_id);

}  // namespace trialgate::rules
