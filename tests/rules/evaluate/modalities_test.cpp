#include "rules/evaluate/header_quantities.h"
#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const Trial& sample_trial(const char* file) {
  static std::map<std::string, Trial> trials;
  const auto known = trials.find(file);
  if (known != trials.end()) return known->second;
  auto loaded = load_trial(std::filesystem::path(TRIALGATE_SOURCE_DIR) / "etc" / "trials" / file);
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded))
    FAIL(errors->front().to_string());
  return trials.emplace(file, std::get<Trial>(std::move(loaded))).first->second;
}

Verdict judge_sample(const Trial& trial, const Records& records) {
  return judge(trial, records, {}, "SITE01");
}

void set_all(Records& records, std::string_view path, const Values& values) {
  for (InstanceRecord& record : records.all()) set(record, path, values);
}

/// Rule ids with their sentences, for the report of a failure.
std::string listed(const Verdict& verdict) {
  std::string list;
  for (const Finding& finding : verdict.findings) list += finding.rule_id + ": " + finding.text.en + "\n";
  return list;
}

/// One MR series of the sample protocol; `number` gives its UID, `time` its acquisition time.
Records mr_series(int number, const char* time, const char* sequence, const char* tr, const char* te,
                  const char* ti, const char* thickness, int slices) {
  Records records;
  const std::string series = "1.2.3." + std::to_string(number);
  const double spacing = std::stod(thickness);
  for (int i = 0; i < slices; ++i) {
    InstanceRecord record = ct_slice(i + 1, -spacing * i, series);
    record.sop_class_uid = "1.2.840.10008.5.1.4.1.1.4";
    for (const char* const gone : {"KVP", "ConvolutionKernel", "ContrastBolusAgent"}) unset(record, gone);
    set(record, "PatientID", {"TG-BRAIN-0001"});
    set(record, "StudyDate", {"20260302"});
    set(record, "AcquisitionDate", {"20260302"});
    set(record, "AcquisitionTime", {time});
    set(record, "Modality", {"MR"});
    set(record, "ImageType", {"ORIGINAL", "PRIMARY", "M", "NORM"});
    set(record, "MagneticFieldStrength", {"3"});
    set(record, "ScanningSequence", {sequence});
    set(record, "MRAcquisitionType", {std::string(sequence) == "GR" ? "3D" : "2D"});
    set(record, "RepetitionTime", {tr});
    set(record, "EchoTime", {te});
    set(record, "FlipAngle", {"9"});
    if (*ti != '\0') set(record, "InversionTime", {ti});
    set(record, "SliceThickness", {thickness});
    set(record, "PixelSpacing", {"1", "1"});
    records.add(std::move(record));
  }
  return records;
}

Records post_contrast(const char* tr = "2300", const char* time = "104000") {
  Records records = mr_series(5, time, "GR", tr, "2.98", "900", "1", 40);
  set_all(records, "ContrastBolusAgent", {"GADOBUTROL"});
  return records;
}

/// The whole protocol in its order: pre-contrast T1, FLAIR, diffusion, contrast, T2, post-contrast T1.
Records brain(Records post = post_contrast(), const char* t2_time = "103000") {
  Records all = mr_series(1, "100000", "GR", "2300", "2.98", "900", "1", 40);
  set_all(all, "ContrastBolusAgent", {"NONE"});
  append(all, mr_series(2, "101000", "IR", "9000", "90", "2500", "3", 20));
  append(all, mr_series(3, "102000", "EP", "5000", "80", "", "3", 20));
  append(all, mr_series(4, t2_time, "SE", "4000", "100", "", "3", 20));
  append(all, std::move(post));
  return all;
}

InstanceRecord pet_slice(int number, double z) {
  InstanceRecord record = ct_slice(number, z, "1.2.3.7");
  record.sop_class_uid = "1.2.840.10008.5.1.4.1.1.128";
  for (const char* const gone : {"KVP", "ConvolutionKernel", "ContrastBolusAgent"}) unset(record, gone);
  set(record, "PatientID", {"TG-PET-0001"});
  set(record, "StudyDate", {"20260305"});
  set(record, "AcquisitionDate", {"20260305"});
  set(record, "AcquisitionTime", {"110000"});
  set(record, "Modality", {"PT"});
  set(record, "ImageType", {"ORIGINAL", "PRIMARY"});
  set(record, "Units", {"BQML"});
  set(record, "CorrectedImage", {"DECY", "ATTN", "SCAT", "RAN"});
  set(record, "DecayCorrection", {"START"});
  set(record, "PatientWeight", {"72.5"});
  const std::string drug = "RadiopharmaceuticalInformationSequence[0].";
  set(record, drug + "RadionuclideTotalDose", {"300000000"});
  set(record, drug + "RadionuclideHalfLife", {"6586.2"});
  set(record, drug + "RadiopharmaceuticalStartTime", {"100000"});
  set(record, drug + "RadionuclideCodeSequence[0].CodeMeaning", {"^18^Fluorine"});
  set(record, "SliceThickness", {"3"});
  return record;
}

Records pet_ct() {
  Records records;
  for (int i = 0; i < 300; ++i) records.add(pet_slice(i + 1, -3.0 * i));
  for (int i = 0; i < 200; ++i) {
    InstanceRecord& record = records.add(ct_slice(i + 1, -5.0 * i, "1.2.3.8"));
    set(record, "PatientID", {"TG-PET-0001"});
    set(record, "StudyDate", {"20260305"});
    set(record, "AcquisitionDate", {"20260305"});
  }
  return records;
}

std::vector<std::string> obstacles_with(std::string_view path, const Values& values) {
  InstanceRecord record = pet_slice(1, 0);
  if (values.empty()) {
    unset(record, path);
  } else {
    set(record, path, values);
  }
  std::vector<std::string> texts;
  for (const Text& text : suv_obstacles(record)) texts.push_back(text.en);
  return texts;
}

}  // namespace

TEST_CASE("the sample glioblastoma protocol, scanned as it says, is released without a finding") {
  const Verdict verdict = judge_sample(sample_trial("GBM-210.yaml"), brain());
  CHECK(listed(verdict).empty());
  CHECK(verdict.slots.size() == 5);
  CHECK(verdict.outcome == Outcome::release);
}

TEST_CASE(
    "same_as_slot: the T1 after contrast has the parameters of the one before it, within the tolerance") {
  const Trial& trial = sample_trial("GBM-210.yaml");
  CHECK(rule_ids(judge_sample(trial, brain(post_contrast("2410")))).empty());  // 4.8 per cent
  const Verdict verdict = judge_sample(trial, brain(post_contrast("2420")));   // 5.2 per cent
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"t1-post/same-tr"});
  const Finding& finding = verdict.findings.front();
  CHECK(finding.found == "2420");
  CHECK(finding.expected == "the same as in series t1-pre ± 5%: 2300");
  CHECK(verdict.outcome == Outcome::quarantine);
  // A mutual comparison: the series before contrast is not blamed.
  CHECK(finding.subject.series_uid == "1.2.3.5");
}

TEST_CASE("same_as_slot is not determinable when the other series is missing or silent") {
  const Trial& trial = sample_trial("GBM-210.yaml");
  Records records = brain();
  for (InstanceRecord& record : records.all()) {
    if (record.series_uid == "1.2.3.1") unset(record, "FlipAngle");
  }
  const Verdict silent = judge_sample(trial, records);
  const Finding* const flip = find(silent, "t1-post/same-flip");
  REQUIRE(flip != nullptr);
  CHECK(flip->result == CheckResult::not_determinable);
  CHECK(flip->text.en.find("series t1-pre has no value to compare with") != std::string::npos);
}

TEST_CASE("after and before: the order of acquisition is that of the times, not of the series numbers") {
  const Trial& trial = sample_trial("GBM-210.yaml");
  const Verdict late_t2 = judge_sample(trial, brain(post_contrast(), "105000"));
  REQUIRE(rule_ids(late_t2) == std::vector<std::string>{"t1-post/after-t2"});
  CHECK(late_t2.findings.front().found == "2026-03-02 10:40:00");
  CHECK(late_t2.findings.front().expected == "after series t2-ax: 2026-03-02 10:50:00");
  const Verdict early = judge_sample(trial, brain(post_contrast("2300", "095900")));
  CHECK(find(early, "t1-post/after-pre") != nullptr);
  CHECK(find(early, "flair-ax/before-contrast") != nullptr);
  // The same moment is neither before nor after.
  CHECK(find(judge_sample(trial, brain(post_contrast("2300", "100000"))), "t1-post/after-pre") != nullptr);

  Records timeless = brain();
  for (InstanceRecord& record : timeless.all()) {
    if (record.series_uid == "1.2.3.4") unset(record, "AcquisitionTime");
  }
  const Verdict verdict = judge_sample(trial, timeless);
  const Finding* const unknown = find(verdict, "t1-post/after-t2");
  REQUIRE(unknown != nullptr);
  CHECK(unknown->result == CheckResult::not_determinable);
}

TEST_CASE("field strength: gauss are tesla") {
  InstanceRecord record = mr_series(1, "100000", "GR", "1", "1", "", "1", 1).all().front();
  CHECK(field_strength(record).numbers == std::vector<double>{3});
  set(record, "MagneticFieldStrength", {"15000"});
  CHECK(field_strength(record).numbers == std::vector<double>{1.5});
  set(record, "MagneticFieldStrength", {"100"});
  CHECK(field_strength(record).numbers == std::vector<double>{0.01});
  set(record, "MagneticFieldStrength", {"0"});
  CHECK(field_strength(record).state == Value::State::unknown);
  unset(record, "MagneticFieldStrength");
  CHECK(field_strength(record).state == Value::State::unknown);
}

TEST_CASE("the sample lymphoma protocol, scanned as it says, is released without a finding") {
  const Verdict verdict = judge_sample(sample_trial("LYM-115.yaml"), pet_ct());
  CHECK(listed(verdict).empty());
  CHECK(verdict.facts.at("pet").at("uptake_time").number == 60);
}

TEST_CASE("what keeps an SUV from being computed is named, each by itself") {
  const std::string drug = "RadiopharmaceuticalInformationSequence[0].";
  using Names = std::vector<std::string>;
  CHECK(obstacles_with("PatientWeight", {"72.5"}) == Names{});
  CHECK(obstacles_with("PatientWeight", {}) == Names{"Patient's Weight is absent"});
  CHECK(obstacles_with("PatientWeight", {"0"}).front().starts_with("Patient's Weight is no weight"));
  CHECK(obstacles_with("PatientWeight", {"19.9"}).size() == 1);
  CHECK(obstacles_with("PatientWeight", {"20"}).empty());
  CHECK(obstacles_with("PatientWeight", {"300"}).empty());
  CHECK(obstacles_with("PatientWeight", {"300.1"}).size() == 1);
  CHECK(obstacles_with("Units", {"CNTS"}) == Names{"Units are counts, without a factor to activity"});
  CHECK(obstacles_with("Units", {"PROPCPS"}).size() == 1);
  CHECK(obstacles_with("Units", {}).size() == 1);
  CHECK(obstacles_with("CorrectedImage", {"DECY"}) == Names{"not corrected for attenuation"});
  CHECK(obstacles_with("DecayCorrection", {"NONE"}).size() == 1);
  CHECK(obstacles_with("DecayCorrection", {"ADMIN"}).empty());
  CHECK(obstacles_with(drug + "RadionuclideTotalDose", {"300"}).front().find("wrong unit") !=
        std::string::npos);
  CHECK(obstacles_with(drug + "RadionuclideTotalDose", {}) == Names{"Radionuclide Total Dose is absent"});
  CHECK(obstacles_with(drug + "RadionuclideHalfLife", {"4062.6"}).front().find("6586.2 s") !=
        std::string::npos);
  CHECK(obstacles_with(drug + "RadionuclideHalfLife", {"6526.2"}).empty());
  CHECK(obstacles_with(drug + "RadionuclideHalfLife", {}).size() == 1);
  CHECK(obstacles_with(drug + "RadiopharmaceuticalStartTime", {}) ==
        Names{"the time of injection is absent"});
}

TEST_CASE("PS3.3 §C.7.6.16.2.11: enhanced PET says its units as a real world value mapping") {
  const std::string unit =
      "SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0]."
      "CodeValue";
  InstanceRecord mapped = pet_slice(1, 0);
  unset(mapped, "Units");
  CHECK(suv_obstacles(mapped).size() == 1);
  set(mapped, unit, {"{counts}/s"});
  CHECK(suv_obstacles(mapped).size() == 1);
  set(mapped, unit, {"Bq/ml"});
  CHECK(suv_obstacles(mapped).empty());
  unset(mapped, "PatientWeight");
  CHECK(suv_obstacles(mapped).size() == 1);
  set(mapped, unit, {"{SUVbw}g/ml"});
  CHECK(suv_obstacles(mapped).empty());
}

TEST_CASE("PET: counts with a Philips factor, SUV units, and enhanced PET in MBq are what they are") {
  InstanceRecord counts = pet_slice(1, 0);
  set(counts, "Units", {"CNTS"});
  set(counts, "Philips PET Private Group:(7053,xx00)", {"0.000587"});
  CHECK(suv_obstacles(counts).empty());
  set(counts, "Philips PET Private Group:(7053,xx00)", {"0"});
  CHECK(suv_obstacles(counts).size() == 1);
  InstanceRecord suv = pet_slice(1, 0);
  set(suv, "Units", {"GML"});
  unset(suv, "PatientWeight");
  CHECK(suv_obstacles(suv).empty());
  InstanceRecord enhanced = pet_slice(1, 0);
  enhanced.sop_class_uid = "1.2.840.10008.5.1.4.1.1.130";
  CHECK(injected_activity(enhanced).state == Value::State::unknown);
  set(enhanced, "RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose", {"300"});
  CHECK(injected_activity(enhanced).numbers == std::vector<double>{300});
}

TEST_CASE("the nuclide is found by its code and by every way of writing its name") {
  const std::string code = "RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0].";
  for (const char* const meaning : {"^68^Gallium", "68Ga", "Ga-68", "Gallium 68", "GA68"}) {
    InstanceRecord record = pet_slice(1, 0);
    set(record, code + "CodeMeaning", {meaning});
    CHECK_MESSAGE(suv_obstacles(record).size() == 1, meaning);
  }
  InstanceRecord coded = pet_slice(1, 0);
  set(coded, code + "CodeMeaning", {"?"});
  CHECK(suv_obstacles(coded).empty());
  set(coded, code + "CodeValue", {"C-131A3"});
  CHECK(suv_obstacles(coded).size() == 1);
}

TEST_CASE("one bad slice of a PET series is found, with its instance") {
  Records records = pet_ct();
  set(records.all()[17], "Units", {"CNTS"});
  const Verdict verdict = judge_sample(sample_trial("LYM-115.yaml"), records);
  const Finding* const finding = find(verdict, "pet/suv");
  REQUIRE(finding != nullptr);
  CHECK(finding->subject.instances == std::vector<std::string>{"1.2.3.7.1018"});
  CHECK(finding->found.find("without a factor") != std::string::npos);
}

TEST_CASE("the CT of another session is not that of the PET") {
  Records records = pet_ct();
  for (InstanceRecord& record : records.all()) {
    if (record.series_uid == "1.2.3.8") set(record, "FrameOfReferenceUID", {"1.2.3.98"});
  }
  CHECK(rule_ids(judge_sample(sample_trial("LYM-115.yaml"), records)) ==
        std::vector<std::string>{"ct-attenuation/same-session"});
}
