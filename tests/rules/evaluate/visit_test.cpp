#include "rules/evaluate/visit.h"

#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const Trial& visit_trial() {
  static const Trial trial = trial_with("      - {id: t, SliceThickness: {max: 5}}\n");
  return trial;
}

Records on(std::string_view date) {
  Records records = ct_series(3);
  for (InstanceRecord& record : records.all()) {
    set(record, "StudyDate", {std::string(date)});
    set(record, "AcquisitionDate", {std::string(date)});
  }
  return records;
}

StudyPlace place_on(std::string_view date, std::optional<Classification> classification = {}) {
  const Records records = on(date);
  return place_study(visit_trial(), {"S1", "1.2.3", records.views(), {}, {}, 0, std::move(classification)},
                     {});
}

StudyPlace place_records(const Records& records, std::string_view site = "S1") {
  return place_study(visit_trial(), {std::string(site), "1.2.3", records.views(), {}, {}, 0, {}}, {});
}

}  // namespace

TEST_CASE("first dose 2 March: every edge of the windows of BL, W06 and W12") {
  struct {
    const char* date;
    const char* time_point;
    bool in_window;
  } const cases[] = {
      {"20260201", "BL", false},  {"20260202", "BL", true},   {"20260302", "BL", true},
      {"20260303", "BL", false},  {"20260405", "W06", false}, {"20260406", "W06", true},
      {"20260413", "W06", true},  {"20260420", "W06", true},  {"20260421", "W06", false},
      {"20260517", "W12", false}, {"20260518", "W12", true},  {"20260601", "W12", true},
      {"20260602", "W12", false}, {"20260629", "W18", true},
  };
  for (const auto& expected : cases) {
    CAPTURE(expected.date);
    const StudyPlace place = place_on(expected.date);
    CHECK(place.time_point_id == expected.time_point);
    CHECK(place.visit.in_window == expected.in_window);
    CHECK(place.results.findings.size() == (expected.in_window ? 0U : 1U));
  }
}

TEST_CASE("out of window: the finding says by how much and until when a re-scan counts") {
  const StudyPlace place = place_on("20260504");
  REQUIRE(place.results.findings.size() == 1);
  const Finding& finding = place.results.findings[0];
  CHECK(finding.rule_id == "study/visit_window");
  CHECK(finding.severity == RuleSeverity::query);
  CHECK(finding.expected == "2026-04-06 to 2026-04-20");
  CHECK(finding.found == "2026-05-04");
  CHECK(finding.text.en.find("14 days too late for W06") != std::string::npos);
  CHECK(finding.text.zh.find("推迟 14 天") != std::string::npos);
  CHECK(place.visit.day == 63);
  CHECK(place.visit.target == parse_iso_date("2026-04-13"));
  CHECK(place.visit.rescan_until == parse_iso_date("2026-04-18"));
  CHECK(place_on("20260201").results.findings[0].text.en.find("1 days too early for BL") !=
        std::string::npos);
}

TEST_CASE("staff name a visit or call a study unscheduled") {
  const StudyPlace named = place_on("20260504", Classification{"W12", "machine was down"});
  CHECK(named.time_point_id == "W12");
  REQUIRE(named.results.findings.size() == 1);
  CHECK(named.results.findings[0].severity == RuleSeverity::warn);
  const StudyPlace unscheduled = place_on("20260504", Classification{"unscheduled", "suspected_progression"});
  CHECK(unscheduled.time_point_id == unscheduled_time_point);
  CHECK(unscheduled.results.findings.empty());
  CHECK(unscheduled.visit.day == 63);
}

TEST_CASE("an unregistered patient is a query that names no patient data") {
  Records records = on("20260220");
  for (InstanceRecord& record : records.all()) set(record, "PatientID", {"SECRET-77"});
  const StudyPlace place = place_records(records);
  CHECK(place.subject == nullptr);
  REQUIRE(place.results.findings.size() == 1);
  const Finding& finding = place.results.findings[0];
  CHECK(finding.rule_id == "study/known_subject");
  CHECK(finding.result == CheckResult::fail);
  for (const std::string& text :
       {finding.text.en, finding.text.zh, finding.found, finding.expected, finding.remedy.en}) {
    CHECK(text.find("SECRET") == std::string::npos);
  }
  CHECK_MESSAGE(place_records(on("20260220"), "S2").subject == nullptr,
                "the same ID at another site is another patient");
}

TEST_CASE("without patient ID the subject is not determinable") {
  for (const Values& values : {Values{}, Values{""}, Values{"  "}}) {
    Records records = on("20260220");
    for (InstanceRecord& record : records.all()) set(record, "PatientID", values);
    const StudyPlace place = place_records(records);
    REQUIRE(place.results.findings.size() == 1);
    CHECK(place.results.findings[0].result == CheckResult::not_determinable);
    CHECK(place.results.findings[0].severity == RuleSeverity::query);
  }
}

TEST_CASE("images of another patient in a study are a query and are listed") {
  for (const char* const other : {"P2", "NOBODY"}) {
    Records records = on("20260220");
    set(records.all()[2], "PatientID", {other});
    const StudyPlace place = place_records(records);
    REQUIRE(place.subject != nullptr);
    CHECK(place.subject->subject_id == "T1");
    REQUIRE(place.results.findings.size() == 1);
    CHECK(place.results.findings[0].rule_id == "study/one_subject");
    CHECK(place.results.findings[0].subject.instances == std::vector<std::string>{"1.2.3.1.1003"});
  }
}

TEST_CASE("without reference date or study date the window is not determinable") {
  Records no_dose = on("20260220");
  for (InstanceRecord& record : no_dose.all()) set(record, "PatientID", {"P3"});
  StudyPlace place = place_records(no_dose);
  REQUIRE(place.results.findings.size() == 1);
  CHECK(place.results.findings[0].rule_id == "study/visit_window");
  CHECK(place.results.findings[0].result == CheckResult::not_determinable);
  CHECK(place.time_point_id.empty());

  Records no_date = on("20260220");
  for (InstanceRecord& record : no_date.all()) set(record, "StudyDate", {"20261345"});
  place = place_records(no_date);
  REQUIRE(place.results.findings.size() == 1);
  CHECK(place.results.findings[0].result == CheckResult::not_determinable);
}

TEST_CASE("a study date that the acquisitions contradict is a deviation") {
  struct {
    const char* acquired;
    bool contradicts;
  } const cases[] = {
      {"20260220", false}, {"20260221", false}, {"20260219", true}, {"20260222", true}, {"20260120", true}};
  for (const auto& expected : cases) {
    CAPTURE(expected.acquired);
    Records records = on("20260220");
    for (InstanceRecord& record : records.all()) set(record, "AcquisitionDate", {expected.acquired});
    const StudyPlace place = place_records(records);
    CHECK(place.results.findings.size() == (expected.contradicts ? 1U : 0U));
    if (expected.contradicts) {
      CHECK(place.results.findings[0].rule_id == "study/dates_agree");
      CHECK(place.results.findings[0].severity == RuleSeverity::warn);
    }
  }
  Records two_dates = on("20260220");
  set(two_dates.all()[0], "StudyDate", {"20260218"});
  CHECK(place_records(two_dates).visit.study_date == parse_iso_date("2026-02-20"));
  CHECK(place_records(two_dates).results.findings.size() == 1);
}

TEST_CASE("a second study of a time point is a deviation, a new version of the same one is not") {
  SubjectHistory history;
  history.studies.push_back({"1.2.777", "BL", parse_iso_date("2026-02-10"), {}});
  const Records records = on("20260220");
  const SubmissionFacts submission{"S1", "1.2.3", records.views(), {}, {}, 0, {}};
  const StudyPlace second = place_study(visit_trial(), submission, history);
  REQUIRE(second.results.findings.size() == 1);
  CHECK(second.results.findings[0].rule_id == "study/single_study");
  history.studies[0].study_uid = "1.2.3";
  CHECK(place_study(visit_trial(), submission, history).results.findings.empty());
}

TEST_CASE("the subject of most instances is the study's") {
  const Records records = on("20260220");
  const SubmissionFacts submission{"S1", "1.2.3", records.views(), {}, {}, 0, {}};
  REQUIRE(identify_subject(visit_trial(), submission) != nullptr);
  CHECK(identify_subject(visit_trial(), submission)->subject_id == "T1");
  CHECK(identify_subject(visit_trial(), {"S9", "1.2.3", records.views(), {}, {}, 0, {}}) == nullptr);
}

TEST_CASE("staff's rulings: a locked time point, an adverse event, a site that is not qualified") {
  const Records records = on("20260220");
  SubmissionFacts facts{"S1", "1.2.3", records.views(), {}, {}, 0, {}};
  facts.locked_time_points = {"W06"};
  CHECK(evaluate(visit_trial(), facts, {}).outcome == Outcome::release);
  facts.locked_time_points = {"W06", "BL"};
  const Verdict locked = evaluate(visit_trial(), facts, {});
  CHECK(rule_ids(locked) == std::vector<std::string>{"study/locked_time_point"});
  CHECK(locked.outcome == Outcome::quarantine);
  CHECK_FALSE(locked.asks_site());

  SubmissionFacts event{
      "S1", "1.2.3", records.views(), {}, {}, 0, Classification{"unscheduled", "adverse_event"}};
  CHECK(rule_ids(evaluate(visit_trial(), event, {})) == std::vector<std::string>{"study/adverse_event"});
  event.classification->reason = "progression";
  CHECK(rule_ids(evaluate(visit_trial(), event, {})).empty());

  const Trial strict = trial_with("      - {id: t, SliceThickness: {max: 5}}\n",
                                  "study: {qualified_site: {severity: reject}}\n");
  SubmissionFacts site{"S1", "1.2.3", records.views(), {}, {}, 0, {}};
  const Verdict unqualified = evaluate(strict, site, {});
  CHECK(rule_ids(unqualified) == std::vector<std::string>{"study/qualified_site"});
  CHECK(unqualified.findings.front().severity == RuleSeverity::reject);
  CHECK_FALSE(unqualified.asks_site());
  site.site_qualified = true;
  CHECK(rule_ids(evaluate(strict, site, {})).empty());
}

TEST_CASE("a study that is held for the site's reason too asks the site") {
  const Records records = on("20260220");
  SubmissionFacts facts{"S2", "1.2.3", records.views(), {}, {}, 0, {}};
  facts.locked_time_points = {"BL"};
  CHECK(evaluate(visit_trial(), facts, {}).asks_site());
}
