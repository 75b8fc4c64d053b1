#pragma once

#include "rules/evaluate/observe.h"

namespace trialgate::rules {

/// Whether a stack satisfies a predicate, and if not, the first reason in words.
struct Answer {
  CheckResult result = CheckResult::pass;
  Text reason;
};

/// An attribute must hold in every instance of the stack.
[[nodiscard]] Answer ask(const Predicate& predicate, const MeasuredStack& measured);

}  // namespace trialgate::rules
