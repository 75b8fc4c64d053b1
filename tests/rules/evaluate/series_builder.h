#pragma once

#include "rules/evaluate/evaluate.h"
#include "rules/trial/load.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::rules::testing {

using Values = std::vector<std::string>;

/// Sets or replaces an attribute of a record.
inline void set(InstanceRecord& record, std::string_view path, Values values) {
  const auto place = std::ranges::lower_bound(record.attributes, path, {}, &RecordedAttribute::path);
  if (place != record.attributes.end() && place->path == path) {
    place->values = std::move(values);
    return;
  }
  RecordedAttribute attribute;
  attribute.path = path;
  attribute.values = std::move(values);
  record.attributes.insert(place, std::move(attribute));
}

inline void unset(InstanceRecord& record, std::string_view path) {
  std::erase_if(record.attributes,
                [&](const RecordedAttribute& attribute) { return attribute.path == path; });
}

/// Records that live as long as the set, and views of them for the evaluation.
class Records {
 public:
  InstanceRecord& add(InstanceRecord record) { return records_.emplace_back(std::move(record)); }
  [[nodiscard]] std::vector<const InstanceRecord*> views() const {
    std::vector<const InstanceRecord*> list;
    for (const InstanceRecord& record : records_) list.push_back(&record);
    return list;
  }
  [[nodiscard]] std::deque<InstanceRecord>& all() { return records_; }

 private:
  std::deque<InstanceRecord> records_;
};

inline std::string decimal(double number) {
  return std::to_string(number);
}

inline void place(InstanceRecord& record, double x, double y, double z) {
  set(record, "ImagePositionPatient", {decimal(x), decimal(y), decimal(z)});
}

inline void orient(InstanceRecord& record, std::initializer_list<double> cosines) {
  Values values;
  for (const double cosine : cosines) values.push_back(decimal(cosine));
  set(record, "ImageOrientationPatient", std::move(values));
}

/// A contrast CT slice that conforms to the trial below.
inline InstanceRecord ct_slice(int number, double z, std::string_view series = "1.2.3.1") {
  InstanceRecord record;
  record.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  record.series_uid = series;
  record.sop_instance_uid = std::string(series) + "." + std::to_string(1000 + number);
  record.study_uid = "1.2.3";
  record.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  record.pixel_data.present = true;
  set(record, "PatientID", {"P1"});
  set(record, "StudyDate", {"20260220"});
  set(record, "AcquisitionDate", {"20260220"});
  set(record, "AcquisitionTime", {"101532"});
  set(record, "AcquisitionNumber", {"1"});
  set(record, "InstanceNumber", {std::to_string(number)});
  set(record, "Modality", {"CT"});
  set(record, "ImageType", {"ORIGINAL", "PRIMARY", "AXIAL"});
  set(record, "Manufacturer", {"SIEMENS"});
  set(record, "ManufacturerModelName", {"Definition"});
  set(record, "StationName", {"CT1"});
  set(record, "DeviceSerialNumber", {"SN1"});
  set(record, "ConvolutionKernel", {"B30f"});
  set(record, "SliceThickness", {"5"});
  set(record, "KVP", {"120"});
  set(record, "Rows", {"512"});
  set(record, "Columns", {"512"});
  set(record, "PixelSpacing", {"0.8", "0.8"});
  set(record, "FrameOfReferenceUID", {"1.2.3.99"});
  set(record, "ContrastBolusAgent", {"IOHEXOL"});
  place(record, -200, -200, z);
  orient(record, {1, 0, 0, 0, 1, 0});
  return record;
}

/// `count` slices from z = 0 downwards, as scanners number them.
inline Records ct_series(int count = 24, double spacing = 5, std::string_view series = "1.2.3.1",
                         double z = 0) {
  Records records;
  for (int i = 0; i < count; ++i) records.add(ct_slice(i + 1, z - i * spacing, series));
  return records;
}

inline void append(Records& records, Records more) {
  for (InstanceRecord& record : more.all()) records.add(std::move(record));
}

/// A trial with one CT slot; `checks` and `study` are YAML lines at the indentation of their section.
inline Trial trial_with(std::string_view checks, std::string_view more = {}) {
  const std::string text =
      "trial: {protocol_id: T-1, sponsor: Example, charter: {version: '1.0'}}\n"
      "subjects: {register: subjects.csv}\n"
      "time_points:\n"
      "  reference: first_dose\n"
      "  rescan_turnaround_days: 2\n"
      "  schedule:\n"
      "    - {id: BL, days: [-28, 0]}\n"
      "    - {id: W06, day: 42, window: [-7, 7]}\n"
      "    - {id: 'W{06+6n}', every: 42, from: 84, window: [-7, 7]}\n"
      "series:\n"
      "  - id: ct\n"
      "    name: {en: CT, zh: 增强CT}\n"
      "    select: {Modality: CT, ImageType: {contains: AXIAL}}\n"
      "    required_at: all\n"
      "    checks:\n" +
      std::string(checks) + "deidentify: {profile: basic}\n" + std::string(more);
  auto loaded = load_trial_text(text, "t.yaml", [](const std::string& name) -> Result<std::string> {
    if (name == "scanners.csv") {
      return std::string(
          "site,manufacturer,model,serial,qualified_from,qualified_until\n"
          "S1,Siemens Healthineers,Definition,SN1,2026-01-01,2026-06-30\n"
          "S1,GE,Revolution,,,\n");
    }
    return std::string(
        "site,issuer,patient_id,subject_id,first_dose\n"
        "S1,,P1,T1,2026-03-02\n"
        "S1,,P2,T2,2026-03-02\n"
        "S1,,P3,T3,\n");
  });
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded))
    FAIL(errors->front().to_string());
  return std::get<Trial>(std::move(loaded));
}

inline constexpr std::string_view all_checks =
    "      - {id: thickness, SliceThickness: {max: 5.0}, unit: mm}\n"
    "      - {id: contiguous, slice_gap: {max: 0.1}, unit: mm}\n"
    "      - {id: complete, missing_slices: 0}\n"
    "      - {id: duplicates, duplicate_slices: 0}\n"
    "      - {id: tilt, gantry_tilt: {max: 0.5}}\n"
    "      - {id: mixed, mixed_orientation: no}\n"
    "      - {id: coverage, z_coverage: {min: 100}, severity: warn}\n"
    "      - {id: contrast, contrast_given: yes, if_unknown: query}\n"
    "      - {id: same-scanner, scanner: {same_as: BL}, severity: warn}\n";

inline Verdict judge(const Trial& trial, const Records& records, const SubjectHistory& history = {},
                     std::string_view site = "S1") {
  SubmissionFacts submission;
  submission.site = site;
  submission.study_uid = "1.2.3";
  submission.records = records.views();
  return evaluate(trial, submission, history);
}

inline const Finding* find(const Verdict& verdict, std::string_view rule_id) {
  const auto found = std::ranges::find(verdict.findings, rule_id, &Finding::rule_id);
  return found == verdict.findings.end() ? nullptr : &*found;
}

inline std::vector<std::string> rule_ids(const Verdict& verdict) {
  std::vector<std::string> ids;
  for (const Finding& finding : verdict.findings) ids.push_back(finding.rule_id);
  return ids;
}

}  // namespace trialgate::rules::testing
