#pragma once

#include "gateway/commands/study_files.h"
#include "rules/deidentify/deidentify.h"
#include "rules/evaluate/verdict.h"
#include "rules/trial/trial.h"

#include <string>
#include <vector>

namespace trialgate::gateway {

/// A study of files and what the trial's rules say about it.
struct JudgedStudy {
  const StudyFiles* study = nullptr;
  std::string site;                         ///< empty: could not be told
  const rules::Subject* subject = nullptr;  ///< of the trial's register; null: not registered
  rules::Verdict verdict;
};

/// Judges studies in the order given, as the node would if they arrived in it: those that are released are
/// history for the later ones of the same subject. `site` is the site of all of them; empty: each study's own
/// is looked up in the register. `trial` and `studies` must outlive the result.
[[nodiscard]] std::vector<JudgedStudy> judge_studies(const rules::Trial& trial,
                                                     const std::vector<StudyFiles>& studies,
                                                     const std::string& site);

}  // namespace trialgate::gateway
