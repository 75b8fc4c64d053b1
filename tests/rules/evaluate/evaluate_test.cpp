#include "tests/rules/evaluate/series_builder.h"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const Trial& full_trial() {
  static const Trial trial = trial_with(all_checks);
  return trial;
}

/// The released baseline of T1 on the scanner of the builder.
SubjectHistory baseline_history(const Trial& trial) {
  const Verdict verdict = judge(trial, ct_series());
  SubjectHistory history;
  history.studies.push_back({"1.2.1", verdict.time_point_id, verdict.visit.study_date, verdict.facts});
  return history;
}

Records follow_up() {
  Records records = ct_series();
  for (InstanceRecord& record : records.all()) {
    set(record, "StudyDate", {"20260413"});
    set(record, "AcquisitionDate", {"20260413"});
  }
  return records;
}

void set_all(Records& records, std::string_view path, const Values& values) {
  for (InstanceRecord& record : records.all()) set(record, path, values);
}

}  // namespace

TEST_CASE("a conforming baseline is released without a finding") {
  const Verdict verdict = judge(full_trial(), ct_series());
  CHECK(rule_ids(verdict) == std::vector<std::string>{});
  CHECK(verdict.outcome == Outcome::release);
  CHECK(verdict.subject_id == "T1");
  CHECK(verdict.time_point_id == "BL");
  CHECK(verdict.version == 1);
  CHECK(verdict.visit.in_window);
  CHECK(verdict.visit.day == -10);
  CHECK(verdict.slots.at("ct").series_uids == std::vector<std::string>{"1.2.3.1"});
  CHECK(verdict.slots.at("ct").instances.size() == 24);
  CHECK(verdict.facts.at("ct").at("SliceThickness").number == 5.0);
  CHECK(verdict.facts.at("ct").at("scanner.serial").texts == std::vector<std::string>{"SN1"});
  CHECK(verdict.modalities == std::vector<std::string>{"CT"});
  CHECK(verdict.charter_version == "1.0");
  CHECK(verdict.rules_sha256 == full_trial().rules_sha256);
}

TEST_CASE("thick slices: a query with what was expected, found, and to be done") {
  Records records = ct_series(16, 7.5);
  set_all(records, "SliceThickness", {"7.50000"});
  const Verdict verdict = judge(full_trial(), records);
  CHECK(verdict.outcome == Outcome::quarantine);
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"ct/thickness"});
  const Finding& finding = verdict.findings.front();
  CHECK(finding.severity == RuleSeverity::query);
  CHECK(finding.result == CheckResult::fail);
  CHECK(finding.property == "SliceThickness");
  CHECK(finding.expected == "at most 5.0");
  CHECK(finding.found == "7.50000");
  CHECK(finding.unit == "mm");
  CHECK(finding.subject.slot == "ct");
  CHECK(finding.subject.series_uid == "1.2.3.1");
  CHECK(finding.subject.instance_count == 16);
  CHECK(finding.text.en == "CT: slice thickness (SliceThickness) is 7.50000 mm; expected at most 5.0 mm.");
  CHECK(finding.text.zh == "增强CT：层厚（SliceThickness）为 7.50000 mm；要求 不大于 5.0 mm。");
  CHECK_FALSE(finding.remedy.en.empty());
  CHECK_FALSE(finding.remedy.zh.empty());
  CHECK(finding.charter_version == "1.0");
}

TEST_CASE("one thick slice among many is found, and only it is named") {
  Records records = ct_series();
  set(records.all()[7], "SliceThickness", {"10"});
  const Verdict verdict = judge(full_trial(), records);
  REQUIRE(find(verdict, "ct/thickness") != nullptr);
  CHECK(find(verdict, "ct/thickness")->subject.instances == std::vector<std::string>{"1.2.3.1.1008"});
}

TEST_CASE("lists of instances are bounded, their number is not") {
  Records records = ct_series(600, 5);
  set_all(records, "SliceThickness", {"8"});
  const Verdict verdict = judge(full_trial(), records);
  CHECK(find(verdict, "ct/thickness")->subject.instances.size() == max_listed_instances);
  CHECK(find(verdict, "ct/thickness")->subject.instance_count == 600);
}

TEST_CASE("missing slices: how many and between which") {
  Records all = ct_series();
  Records records;
  for (std::size_t i = 0; i < 24; ++i) {
    if (i != 12 && i != 13) records.add(all.all()[i]);
  }
  const Verdict verdict = judge(full_trial(), records);
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"ct/complete"});
  const Finding& finding = verdict.findings.front();
  CHECK(finding.found == "2 (2 between slices 10 and 11 (-70 / -55 mm))");
  CHECK(finding.text.en == "CT: missing slices is 2, 2 between slices 10 and 11 (-70 / -55 mm); expected 0.");
  CHECK(finding.subject.instances == std::vector<std::string>{"1.2.3.1.1015", "1.2.3.1.1012"});
}

TEST_CASE("gap, duplicates, tilt, orientation, coverage: each its own finding") {
  CHECK(rule_ids(judge(full_trial(), ct_series(24, 5.2))) == std::vector<std::string>{"ct/contiguous"});
  CHECK(rule_ids(judge(full_trial(), ct_series(24, 5.1))).empty());
  CHECK(rule_ids(judge(full_trial(), ct_series(19, 5))) == std::vector<std::string>{"ct/coverage"});
  CHECK(rule_ids(judge(full_trial(), ct_series(20, 5))).empty());
  CHECK(judge(full_trial(), ct_series(19, 5)).outcome == Outcome::release);

  Records twice = ct_series();
  InstanceRecord twin = twice.all()[3];
  twin.sop_instance_uid += ".9";
  twice.add(twin);
  CHECK(rule_ids(judge(full_trial(), twice)) == std::vector<std::string>{"ct/duplicates"});

  Records tilted = ct_series();
  for (InstanceRecord& record : tilted.all()) orient(record, {1, 0, 0, 0, 0.99, 0.141});
  CHECK(rule_ids(judge(full_trial(), tilted)) == std::vector<std::string>{"ct/tilt"});

  Records mixed = ct_series();
  for (int i = 0; i < 4; ++i) {
    InstanceRecord coronal = ct_slice(200 + i, 0);
    orient(coronal, {1, 0, 0, 0, 0, -1});
    place(coronal, -200, 10.0 * i, 0);
    mixed.add(coronal);
  }
  CHECK(rule_ids(judge(full_trial(), mixed)) == std::vector<std::string>{"ct/mixed"});
}

TEST_CASE("contrast: not given fails, a silent header asks, as the trial chose") {
  Records none = ct_series();
  set_all(none, "ContrastBolusAgent", {"NONE"});
  const Verdict refused = judge(full_trial(), none);
  REQUIRE(rule_ids(refused) == std::vector<std::string>{"ct/contrast"});
  CHECK(refused.findings[0].result == CheckResult::fail);
  CHECK(refused.findings[0].found == "no");

  Records silent = ct_series();
  for (InstanceRecord& record : silent.all()) unset(record, "ContrastBolusAgent");
  const Verdict asked = judge(full_trial(), silent);
  REQUIRE(rule_ids(asked) == std::vector<std::string>{"ct/contrast"});
  CHECK(asked.findings[0].result == CheckResult::not_determinable);
  CHECK(asked.findings[0].found.empty());
  CHECK(asked.outcome == Outcome::quarantine);
}

TEST_CASE("if_unknown chooses what silence does; silence never fails by itself") {
  for (const auto& [choice, severity, outcome] :
       {std::tuple("accept", -1, Outcome::release), std::tuple("note", 0, Outcome::release),
        std::tuple("warn", 1, Outcome::release), std::tuple("query", 2, Outcome::quarantine),
        std::tuple("reject", 3, Outcome::quarantine)}) {
    CAPTURE(choice);
    const Trial trial =
        trial_with(std::string("      - {id: t, SliceThickness: {max: 5}, severity: reject, if_unknown: ") +
                   choice + "}\n");
    for (const Values& values : {Values{}, Values{""}, Values{"thin"}}) {
      Records records = ct_series();
      set_all(records, "SliceThickness", values);
      const Verdict verdict = judge(trial, records);
      CHECK(verdict.outcome == outcome);
      const Finding* const finding = find(verdict, "ct/t");
      CHECK((finding != nullptr) == (severity >= 0));
      if (finding != nullptr) {
        CHECK(static_cast<int>(finding->severity) == severity);
        CHECK(finding->result == CheckResult::not_determinable);
      }
    }
  }
}

TEST_CASE("severity decides the outcome") {
  for (const auto& [severity, outcome] :
       {std::pair("note", Outcome::release), std::pair("warn", Outcome::release),
        std::pair("query", Outcome::quarantine), std::pair("reject", Outcome::quarantine)}) {
    const Trial trial =
        trial_with(std::string("      - {id: t, SliceThickness: {max: 3}, severity: ") + severity + "}\n");
    const Verdict verdict = judge(trial, ct_series());
    CHECK(verdict.outcome == outcome);
    CHECK(verdict.has_deviation() == (std::string(severity) == "warn"));
  }
}

TEST_CASE("a follow-up on the baseline's scanner has no finding, on another one a deviation") {
  const SubjectHistory history = baseline_history(full_trial());
  const Verdict same = judge(full_trial(), follow_up(), history);
  CHECK(rule_ids(same).empty());
  CHECK(same.time_point_id == "W06");

  Records other = follow_up();
  set_all(other, "DeviceSerialNumber", {"SN2"});
  const Verdict verdict = judge(full_trial(), other, history);
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"ct/same-scanner"});
  CHECK(verdict.outcome == Outcome::release);
  CHECK(verdict.findings[0].expected == "the same as at BL: serial SN1 (Definition)");
  CHECK(verdict.findings[0].found == "serial SN2 (Definition)");
}

TEST_CASE("scanner identity: serial, else station and model, else nothing is proven") {
  const SubjectHistory history = baseline_history(full_trial());
  struct {
    Values serial, station, model;
    const char* expected;  // result of the finding; empty: none
  } const cases[] = {
      {{"SN1"}, {"CT2"}, {"Definition"}, ""},
      {{}, {"CT1"}, {"Definition"}, ""},
      {{}, {"CT2"}, {"Definition"}, "fail"},
      {{}, {}, {"Force"}, "fail"},
      {{}, {}, {"Definition"}, "not_determinable"},
      {{}, {"CT1"}, {}, "not_determinable"},
      {{" sn1 "}, {}, {}, ""},
      {{"ANONYMIZED"}, {"CT1"}, {"Definition"}, ""},
      {{"Anon"}, {"Anon"}, {"Definition"}, "not_determinable"},
  };
  for (const auto& expected : cases) {
    Records records = follow_up();
    set_all(records, "DeviceSerialNumber", expected.serial);
    set_all(records, "StationName", expected.station);
    set_all(records, "ManufacturerModelName", expected.model);
    const Verdict verdict = judge(full_trial(), records, history);
    const Finding* const finding = find(verdict, "ct/same-scanner");
    CAPTURE(expected.expected);
    CHECK((finding == nullptr ? "" : to_string(finding->result)) == expected.expected);
  }
}

TEST_CASE("without a released baseline the comparison is not determinable") {
  const Verdict verdict = judge(full_trial(), follow_up());
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"ct/same-scanner"});
  CHECK(verdict.findings[0].result == CheckResult::not_determinable);
  CHECK(verdict.findings[0].text.en.find("no study of time point BL") != std::string::npos);
}

TEST_CASE(
    "same_as compares numbers within an absolute or relative tolerance, previous with the study before") {
  const Trial trial = trial_with(
      "      - {id: kv, KVP: {same_as: BL, tolerance: 10%}}\n"
      "      - {id: fov, PixelSpacing: {same_as: BL}}\n"
      "      - {id: prev, KVP: {same_as: previous, tolerance: 1}, severity: warn}\n");
  SubjectHistory history = baseline_history(trial);
  CHECK(rule_ids(judge(trial, ct_series())).empty());
  const auto with_kv = [&](const char* kv) {
    Records records = follow_up();
    set_all(records, "KVP", {kv});
    return rule_ids(judge(trial, records, history));
  };
  CHECK(with_kv("120").empty());
  CHECK(with_kv("132") == std::vector<std::string>{"ct/prev"});
  CHECK(with_kv("133") == std::vector<std::string>{"ct/kv", "ct/prev"});
  CHECK(with_kv("108") == std::vector<std::string>{"ct/prev"});
  CHECK(with_kv("107.9") == std::vector<std::string>{"ct/kv", "ct/prev"});
  CHECK(with_kv("121").empty());

  // A later study is not the one before.
  history.studies.push_back(history.studies[0]);
  history.studies[1].study_uid = "1.2.9";
  history.studies[1].time_point_id = "W12";
  history.studies[1].study_date = parse_iso_date("2026-05-25");
  history.studies[1].facts["ct"]["KVP"] = {{"80"}, 80.0};
  CHECK(with_kv("120").empty());

  Records other_pixels = follow_up();
  set_all(other_pixels, "PixelSpacing", {"0.9", "0.9"});
  CHECK(rule_ids(judge(trial, other_pixels, history)) == std::vector<std::string>{"ct/fov"});
  set_all(other_pixels, "PixelSpacing", {"0.80000", "8.0E-1"});
  CHECK(rule_ids(judge(trial, other_pixels, history)).empty());
}

TEST_CASE("a check applies where its condition holds and at its time points only") {
  const Trial trial = trial_with(
      "      - {id: thin, SliceThickness: {max: 1}, when: {ConvolutionKernel: {contains: B70}}}\n"
      "      - {id: later, SliceThickness: {max: 2}, at: [W06, 'W{06+6n}']}\n");
  CHECK(rule_ids(judge(trial, ct_series())).empty());
  CHECK(rule_ids(judge(trial, follow_up())) == std::vector<std::string>{"ct/later"});
  Records sharp = ct_series();
  set_all(sharp, "ConvolutionKernel", {"B70f"});
  CHECK(rule_ids(judge(trial, sharp)) == std::vector<std::string>{"ct/thin"});
  Records silent = ct_series();
  for (InstanceRecord& record : silent.all()) unset(record, "ConvolutionKernel");
  const Verdict unknown = judge(trial, silent);
  REQUIRE(rule_ids(unknown) == std::vector<std::string>{"ct/thin"});
  CHECK(unknown.findings[0].result == CheckResult::not_determinable);
}

TEST_CASE("of several tiers the most severe one that is missed is found") {
  const Trial trial = trial_with(
      "      - {id: t, SliceThickness: {acceptable: {max: 5}, target: {max: 3}, ideal: {max: 1}}, severity: "
      "reject}\n");
  const auto severity_at = [&](const char* thickness) {
    Records records = ct_series();
    set_all(records, "SliceThickness", {thickness});
    const Verdict verdict = judge(trial, records);
    return verdict.findings.empty() ? std::string("none")
                                    : std::string(to_string(verdict.findings[0].severity));
  };
  CHECK(severity_at("6") == "reject");
  CHECK(severity_at("5") == "warn");
  CHECK(severity_at("3") == "note");
  CHECK(severity_at("1") == "none");
}

TEST_CASE("conflicts and unreadable instances hold the study and are named by UID") {
  const Records records = ct_series();
  SubmissionFacts submission{"S1", "1.2.3", records.views(), {"1.2.3.1.1001"}, {"1.2.3.1.9", "1.2.3.1.10"},
                             4,    {}};
  const Verdict verdict = evaluate(full_trial(), submission, {});
  CHECK(verdict.version == 5);
  CHECK(verdict.outcome == Outcome::quarantine);
  CHECK(rule_ids(verdict) == std::vector<std::string>{"study/readable_instances", "study/resent_instances"});
  CHECK(verdict.findings[0].subject.instances.size() == 2);
  CHECK(verdict.findings[1].subject.instances == std::vector<std::string>{"1.2.3.1.1001"});
}

TEST_CASE("a submission without a readable instance ends in findings") {
  const SubmissionFacts submission{"S1", "1.2.3", {}, {}, {"1.2.3.1.9"}, 0, {}};
  const Verdict verdict = evaluate(full_trial(), submission, {});
  CHECK(verdict.outcome == Outcome::quarantine);
  CHECK(find(verdict, "study/readable_instances") != nullptr);
  CHECK(find(verdict, "ct/required") != nullptr);
}

TEST_CASE("study checks look at the images of all slots") {
  const Trial trial =
      trial_with("      - {id: t, SliceThickness: {max: 5}}\n",
                 "study:\n  checks:\n"
                 "    - {id: lossless, lossy_compression: no, if_unknown: accept}\n"
                 "    - {id: clean, burned_in_annotation: no, severity: reject, if_unknown: accept}\n");
  CHECK(rule_ids(judge(trial, ct_series())).empty());
  Records records = ct_series();
  set(records.all()[5], "LossyImageCompression", {"01"});
  set(records.all()[6], "BurnedInAnnotation", {"YES"});
  const Verdict verdict = judge(trial, records);
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"study/clean", "study/lossless"});
  CHECK(verdict.findings[0].severity == RuleSeverity::reject);
  CHECK(verdict.findings[1].subject.instances == std::vector<std::string>{"1.2.3.1.1006"});
}

TEST_CASE("a transfer syntax can be asked for") {
  const Trial trial =
      trial_with("      - {id: t, TransferSyntaxUID: [1.2.840.10008.1.2, 1.2.840.10008.1.2.1]}\n",
                 "study:\n  checks:\n    - {id: j2k, lossy_compression: no, when: {TransferSyntaxUID: "
                 "1.2.840.10008.1.2.4.91}, "
                 "if_unknown: query}\n");
  Records records = ct_series();
  CHECK(rule_ids(judge(trial, records)).empty());
  for (InstanceRecord& record : records.all()) record.transfer_syntax_uid = "1.2.840.10008.1.2.4.91";
  CHECK(rule_ids(judge(trial, records)) == std::vector<std::string>{"ct/t", "study/j2k"});
}

TEST_CASE("scanners are held against the register") {
  const Trial trial =
      trial_with("      - {id: t, SliceThickness: {max: 5}}\n", "scanners: {qualified: scanners.csv}\n");
  CHECK(rule_ids(judge(trial, ct_series())).empty());
  const auto found = [&](const char* path, const Values& values) {
    Records records = ct_series();
    set_all(records, path, values);
    return judge(trial, records);
  };
  CHECK(find(found("DeviceSerialNumber", {"SN9"}), "study/qualified_scanner")->result == CheckResult::fail);
  CHECK(find(found("DeviceSerialNumber", {}), "study/qualified_scanner")->result ==
        CheckResult::not_determinable);
  CHECK(find(found("ManufacturerModelName", {}), "study/qualified_scanner")->result ==
        CheckResult::not_determinable);
  Records late = ct_series();
  set_all(late, "StudyDate", {"20260713"});
  set_all(late, "AcquisitionDate", {"20260713"});
  const Verdict expired = judge(trial, late);
  REQUIRE(find(expired, "study/qualified_scanner") != nullptr);
  CHECK(find(expired, "study/qualified_scanner")->text.en.find("not qualified on the date") !=
        std::string::npos);
}

TEST_CASE("the verdict does not depend on the order of the instances") {
  Records records = ct_series(24, 5);
  append(records, ct_series(20, 6, "1.2.3.2", -40));
  set(records.all()[3], "SliceThickness", {"9"});
  set(records.all()[30], "PatientID", {"P2"});
  SubmissionFacts submission{"S1", "1.2.3", records.views(), {}, {}, 0, {}};
  const std::string first = boost::json::serialize(to_json(evaluate(full_trial(), submission, {})));
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    std::ranges::shuffle(submission.records, random);
    CHECK(boost::json::serialize(to_json(evaluate(full_trial(), submission, {}))) == first);
  }
}

TEST_CASE("no patient's name, ID or birth date is in a verdict, whatever the rules ask for") {
  const Trial trial = trial_with(
      "      - {id: name, PatientName: {contains: Y}, severity: warn}\n"
      "      - {id: id, PatientID: {equals: X}}\n"
      "      - {id: site, InstitutionName: {equals: X}}\n");
  Records records = ct_series();
  set_all(records, "PatientName", {"SECRET^NAME"});
  set_all(records, "PatientBirthDate", {"19500101"});
  set_all(records, "InstitutionName", {"SECRET HOSPITAL"});
  for (const char* const patient : {"P1", "SECRET-ID"}) {
    set_all(records, "PatientID", {patient});
    const std::string text = boost::json::serialize(to_json(judge(trial, records)));
    CHECK(text.find("SECRET") == std::string::npos);
    CHECK(text.find("19500101") == std::string::npos);
    CHECK(text.find("\"P1\"") == std::string::npos);
    CHECK(text.find("(withheld)") != std::string::npos);
  }
}

TEST_CASE("an enormous multi-frame object is judged") {
  Records records;
  InstanceRecord& record = records.add(ct_slice(1, 0));
  for (int i = 0; i < 10'000; ++i) {
    Frame frame;
    frame.position = {{0, 0, 0.5 * i}};
    frame.orientation = {{1, 0, 0, 0, 1, 0}};
    frame.slice_thickness = 0.5;
    record.frames.push_back(frame);
  }
  CHECK(rule_ids(judge(full_trial(), records)).empty());
}

TEST_CASE("what the modality reported and did not arrive is a deviation") {
  const Records records = ct_series();
  SubmissionFacts facts;
  facts.site = "S1";
  facts.study_uid = "1.2.3";
  facts.records = records.views();
  facts.performed = SourceComparison{24, 0, {}, {}};
  CHECK(rule_ids(evaluate(full_trial(), facts, {})).empty());
  facts.performed = SourceComparison{25, 1, {"1.9"}, {}};
  const Verdict missed = evaluate(full_trial(), facts, {});
  REQUIRE(rule_ids(missed) == std::vector<std::string>{"study/complete_as_performed"});
  CHECK(missed.findings.front().severity == RuleSeverity::warn);
  CHECK(missed.outcome == Outcome::release);
}

TEST_CASE("what the site's archive still has is missed; an archive that cannot be asked is a note") {
  const Records records = ct_series();
  SubmissionFacts facts;
  facts.site = "S1";
  facts.study_uid = "1.2.3";
  facts.records = records.views();
  facts.source = SourceComparison{24, 0, {}, {}};
  CHECK(rule_ids(evaluate(full_trial(), facts, {})).empty());
  facts.source = SourceComparison{26, 2, {"1.9", "1.8"}, {}};
  const Verdict missed = evaluate(full_trial(), facts, {});
  REQUIRE(rule_ids(missed) == std::vector<std::string>{"study/complete_at_source"});
  CHECK(missed.outcome == Outcome::quarantine);
  CHECK(missed.asks_site());
  CHECK(missed.findings.front().subject.instance_count == 2);
  facts.source = SourceComparison{0, 0, {}, "no answer"};
  const Verdict unknown = evaluate(full_trial(), facts, {});
  REQUIRE(rule_ids(unknown) == std::vector<std::string>{"study/complete_at_source"});
  CHECK(unknown.findings.front().severity == RuleSeverity::note);
  CHECK(unknown.outcome == Outcome::release);
}
