#pragma once

#include "rules/evaluate/observe.h"

#include <string>

namespace trialgate::rules {

/// Whether a stack satisfies a predicate, and if not, the first reason in words.
struct Answer {
  CheckResult result = CheckResult::pass;
  std::string reason;
};

/// An attribute must hold in every instance of the stack.
[[nodiscard]] Answer ask(const Predicate& predicate, const MeasuredStack& measured);

}  // namespace trialgate::rules
