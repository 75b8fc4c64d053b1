#pragma once

#include "rules/evaluate/evaluate.h"
#include "rules/evaluate/findings.h"

#include <optional>
#include <string>

namespace trialgate::rules {

/// Whose study it is and where in the schedule it stands.
struct StudyPlace {
  const Subject* subject = nullptr;  ///< of the trial's register; null: not known
  std::string time_point_id;
  VisitFacts visit;
  RuleResults results;
};

/// Applies known_subject, one_subject, visit_window, dates_agree and single_study.
[[nodiscard]] StudyPlace place_study(const Trial& trial, const SubmissionFacts& submission,
                                     const SubjectHistory& history);

}  // namespace trialgate::rules
