#pragma once

#include "rules/evaluate/verdict.h"

#include <iosfwd>

namespace trialgate::gateway {

struct VerdictTextOptions {
  rules::Language language = rules::Language::en;
  bool explain =
      false;  ///< also what each rule looked at, which series met which slot, and what matched none and why
};

/// Prints a verdict for people: outcome, where the study stands in the schedule, each finding with what was
/// expected and found and what to do about it.
void print_verdict(std::ostream& out, const rules::Verdict& verdict, const VerdictTextOptions& options);

}  // namespace trialgate::gateway
