#include "rules/evaluate/verdict.h"
#include "tests/rules/evaluate/series_builder.h"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

Verdict rich_verdict() {
  const Trial trial = trial_with(all_checks);
  Records records = ct_series(16, 7.5);
  for (InstanceRecord& record : records.all()) {
    set(record, "SliceThickness", {"7.5"});
    set(record, "StudyDate", {"20260504"});
    unset(record, "ContrastBolusAgent");
  }
  InstanceRecord localizer = ct_slice(1, 0, "1.2.3.7");
  set(localizer, "ImageType", {"ORIGINAL", "PRIMARY", "LOCALIZER"});
  records.add(localizer);
  return judge(trial, records);
}

}  // namespace

TEST_CASE("a verdict comes back from JSON as it was") {
  const Verdict verdict = rich_verdict();
  CHECK(verdict.findings.size() >= 4);
  const auto parsed = boost::json::parse(boost::json::serialize(to_json(verdict)));
  const auto again = verdict_from_json(parsed);
  REQUIRE(again.has_value());
  CHECK(*again == verdict);
  CHECK(verdict_from_json(to_json(Verdict{})).value() == Verdict{});
  const auto facts = facts_from_json(boost::json::parse(boost::json::serialize(to_json(verdict.facts))));
  CHECK(facts.value() == verdict.facts);
}

TEST_CASE("JSON that is no verdict is refused with the member's name") {
  const boost::json::value good = to_json(rich_verdict());
  CHECK(verdict_from_json(boost::json::value(nullptr)).has_error());
  for (const auto& [key, value] : good.get_object()) {
    CAPTURE(std::string(key));
    boost::json::object missing = good.get_object();
    missing.erase(key);
    const auto failed = verdict_from_json(missing);
    // Verdicts of older versions have no account of the rules.
    REQUIRE(failed.has_error() == (key != "rules"));
    if (failed.has_error()) CHECK(failed.error().where.find(std::string(key)) != std::string::npos);
    boost::json::object wrong = good.get_object();
    wrong[key] = 1.5;
    CHECK(verdict_from_json(wrong).has_error());
  }
  boost::json::object odd = good.get_object();
  odd["outcome"] = "maybe";
  CHECK(verdict_from_json(odd).error().where.find("outcome") != std::string::npos);
}
