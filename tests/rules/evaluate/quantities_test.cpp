#include "rules/evaluate/equivalents.h"
#include "rules/evaluate/header_quantities.h"
#include "rules/evaluate/observe.h"
#include "rules/evaluate/plausible.h"
#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const std::string drug = "RadiopharmaceuticalInformationSequence[0].";

/// The stack that `count` slices make, acquired from `time` on, one second each.
Stack stack_of(Records& records) {
  auto stacks = build_stacks(records.views());
  REQUIRE(stacks.size() == 1);
  return std::move(stacks.front());
}

Records timed(const char* date, const char* time, const char* path, const char* start) {
  Records records = ct_series(3);
  for (InstanceRecord& record : records.all()) {
    if (*date == '\0') {
      unset(record, "AcquisitionDate");
    } else {
      set(record, "AcquisitionDate", {date});
    }
    set(record, "AcquisitionTime", {time});
    if (*start != '\0') set(record, path, {start});
  }
  return records;
}

Value delay(const char* date, const char* time, const char* start) {
  Records records = timed(date, time, "ContrastBolusStartTime", start);
  return phase_delay(stack_of(records));
}

Value uptake(const char* date, const char* time, const char* start) {
  Records records = timed(date, time, (drug + "RadiopharmaceuticalStartTime").c_str(), start);
  return uptake_time(stack_of(records));
}

const AppliedRule* applied(const Verdict& verdict, std::string_view rule_id) {
  const auto found = std::ranges::find(verdict.rules, rule_id, &AppliedRule::rule_id);
  return found == verdict.rules.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("phase delay: across midnight, without dates, and where the start says nothing") {
  CHECK(delay("20260220", "101532", "101422").numbers == std::vector<double>{70});
  CHECK(delay("20260221", "000010", "235900").numbers == std::vector<double>{70});
  CHECK(delay("", "000010", "235900").numbers == std::vector<double>{70});
  CHECK(delay("20260220", "101532", "").state == Value::State::unknown);
  CHECK(delay("20260220", "101532", "ten").state == Value::State::unknown);
  CHECK(delay("20260220", "101532", "101532").why.en == "contrast start is the start of the scan itself");
  CHECK(delay("20260220", "101532", "101600").why.en.find("later than the acquisition") != std::string::npos);
  CHECK(delay("20260220", "101532", "081532").state == Value::State::unknown);
  CHECK(delay("20269999", "101532", "101422").state == Value::State::unknown);

  Records records = timed("20260220", "101532", "ContrastBolusStartTime", "101422");
  set(records.all().front(), "ContrastBolusStartTime", {"101400"});
  CHECK(phase_delay(stack_of(records)).why.en == "the instances name different injection times");
}

TEST_CASE("uptake time: midnight, contradictions, GE's true scan time, nuclides that live for days") {
  CHECK(uptake("20260220", "110000", "100000").numbers == std::vector<double>{60});
  CHECK(uptake("20260221", "003000", "233000").numbers == std::vector<double>{60});
  CHECK(uptake("", "003000", "233000").numbers == std::vector<double>{60});
  CHECK(uptake("20260220", "110000", "110000").why.en == "the injection time is that of the scan itself");
  CHECK(uptake("20260220", "110000", "120000").state == Value::State::unknown);

  Records records = timed("20260220", "110000", (drug + "RadiopharmaceuticalStartTime").c_str(), "100000");
  for (InstanceRecord& record : records.all()) set(record, "GEMS_PETD_01:(0009,xx0D)", {"20260220105000"});
  CHECK(uptake_time(stack_of(records)).numbers == std::vector<double>{50});
  for (InstanceRecord& record : records.all()) {
    set(record, drug + "RadiopharmaceuticalStartDateTime", {"20260220093000"});
  }
  CHECK(uptake_time(stack_of(records)).why.en == "date-time and time of the injection contradict each other");
  for (InstanceRecord& record : records.all()) {
    set(record, drug + "RadiopharmaceuticalStartDateTime", {"20260216100000"});
    set(record, drug + "RadionuclideCodeSequence[0].CodeMeaning", {"^89^Zirconium"});
  }
  CHECK(uptake_time(stack_of(records)).numbers == std::vector<double>{4 * 24 * 60 + 50});
  for (InstanceRecord& record : records.all()) unset(record, drug + "RadiopharmaceuticalStartDateTime");
  CHECK(uptake_time(stack_of(records)).state == Value::State::unknown);
}

TEST_CASE("the nuclide is told by either generation of codes, by its spellings, and by FDG") {
  InstanceRecord record = ct_slice(1, 0);
  const auto named = [&](const char* code, const char* meaning) {
    set(record, drug + "RadionuclideCodeSequence[0].CodeValue", {code});
    set(record, drug + "RadionuclideCodeSequence[0].CodeMeaning", {meaning});
    return radionuclide(record).texts;
  };
  using Texts = std::vector<std::string>;
  CHECK(named("C-111A1", "") == Texts{"F-18"});
  CHECK(named("63360001", "") == Texts{"Zr-89"});
  CHECK(named("", "^64^Copper") == Texts{"Cu-64"});
  CHECK(named("", "Ga-68") == Texts{"Ga-68"});
  CHECK(named("", "99mTc") == Texts{"Tc-99m"});
  CHECK(named("", "^12^Carbon").empty());
  set(record, drug + "Radiopharmaceutical", {"FDG -- fluorodeoxyglucose"});
  CHECK(named("", "") == Texts{"F-18"});
}

TEST_CASE("a series without attenuation correction is told by content") {
  InstanceRecord record = ct_slice(1, 0);
  CHECK(attenuation_corrected(record).state == Value::State::unknown);
  set(record, "CorrectedImage", {"DECY", "RAN"});
  CHECK(attenuation_corrected(record).texts.front() == "no");
  set(record, "CorrectedImage", {"DECY", "ATTN"});
  CHECK(attenuation_corrected(record).texts.front() == "yes");
  set(record, "AttenuationCorrected", {"NO"});
  CHECK(attenuation_corrected(record).texts.front() == "no");
  set(record, "DecayCorrection", {"NONE"});
  CHECK(decay_corrected(record).texts.front() == "no");
}

TEST_CASE("instances that disagree about what an SUV needs are named") {
  Records records = timed("20260220", "110000", (drug + "RadiopharmaceuticalStartTime").c_str(), "100000");
  for (InstanceRecord& record : records.all()) set(record, "PatientWeight", {"70"});
  CHECK(suv_disagreements(stack_of(records)).empty());
  set(records.all()[1], "PatientWeight", {"71"});
  const auto named = suv_disagreements(stack_of(records));
  REQUIRE(named.size() == 1);
  CHECK(named.front().en == "Patient's Weight is not the same in all instances");
}

TEST_CASE("b-values of older Siemens and GE scanners split a series as the public ones do") {
  InstanceRecord record = ct_slice(1, 0);
  CHECK_FALSE(b_value_of(record));
  set(record, "GEMS_PARM_01:(0043,xx39)", {"1000000800", "8", "0", "0"});
  CHECK(b_value_of(record) == 800);
  set(record, "SIEMENS MR HEADER:(0019,xx0C)", {"1000"});
  CHECK(b_value_of(record) == 1000);

  Records records = ct_series(4);
  append(records, ct_series(4));
  int i = 0;
  for (InstanceRecord& each : records.all()) {
    each.sop_instance_uid = "1.2.3.1.5" + std::to_string(i);
    set(each, "SIEMENS MR HEADER:(0019,xx0C)", {i++ < 4 ? "0" : "800"});
  }
  CHECK(build_stacks(records.views()).size() == 2);
}

TEST_CASE("enhanced names stand for the classic ones") {
  InstanceRecord record = ct_slice(1, 0);
  set(record, "EffectiveEchoTime", {"90"});
  set(record, "EchoPulseSequence", {"GRADIENT"});
  set(record, "InversionRecovery", {"YES"});
  CHECK(attribute_value({std::nullopt, "EchoTime", true, "ms"}, record).numbers == std::vector<double>{90});
  CHECK(attribute_value({std::nullopt, "ScanningSequence", false, ""}, record).texts == Values{"GR", "IR"});
  set(record, "EchoTime", {"80"});
  CHECK(attribute_value({std::nullopt, "EchoTime", true, "ms"}, record).numbers == std::vector<double>{80});
}

TEST_CASE("reformats and scouts are told by geometry, whatever Image Type says") {
  Records sagittal = ct_series(10);
  for (InstanceRecord& record : sagittal.all()) orient(record, {0, 1, 0, 0, 0, -1});
  CHECK(stack_of(sagittal).kind == StackKind::derived);
  Records tilted = ct_series(10);
  for (InstanceRecord& record : tilted.all()) orient(record, {1, 0, 0, 0, 0.9063, -0.4226});
  CHECK(stack_of(tilted).kind == StackKind::image);

  Records scout;
  for (int i = 0; i < 9; ++i) {
    InstanceRecord record = ct_slice(i, i);
    set(record, "Modality", {"MR"});
    set(record, "ImageType", {"ORIGINAL", "PRIMARY", "M_FFE"});
    if (i % 3 == 1) orient(record, {0, 1, 0, 0, 0, -1});
    if (i % 3 == 2) orient(record, {1, 0, 0, 0, 0, -1});
    scout.add(std::move(record));
  }
  for (const Stack& stack : build_stacks(scout.views())) CHECK(stack.kind == StackKind::localizer);

  InstanceRecord named = ct_slice(1, 0);
  set(named, "SeriesDescription", {"after dose report"});
  CHECK(kind_of(named) == StackKind::image);
}

TEST_CASE("a value that cannot be never makes a rule pass, and is a finding of its own") {
  const Trial trial = trial_with("      - {id: thickness, SliceThickness: {max: 5.0}, if_unknown: query}\n");
  for (const char* const thickness : {"-5", "0", "0.0005"}) {
    Records records = ct_series();
    for (InstanceRecord& record : records.all()) set(record, "SliceThickness", {thickness});
    const Verdict verdict = judge(trial, records);
    const Finding* const finding = find(verdict, "ct/thickness");
    REQUIRE(finding != nullptr);
    CHECK(finding->result == CheckResult::not_determinable);
    REQUIRE(find(verdict, "study/consistent_headers") != nullptr);
    CHECK(find(verdict, "study/consistent_headers")->found == "SliceThickness is no possible value");
  }
  Records enormous = ct_series();
  for (InstanceRecord& record : enormous.all()) set(record, "SliceThickness", {"1e300"});
  CHECK(find(judge(trial, enormous), "ct/thickness")->result == CheckResult::fail);
  Records text = ct_series();
  for (InstanceRecord& record : text.all()) set(record, "SliceThickness", {"five"});
  CHECK(find(judge(trial, text), "ct/thickness")->result == CheckResult::not_determinable);
}

TEST_CASE("headers that contradict themselves are named") {
  const auto named = [](std::string_view path, Values values) {
    InstanceRecord record = ct_slice(1, 0);
    set(record, path, std::move(values));
    std::string all;
    for (const Text& text : header_contradictions(record)) all += text.en + ";";
    return all;
  };
  CHECK(named("ReconstructionDiameter", {"410"}).empty());
  CHECK(named("ReconstructionDiameter", {"41"}) ==
        "ReconstructionDiameter contradicts Pixel Spacing and Columns;");
  CHECK(named("ImageOrientationPatient", {"1", "0", "0", "0", "2", "0"}) ==
        "ImageOrientationPatient holds no perpendicular unit vectors;");
  CHECK(named("StudyDate", {"20261332"}) == "StudyDate is no date;");
  CHECK(named("AcquisitionTime", {"noon"}) == "AcquisitionTime is no time;");
  CHECK(named("AcquisitionDateTime", {"20260224101532"}) ==
        "AcquisitionDateTime contradicts Acquisition Date;");
  CHECK(named("AcquisitionDateTime", {"20260221000001"}).empty());
  CHECK(named("KVP", {"120000"}) == "KVP is no possible value;");
}

TEST_CASE("clocks that disagree are a finding") {
  const Trial trial = trial_with("      - {id: thickness, SliceThickness: {max: 5.0}}\n");
  Records records = ct_series();
  for (InstanceRecord& record : records.all()) set(record, "ContentDate", {"20260219"});
  const Verdict early = judge(trial, records);
  REQUIRE(find(early, "study/dates_agree") != nullptr);
  CHECK(find(early, "study/dates_agree")->found == "2026-02-19");

  const Records good = ct_series();
  SubmissionFacts submission;
  submission.site = "S1";
  submission.study_uid = "1.2.3";
  submission.records = good.views();
  submission.received = parse_iso_date("2026-02-19");
  CHECK(find(evaluate(trial, submission, {}), "study/dates_agree") == nullptr);
  submission.received = parse_iso_date("2026-02-18");
  CHECK(find(evaluate(trial, submission, {}), "study/dates_agree") != nullptr);
}

TEST_CASE("a check for some time points is not determinable while the time point is unknown") {
  const Trial trial =
      trial_with("      - {id: thickness, SliceThickness: {max: 5.0}, at: [W06], if_unknown: query}\n");
  Records records = ct_series();
  for (InstanceRecord& record : records.all()) set(record, "PatientID", {"P3"});
  const Verdict unknown = judge(trial, records);
  REQUIRE(find(unknown, "ct/thickness") != nullptr);
  CHECK(find(unknown, "ct/thickness")->result == CheckResult::not_determinable);
  const Verdict baseline = judge(trial, ct_series());
  CHECK(find(baseline, "ct/thickness") == nullptr);
  CHECK_FALSE(applied(baseline, "ct/thickness")->result);
  CHECK(applied(baseline, "ct/thickness")->why == "not at time point BL");
}

TEST_CASE("every rule is accounted for, passed ones too, and the account survives JSON") {
  const Verdict verdict = judge(trial_with(all_checks), ct_series());
  const AppliedRule* const thickness = applied(verdict, "ct/thickness");
  REQUIRE(thickness != nullptr);
  CHECK(thickness->result == CheckResult::pass);
  CHECK(thickness->expected == "at most 5.0");
  REQUIRE(thickness->seen.size() == 1);
  CHECK(thickness->seen.front() == SeenValue{"1.2.3.1", 24, "5", ""});
  CHECK(applied(verdict, "ct/required")->result == CheckResult::pass);
  CHECK(applied(verdict, "study/visit_window")->result == CheckResult::pass);
  const auto again = verdict_from_json(to_json(verdict));
  REQUIRE(again.has_value());
  CHECK(*again == verdict);
  auto old = to_json(verdict);
  old.as_object().erase("rules");
  CHECK(verdict_from_json(old).has_value());
}

TEST_CASE("the reason for a missing series is in the reader's language") {
  Records records = ct_series();
  for (InstanceRecord& record : records.all()) set(record, "Modality", {"MR"});
  const Verdict verdict = judge(trial_with(all_checks), records);
  const Finding* const missing = find(verdict, "ct/required");
  REQUIRE(missing != nullptr);
  CHECK(missing->text.en.find("wanted Modality CT, found MR") != std::string::npos);
  CHECK(missing->text.zh.find("要求 Modality CT，实际为 MR") != std::string::npos);
  CHECK(missing->text.zh.find("wanted") == std::string::npos);
}

TEST_CASE("a phantom scan that is too old, or none, holds the study; a vendor's change is another scanner") {
  Trial trial = trial_with("      - {id: thickness, SliceThickness: {max: 5.0}}\n",
                           "scanners: {qualified: scanners.csv, phantom: {CT: {every_days: 30}}}\n");
  const Finding* const none = find(judge(trial, ct_series()), "study/current_phantom");
  CHECK(none != nullptr);
  QualifiedScanner& scanner = trial.scanners.qualified.front();
  scanner.phantom_dates = {*parse_iso_date("2026-01-21"), *parse_iso_date("2026-03-01")};
  CHECK(find(judge(trial, ct_series()), "study/current_phantom") == nullptr);  // 30 days
  scanner.phantom_dates.front() = *parse_iso_date("2026-01-20");
  const Verdict late = judge(trial, ct_series());
  REQUIRE(find(late, "study/current_phantom") != nullptr);
  CHECK(find(late, "study/current_phantom")->found == "31 days");
  CHECK(late.outcome == Outcome::quarantine);
}

TEST_CASE("projection, ultrasound and cine basics") {
  InstanceRecord record = ct_slice(1, 0);
  CHECK(in_plane_spacing(record).numbers == std::vector<double>{0.8});
  unset(record, "PixelSpacing");
  set(record, "ImagerPixelSpacing", {"0.1", "0.14"});
  CHECK(in_plane_spacing(record).numbers == std::vector<double>{0.14});
  CHECK(laterality(record).state == Value::State::unknown);
  set(record, "ImageLaterality", {"L"});
  CHECK(laterality(record).texts.front() == "left");
  set(record, "ImageLaterality", {"X"});
  CHECK(laterality(record).state == Value::State::unknown);
  set(record, "ViewCodeSequence[0].CodeMeaning", {"cranio-caudal"});
  CHECK(view(record).texts.front() == "CRANIO-CAUDAL");
  set(record, "ViewPosition", {"mlo"});
  CHECK(view(record).texts.front() == "MLO");

  CHECK(ultrasound_calibrated(record).state == Value::State::unknown);
  const std::string region = "SequenceOfUltrasoundRegions[0].";
  for (const char* const direction : {"X", "Y"}) {
    set(record, region + "PhysicalUnits" + direction + "Direction", {"3"});
    set(record, region + "PhysicalDelta" + direction, {"0.02"});
  }
  CHECK(ultrasound_calibrated(record).texts.front() == "yes");
  set(record, region + "PhysicalUnitsYDirection", {"4"});
  CHECK(ultrasound_calibrated(record).texts.front() == "no");

  Records cine;
  InstanceRecord& clip = cine.add(ct_slice(1, 0));
  clip.number_of_frames = 120;
  CHECK(frame_count(stack_of(cine)) == 120);
}

TEST_CASE("a study of 2 000 instances, and an instance of 10 000 frames, are judged within a second of CPU") {
  const Trial trial = trial_with(all_checks);
  const auto seconds = [&](const Records& records) {
    const std::clock_t start = std::clock();
    (void)judge(trial, records);
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  const double study = seconds(ct_series(2000, 0.5));
  Records enhanced;
  InstanceRecord& record = enhanced.add(ct_slice(1, 0));
  record.number_of_frames = 10'000;
  for (int i = 0; i < 10'000; ++i) {
    Frame frame = record.geometry();
    frame.position = {0, 0, 0.1 * i};
    frame.slice_thickness = 0.1;
    record.frames.push_back(std::move(frame));
  }
  const double frames = seconds(enhanced);
  MESSAGE("CPU seconds: 2 000 instances " << study << ", 10 000 frames " << frames);
#ifdef NDEBUG
  CHECK(study < 1);
  CHECK(frames < 1);
#endif
}
