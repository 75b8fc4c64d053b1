#include "gateway/deliver/deidentification_subject.h"

#include <string>

namespace trialgate::gateway {

rules::DeidentificationSubject deidentification_subject(const rules::Trial& trial,
                                                        const rules::Subject& subject,
                                                        const rules::Verdict& verdict) {
  rules::DeidentificationSubject result;
  result.patient_id = subject.patient_id;
  result.issuer_of_patient_id = subject.issuer;
  result.subject_id = subject.subject_id;
  result.sponsor = trial.sponsor;
  result.protocol_id = trial.protocol_id;
  result.protocol_name = trial.name;
  result.site_id = subject.site;
  result.time_point_id = verdict.time_point_id;
  for (const auto& [slot_id, match] : verdict.slots) {
    const rules::SeriesSlot* slot = trial.slot(slot_id);
    for (const std::string& series_uid : match.series_uids) {
      result.series.try_emplace(series_uid,
                                rules::SeriesLabel{slot_id, slot != nullptr ? slot->name.en : std::string()});
    }
  }
  return result;
}

}  // namespace trialgate::gateway
