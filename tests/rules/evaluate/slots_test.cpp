#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const Trial& slot_trial() {
  static const Trial trial = trial_with(all_checks);
  return trial;
}

void set_all(Records& records, std::string_view path, const Values& values) {
  for (InstanceRecord& record : records.all()) set(record, path, values);
}

TEST_CASE("a series in two parts began with the earlier one") {
  const Trial trial = trial_with(
      "      - {id: after, acquisition_start: {after: pre}}\n"
      "  - id: pre\n"
      "    select: {Modality: MR}\n"
      "    required_at: all\n");
  const auto taken_at = [](Records records, std::string_view time) {
    for (InstanceRecord& record : records.all()) set(record, "AcquisitionTime", {std::string(time)});
    return records;
  };
  const auto rules_broken = [&](std::string_view chest, std::string_view abdomen) {
    Records records = taken_at(ct_series(24, 5, "1.2.3.1"), chest);
    append(records, taken_at(ct_series(24, 5, "1.2.3.2", -120), abdomen));
    Records pre = taken_at(ct_series(3, 5, "1.2.3.5"), "101600");
    for (InstanceRecord& record : pre.all()) set(record, "Modality", {"MR"});
    append(records, std::move(pre));
    return rule_ids(judge(trial, records));
  };
  CHECK(rules_broken("101700", "101800").empty());
  CHECK(rules_broken("101500", "101700") == std::vector<std::string>{"ct/after"});
  CHECK(rules_broken("101700", "101500") == std::vector<std::string>{"ct/after"});
}

}  // namespace

TEST_CASE("a required series that is missing is a query that says why the nearest one does not fit") {
  Records records = ct_series();
  set_all(records, "Modality", {"MR"});
  const Verdict verdict = judge(slot_trial(), records);
  REQUIRE(rule_ids(verdict) == std::vector<std::string>{"ct/required"});
  CHECK(verdict.outcome == Outcome::quarantine);
  CHECK(verdict.findings[0].text.en.find("wanted Modality CT, found MR") != std::string::npos);
  REQUIRE(verdict.unmatched.size() == 1);
  CHECK(verdict.unmatched[0].reason == "ct: wanted Modality CT, found MR");
  CHECK(verdict.unmatched[0].slice_count == 24);
}

TEST_CASE("a stack whose fit cannot be told is not given, and the reason says so") {
  Records records = ct_series();
  for (InstanceRecord& record : records.all()) unset(record, "ImageType");
  const Verdict verdict = judge(slot_trial(), records);
  REQUIRE(verdict.unmatched.size() == 1);
  CHECK(verdict.unmatched[0].reason.find("cannot be told") != std::string::npos);
}

TEST_CASE("localizers, dose reports and screen saves are recognised and not counted") {
  Records records = ct_series();
  InstanceRecord localizer = ct_slice(1, 0, "1.2.3.7");
  set(localizer, "ImageType", {"ORIGINAL", "PRIMARY", "LOCALIZER", "AXIAL"});
  records.add(localizer);
  InstanceRecord screen = ct_slice(1, 0, "1.2.3.8");
  screen.sop_class_uid = "1.2.840.10008.5.1.4.1.1.7";
  records.add(screen);
  const Verdict verdict = judge(slot_trial(), records);
  CHECK(verdict.findings.empty());
  CHECK(verdict.slots.at("ct").instances.size() == 24);
  REQUIRE(verdict.unmatched.size() == 2);
  CHECK(verdict.unmatched[0].kind == StackKind::localizer);
  CHECK(verdict.unmatched[0].reason == "a localizer is not counted");
  CHECK(verdict.unmatched[1].kind == StackKind::screen_save);
}

TEST_CASE("of two reconstructions the one that conforms is taken") {
  Records records = ct_series(16, 7.5, "1.2.3.1");
  set_all(records, "SliceThickness", {"7.5"});
  append(records, ct_series(24, 5, "1.2.3.2"));
  const Verdict verdict = judge(slot_trial(), records);
  CHECK(verdict.findings.empty());
  CHECK(verdict.slots.at("ct").series_uids == std::vector<std::string>{"1.2.3.2"});
  CHECK(verdict.slots.at("ct").alternates == std::vector<std::string>{"1.2.3.1"});
}

TEST_CASE("a bolus tracking series never stands for the scan") {
  Records records = ct_series(16, 7.5, "1.2.3.1");
  set_all(records, "SliceThickness", {"7.5"});
  Records tracking = ct_series(4, 0.0, "1.2.3.2", -50);
  for (std::size_t i = 0; i < 4; ++i) set(tracking.all()[i], "AcquisitionTime", {std::to_string(101400 + i)});
  append(records, std::move(tracking));
  const Verdict verdict = judge(slot_trial(), records);
  CHECK(find(verdict, "ct/thickness") != nullptr);
  CHECK(verdict.slots.at("ct").series_uids == std::vector<std::string>{"1.2.3.1"});
}

TEST_CASE("chest and abdomen as two series are judged together and covered together") {
  Records records = ct_series(14, 5, "1.2.3.1", 0);
  append(records, ct_series(16, 5, "1.2.3.2", -60));
  const Verdict verdict = judge(slot_trial(), records);
  CHECK_MESSAGE(rule_ids(verdict).empty(), "70 mm and 80 mm would each be too short for 100 mm");
  CHECK(verdict.slots.at("ct").series_uids == std::vector<std::string>{"1.2.3.1", "1.2.3.2"});

  set(records.all()[2], "SliceThickness", {"8"});
  CHECK(find(judge(slot_trial(), records), "ct/thickness") != nullptr);

  Records apart = ct_series(14, 5, "1.2.3.1", 0);
  Records other_frame = ct_series(16, 5, "1.2.3.2", -60);
  set_all(other_frame, "FrameOfReferenceUID", {"1.2.3.98"});
  append(apart, std::move(other_frame));
  CHECK(rule_ids(judge(slot_trial(), apart)) == std::vector<std::string>{"ct/coverage"});
}

TEST_CASE("any, not and lists in select") {
  const Trial trial = trial_with(
      "      - {id: t, SliceThickness: {max: 5}}\n"
      "  - id: other\n"
      "    select: {Modality: [MR, PT], any: [{SeriesDescription: {contains: t1}}, {SeriesDescription: "
      "{contains: fdg}}], "
      "not: {SeriesDescription: {contains: scout}}}\n"
      "    required_at: none\n");
  const auto matched = [&](const char* modality, const char* description) {
    Records records = ct_series();
    set_all(records, "Modality", {modality});
    set_all(records, "SeriesDescription", {description});
    return judge(trial, records).slots.contains("other");
  };
  CHECK(matched("MR", "AX T1 POST"));
  CHECK(matched("PT", "WB FDG"));
  CHECK_FALSE(matched("PT", "WB NAC"));
  CHECK_FALSE(matched("MR", "T1 SCOUT"));
  CHECK_FALSE(matched("CT", "T1"));
}

TEST_CASE("required_at: where a series is required its absence is found, elsewhere not") {
  const Trial trial = trial_with(
      "      - {id: t, SliceThickness: {max: 5}}\n"
      "  - {id: mr, select: {Modality: MR}, required_at: [BL, 'W{06+6n}'], missing: reject}\n");
  const auto missing_on = [&](const char* date) {
    Records records = ct_series();
    set_all(records, "StudyDate", {date});
    set_all(records, "AcquisitionDate", {date});
    const Verdict verdict = judge(trial, records);
    return find(verdict, "mr/required") != nullptr;
  };
  CHECK(missing_on("20260220"));
  CHECK_FALSE(missing_on("20260413"));
  CHECK(missing_on("20260525"));
  CHECK(find(judge(trial, ct_series()), "mr/required")->severity == RuleSeverity::reject);
}

TEST_CASE("an unscheduled study needs no series of the schedule") {
  Records records = ct_series();
  set_all(records, "Modality", {"MR"});
  const SubmissionFacts submission{
      "S1", "1.2.3", records.views(), {}, {}, 0, Classification{"unscheduled", "suspected_progression"}};
  CHECK(evaluate(slot_trial(), submission, {}).findings.empty());
}
