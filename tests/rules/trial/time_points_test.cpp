#include "rules/trial/date.h"
#include "rules/trial/trial.h"
#include "rules/trial/visit_pattern.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;

namespace {

/// BL -28..0, W06 on day 42 and W12, W18, ... from day 84 every 42 days, 7 days around each.
TimePoints schedule(int until_day = 0) {
  TimePoints points;
  points.schedule = {{"BL", "dose", -28, 0, 0, 0, 0, {}},
                     {"W06", "dose", 35, 42, 49, 0, 0, {}},
                     {"W{06+6n}", "dose", 77, 84, 91, 42, until_day, {}}};
  return points;
}

std::string on(const TimePoints& points, int day) {
  const auto visit = points.visit_on("dose", day);
  return visit ? visit->id : "-";
}

std::string near(const TimePoints& points, int day) {
  return points.nearest_visit("dose", day)->id;
}

}  // namespace

TEST_CASE("windows hold both their ends and nothing else") {
  const auto points = schedule();
  CHECK(on(points, -29) == "-");
  CHECK(on(points, -28) == "BL");
  CHECK(on(points, 0) == "BL");
  CHECK(on(points, 1) == "-");
  CHECK(on(points, 34) == "-");
  CHECK(on(points, 35) == "W06");
  CHECK(on(points, 49) == "W06");
  CHECK(on(points, 50) == "-");
  CHECK(on(points, 76) == "-");
  CHECK(on(points, 77) == "W12");
  CHECK(on(points, 91) == "W12");
  CHECK(on(points, 92) == "-");
  CHECK(on(points, 119) == "W18");
  CHECK(on(points, 133) == "W18");
  CHECK(on(points, 42 * 17 - 8) == "-");
  CHECK(on(points, 42 * 17 - 7) == "W102");
  CHECK(on(points, 42 * 17 + 7) == "W102");
  CHECK_FALSE(points.visit_on("surgery", 42).has_value());
}

TEST_CASE("a row of visits ends with its last target day") {
  const auto points = schedule(126);
  CHECK(on(points, 126) == "W18");
  CHECK(on(points, 168) == "-");
  CHECK(near(points, 1000) == "W18");
  CHECK(points.visit_named("W18").has_value());
  CHECK_FALSE(points.visit_named("W24").has_value());
}

TEST_CASE("outside of every window the nearest visit is named") {
  const auto points = schedule();
  CHECK(near(points, -100) == "BL");
  CHECK(near(points, 17) == "BL");
  CHECK(near(points, 18) == "W06");
  CHECK(near(points, 63) == "W06");  // 14 days from both: the earlier one
  CHECK(near(points, 64) == "W12");
  CHECK(near(points, 105) == "W12");
  CHECK(near(points, 106) == "W18");
}

TEST_CASE("a visit of a row is found by its id") {
  const auto points = schedule();
  const auto visit = points.visit_named("W12");
  REQUIRE(visit.has_value());
  CHECK(*visit == Visit{"W12", "dose", 77, 84, 91});
  CHECK(points.visit_named("BL")->earliest_day == -28);
  for (const char* const wrong : {"W6", "W13", "W{06+6n}", "W012", "W", "", "W-6", "unscheduled"}) {
    CAPTURE(wrong);
    CHECK_FALSE(points.visit_named(wrong).has_value());
  }
  CHECK(points.references() == std::vector<std::string>{"dose"});
}

TEST_CASE("patterns of visit ids") {
  CHECK(expand_visit_pattern("W{06+6n}", 1) == "W12");
  CHECK(expand_visit_pattern("W{00+1n}", 3) == "W03");
  CHECK(expand_visit_pattern("C{0+n}D1", 12) == "C12D1");
  CHECK(visit_number("C{0+n}D1", "C12D1") == 12);
  CHECK(visit_number("W{06+6n}", "W102") == 16);
  for (const char* const wrong : {"W12", "W{06}", "W{+6n}", "W{6+0n}", "W{6+6}", "W}6+6n{", "W{99999+6n}"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_visit_pattern(wrong).has_value());
  }
}

TEST_CASE("PS3.5 6.2: dates are read in both forms of DA, and only when they exist") {
  CHECK(parse_dicom_date("20260302") == parse_iso_date("2026-03-02"));
  CHECK(parse_dicom_date("2026.03.02 ") == parse_iso_date("2026-03-02"));
  CHECK(parse_dicom_date("20240229").has_value());
  for (const char* const wrong :
       {"", " ", "2026030", "20260229", "20261301", "2026-03-02", "202603021", "abcdefgh"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_dicom_date(wrong).has_value());
  }
  CHECK_FALSE(parse_iso_date("20260302").has_value());
  CHECK(to_iso_date(*parse_iso_date("2026-03-02")) == "2026-03-02");
  CHECK((*parse_iso_date("2026-03-30") - *parse_iso_date("2026-03-28")).count() == 2);
}
