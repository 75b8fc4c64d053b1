#include "gateway/commands/judged_study.h"

#include "rules/evaluate/evaluate.h"

#include <map>
#include <utility>

namespace trialgate::gateway {

std::vector<JudgedStudy> judge_studies(const rules::Trial& trial, const std::vector<StudyFiles>& studies,
                                       const std::string& site) {
  std::vector<JudgedStudy> judged;
  std::map<std::string, rules::SubjectHistory> histories;  // by subject ID
  for (const StudyFiles& study : studies) {
    rules::SubmissionFacts facts;
    facts.site = site.empty() ? site_of(trial, study) : site;
    facts.study_uid = study.study_uid;
    facts.conflicts = study.conflicts;
    for (const ExaminedFile& instance : study.instances) facts.records.push_back(&instance.record);

    JudgedStudy result;
    result.study = &study;
    result.site = facts.site;
    result.subject = rules::identify_subject(trial, facts);
    rules::SubjectHistory no_history;
    rules::SubjectHistory& history =
        result.subject != nullptr ? histories[result.subject->subject_id] : no_history;
    result.verdict = rules::evaluate(trial, facts, history);
    if (result.verdict.outcome == rules::Outcome::release) {
      history.studies.push_back({study.study_uid, result.verdict.time_point_id,
                                 result.verdict.visit.study_date, result.verdict.facts});
    }
    judged.push_back(std::move(result));
  }
  return judged;
}

}  // namespace trialgate::gateway
