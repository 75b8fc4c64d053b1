// What a trial says over the profile: each action, at every level or at a path, and what it costs.
#include "rules/deidentify/descriptors.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

DeidentificationOverride override_of(std::string attribute, OverrideAction action) {
  DeidentificationOverride rule;
  rule.attribute = std::move(attribute);
  rule.action = action;
  rule.deviation = "D-7";
  return rule;
}

DeidentificationRules with_override(DeidentificationOverride rule, DeidentificationRules rules = {}) {
  rules.overrides.push_back(std::move(rule));
  return rules;
}

bool claims_profile(const Output& output) {
  const auto& codes = output.result.report.codes;
  return std::ranges::find(codes, "113100") != codes.end();
}

}  // namespace

TEST_CASE("Override hash: the same value gives the same hash, only with the key, and the codes go") {
  const auto rules = with_override(override_of("AccessionNumber", OverrideAction::hash));
  const Output output = output_of(run(TestDataSet::ct(), rules));
  CHECK(output.text(0x00080050) == identity().hash("ACC99812"));
  CHECK(output.text(0x00080050).size() == 16);
  CHECK_FALSE(claims_profile(output));
  CHECK(output.text(0x00120063).find("deviation D-7") != std::string::npos);
  const Bytes other_key(32, 9);
  CHECK(Identity::create(other_key)->hash("ACC99812") != identity().hash("ACC99812"));
}

TEST_CASE("Override map: what the register says stands there, and the profile is still kept") {
  auto rule = override_of("StudyID", OverrideAction::map);
  rule.value = "time_point_id";
  const Output output = output_of(run(TestDataSet::ct(), with_override(rule)));
  CHECK(output.text(0x00200010) == "W06");
  CHECK(claims_profile(output));
}

TEST_CASE("Override shift: one date moves by the subject's days without a date option") {
  const auto rules = with_override(override_of("StudyDate", OverrideAction::shift));
  const Output output = output_of(run(TestDataSet::ct(), rules));
  CHECK(output.text(0x00080020) != "20260302");
  CHECK(output.text(0x00080020).size() == 8);
  CHECK_FALSE(claims_profile(output));
  // What is no date is treated as the profile says.
  TestDataSet damaged = TestDataSet::ct();
  damaged.set(0x00080020, Vr::da, "MILLER");
  CHECK(output_of(run(damaged, rules)).text(0x00080020).empty());
}

TEST_CASE("Override clean: words of imaging, terms and patterns stay") {
  auto rule = override_of("SeriesDescription", OverrideAction::clean);
  rule.terms = {"ONCO"};
  rule.patterns = {"B[0-9]{2}f"};
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x0008103E, Vr::lo, "CT Chest 5mm B30f onco for Miller 20260302");
  const Output output = output_of(run(data_set, with_override(rule)));
  CHECK(output.text(0x0008103E) == "CT Chest 5mm B30f onco");
  CHECK_FALSE(claims_profile(output));
  CHECK(claims_profile(output_of(run(data_set, with_override(rule, with({Option::clean_descriptors}))))));
}

TEST_CASE("An override by path leaves the same attribute elsewhere to the profile") {
  const auto rules =
      with_override(override_of("RequestAttributesSequence.RequestedProcedureID", OverrideAction::keep),
                    with({Option::clean_descriptors}));
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_sequence(0x00400275, {ElementWriter().add(0x00401001, Vr::sh, "RP-1")});
  data_set.set(0x00401001, Vr::sh, "RP-2");
  const Output output = output_of(run(data_set, rules));
  const Element* sequence = output.find(0x00400275);
  REQUIRE(sequence != nullptr);
  CHECK(sequence->items().front().elements.find(Tag(0x0040, 0x1001))->text() == "RP-1");
  CHECK_FALSE(contains(output.bytes, "RP-2"));
}

TEST_CASE("A weakening needs a named deviation; what an action cannot do is a mistake") {
  const auto problem_of = [](DeidentificationOverride rule) {
    const auto problems = validate(with_override(std::move(rule)));
    return problems.empty() ? std::string() : problems.front();
  };
  for (const auto& [attribute, action] :
       {std::pair{"AccessionNumber", OverrideAction::keep},
        std::pair{"AccessionNumber", OverrideAction::hash}, std::pair{"StudyDate", OverrideAction::shift},
        std::pair{"SeriesDescription", OverrideAction::clean}}) {
    CAPTURE(to_string(action));
    auto rule = override_of(attribute, action);
    CHECK(problem_of(rule).empty());
    rule.deviation.clear();
    CHECK(problem_of(rule).find("named deviation") != std::string::npos);
  }
  CHECK(problem_of(override_of("StudyDate", OverrideAction::hash)).find("only text") != std::string::npos);
  CHECK(problem_of(override_of("StudyTime", OverrideAction::shift)).find("only dates") != std::string::npos);
  CHECK(problem_of(override_of("StudyID", OverrideAction::map)).find("subject_id") != std::string::npos);
  CHECK(problem_of(override_of("RequestAttributesSequence.Nonsense", OverrideAction::remove)).find("PS3.6") !=
        std::string::npos);
  auto broken = override_of("SeriesDescription", OverrideAction::clean);
  broken.patterns = {"("};
  CHECK(problem_of(broken).find("no regular expression") != std::string::npos);
}

TEST_CASE("PS3.15 E.3.5: descriptions lose everything that is no word of imaging") {
  const DescriptorWords words({}, {});
  CHECK(words.clean("CT CHEST/ABDOMEN with contrast") == "CT CHEST/ABDOMEN with contrast");
  CHECK(words.clean("XR CHEST AP PORTABLE for Douglas Davidson") == "XR CHEST AP PORTABLE");
  CHECK(words.clean("T2 axial 3.0T 5mm 20140321") == "T2 axial 3.0T 5mm");
  CHECK(words.clean("04/07/61 04.07.61 1961-07-04 4711").empty());
  CHECK(words.clean("M\xC3\xBCllerhand \xE5\xBC\xA0\xE4\xB8\x89").empty());
  CHECK(words.clean("head\xC3\xBC").empty());
  CHECK(words.clean("").empty());
}

TEST_CASE("PS3.15 E.3.5: Clean Descriptors keeps codes of the standard and drops those of a hospital") {
  const auto rules = with({Option::clean_descriptors});
  TestDataSet data_set = TestDataSet::ct();
  const auto code = [](std::string_view scheme, std::string_view meaning) {
    return ElementWriter()
        .add(0x00080100, Vr::sh, "77477000")
        .add(0x00080102, Vr::sh, scheme)
        .add(0x00080104, Vr::lo, meaning);
  };
  data_set.set_sequence(0x00081084, {code("SCT", "CT")});
  data_set.set(0x00081030, Vr::lo, "CT Thorax Johanna Miller");
  const Output kept = output_of(run(data_set, rules));
  REQUIRE(kept.find(0x00081084) != nullptr);
  CHECK(kept.text(0x00081030) == "CT Thorax");
  data_set.set_sequence(0x00081084, {code("99HOSP", "CT of Miller")});
  const Output dropped = output_of(run(data_set, rules));
  CHECK(dropped.find(0x00081084) == nullptr);
  CHECK_FALSE(contains(dropped.bytes, "Miller"));
}

TEST_CASE(
    "PS3.3 C.12.1.1.7: a private block that is said to be safe passes, but for what is listed as "
    "identifying") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00290010, Vr::lo, "ACME 1").set(0x00291001, Vr::ds, "1.5").set(0x00291002, Vr::ds, "2.5");
  data_set.set(0x00291003, Vr::lo, "Miller").set(0x002B0010, Vr::lo, "ACME 2").set(0x002B1001, Vr::ds, "3.5");
  ElementWriter action;
  action.add_us(0x00080306, 2).add(0x00080307, Vr::cs, "X");
  ElementWriter claim;
  claim.add_us(0x00080301, 0x0029).add(0x00080302, Vr::lo, "ACME 1").add(0x00080303, Vr::cs, "SAFE");
  claim.add_sequence(0x00080305, {action});
  data_set.set_sequence(0x00080300, {claim});
  const Output output = output_of(run(data_set, with({Option::retain_safe_private})));
  CHECK(output.text(0x00291001) == "1.5");
  CHECK(output.find(0x00291002) == nullptr);
  CHECK(output.find(0x00291003) == nullptr);
  CHECK(output.find(0x002B1001) == nullptr);
  CHECK(output_of(run(data_set)).find(0x00291001) == nullptr);
}

TEST_CASE("Rules survive the way to a worker") {
  auto rule = override_of("SeriesDescription", OverrideAction::clean);
  rule.terms = {"ONCO"};
  rule.patterns = {"B[0-9]{2}f"};
  DeidentificationRules rules = with_override(rule, with({Option::clean_descriptors}));
  rules.clean_terms = {"thorax"};
  rules.clean_patterns = {"x+"};
  const auto again = deidentification_rules_from_json(to_json(rules));
  REQUIRE(again.has_value());
  CHECK(*again == rules);
}

}  // namespace trialgate::rules::test
