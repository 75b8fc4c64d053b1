#pragma once

#include "tests/gateway/worker/synthetic_instance.h"

#include <filesystem>
#include <string>

namespace trialgate::gateway::test {

inline constexpr const char* sample_trial = R"(trial:
  protocol_id: ONC-301
  sponsor: Example Pharma
  charter: {version: "2.1", effective: 2026-06-01}
subjects: {register: subjects.csv}
time_points:
  reference: first_dose
  schedule:
    - {id: BL, days: [-28, 0]}
    - {id: W06, day: 42, window: [-7, 7]}
series:
  - id: ct
    name: {en: CT abdomen, zh: 腹部CT}
    select: {Modality: CT}
    required_at: all
    checks:
      - {id: thickness, SliceThickness: {max: 5.0}, unit: mm, severity: query}
deidentify:
  profile: basic
  options: [retain_longitudinal_modified_dates]
  dates: {shift: per_subject}
)";

/// Writes a trial, its register with patient HOSP-77 of SITE01 and a key into `folder`; returns the trial's
/// file.
inline std::filesystem::path write_sample_trial(const TemporaryFolder& folder,
                                                const std::string& yaml = sample_trial) {
  folder.write("subjects.csv",
               "site,patient_id,subject_id,first_dose\nSITE01,HOSP-77,ONC-301-007,2026-07-15\n");
  const auto key = folder.write("key", std::string(32, 'k'));
  std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return folder.write("trial.yaml", yaml);
}

}  // namespace trialgate::gateway::test
