#pragma once

#include "rules/deidentify/deidentify.h"
#include "rules/evaluate/verdict.h"
#include "rules/trial/trial.h"

namespace trialgate::gateway {

/// What de-identification writes into the instances of a judged study. `subject` is whose they are.
[[nodiscard]] rules::DeidentificationSubject deidentification_subject(const rules::Trial& trial,
                                                                      const rules::Subject& subject,
                                                                      const rules::Verdict& verdict);

}  // namespace trialgate::gateway
