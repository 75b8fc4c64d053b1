// Failure modes of values: character sets, identity, Types, markers, versions.
#include "rules/deidentify/profile_pass.h"
#include "tests/rules/deidentify/support.h"

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

std::vector<std::string> code_values(const Output& output) {
  std::vector<std::string> values;
  const Element* sequence = output.find(0x00120064);
  if (sequence == nullptr) return values;
  for (const Item& item : sequence->items()) {
    values.emplace_back(item.elements.find(Tag(0x0008, 0x0100))->text());
  }
  return values;
}

}  // namespace

TEST_CASE("Failure mode 26: text that stays keeps its bytes and its character set") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080070, Vr::lo, "Ger\xe4te GmbH").set(0x00100010, Vr::pn, "M\xfcller^J\xf6rg");
  const Output output = output_of(run(data_set));
  CHECK(output.text(0x00080005) == "ISO_IR 100");
  CHECK(output.text(0x00080070) == "Ger\xe4te GmbH");
  CHECK_FALSE(contains_bytes(output.bytes, "M\xfcller"));
}

TEST_CASE("Failure mode 26: a name in the declared character set is found where it stays as text") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00100010, Vr::pn, "M\xfcller^J\xf6rg").set(0x00181210, Vr::sh, "B30 M\xfcller");
  CHECK(held_of(run(data_set)).causes.front().path == "ConvolutionKernel");
  TestDataSet chinese = TestDataSet::ct();
  const auto name = CharacterSet::parse("GB18030")->encode("王^小东", Vr::pn);
  const auto text = CharacterSet::parse("GB18030")->encode("头 小东", Vr::sh);
  chinese.set(0x00080005, Vr::cs, "GB18030")
      .set(0x00100010, Vr::pn, std::string(name->begin(), name->end()))
      .set(0x00181210, Vr::sh, std::string(text->begin(), text->end()));
  CHECK(held_of(run(chinese)).causes.front().path == "ConvolutionKernel");
}

TEST_CASE("Failure mode 26: an unknown character set holds only where text would stay") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080005, Vr::cs, "ISO_IR 999").set(0x00081030, Vr::lo, "\xc4\xe4");
  (void)output_of(run(data_set));
  data_set.set(0x00080070, Vr::lo, "Ger\xe4te");
  const Held held = held_of(run(data_set));
  REQUIRE(has_reason(held, HoldReason::unknown_character_set));
  CHECK(held.causes.front().path == "Manufacturer");
}

TEST_CASE("Failure mode 26: text of the trial that the data set cannot write makes it UTF-8 at every level") {
  TestDataSet data_set = TestDataSet::ct();
  ElementWriter code;
  code.add(0x00080100, Vr::sh, "X1")
      .add(0x00080102, Vr::sh, "99X")
      .add(0x00080104, Vr::lo,
           "Sch\xe4"
           "del");
  data_set.set(0x00080070, Vr::lo, "Ger\xe4te").set_sequence(0x00082218, {code});
  DeidentificationSubject who = subject();
  who.site_name = "北京医院";
  const Output output = output_of(run(data_set.file(), compiled(), who));
  CHECK(output.text(0x00080005) == "ISO_IR 192");
  CHECK(output.text(0x00080070) == "Geräte");
  CHECK(output.text(0x00120031) == "北京医院");
  const ElementList& item = output.find(0x00082218)->items().front().elements;
  CHECK(item.find(Tag(0x0008, 0x0104))->text() == "Schädel");
}

TEST_CASE("Failure mode 28: a blank or another patient ID is held") {
  TestDataSet blank = TestDataSet::ct();
  blank.set(0x00100020, Vr::lo, "  ");
  CHECK(has_reason(held_of(run(blank)), HoldReason::identity_missing));
  TestDataSet absent = TestDataSet::ct();
  absent.erase(0x00100020);
  CHECK(has_reason(held_of(run(absent)), HoldReason::identity_missing));
  TestDataSet other = TestDataSet::ct();
  other.set(0x00100020, Vr::lo, "MRN-4712-X");
  CHECK(has_reason(held_of(run(other)), HoldReason::subject_mismatch));
  TestDataSet issuer = TestDataSet::ct();
  issuer.set(0x00100021, Vr::lo, "HOSPITAL B");
  DeidentificationSubject who = subject();
  who.issuer_of_patient_id = "HOSPITAL A";
  CHECK(has_reason(held_of(run(issuer.file(), compiled(), who)), HoldReason::subject_mismatch));
  who.issuer_of_patient_id = "HOSPITAL B";
  CHECK(output_of(run(issuer.file(), compiled(), who)).find(0x00100021) == nullptr);
}

TEST_CASE(
    "Failure mode 29: compound actions follow the Type that the attribute has in the IOD and at its path") {
  TestDataSet ct = TestDataSet::ct();
  ElementWriter other_id;
  other_id.add(0x00100020, Vr::lo, "OTHER-5512");
  ct.set(0x00181000, Vr::lo, "SER-99213")
      .set(0x00081010, Vr::sh, "CTROOM21")
      .set(0x00080012, Vr::da, "20260302")
      .set(0x00180010, Vr::lo, "Agent by Miller");
  const Output as_ct = output_of(run(ct));
  CHECK(as_ct.find(0x00181000) == nullptr);        // X/Z/D, Type 3
  CHECK(as_ct.find(0x00081010) == nullptr);        // X/Z/D, Type 3
  CHECK(as_ct.find(0x00080012) == nullptr);        // X/D, Type 3
  CHECK(as_ct.text(0x00180010).empty());           // Z/D, Type 2
  CHECK(as_ct.text(0x00080020).empty());           // Z
  CHECK(as_ct.find(0x00080090)->value().empty());  // Z

  ct.set(0x00080016, Vr::ui, "1.2.840.10008.5.1.4.1.1.2.1");  // Enhanced CT
  const Output as_enhanced = output_of(run(ct));
  CHECK(as_enhanced.text(0x00181000) == "REMOVED");  // X/Z/D, Type 1
  // An IOD that the table of Types does not know: what keeps it valid in any case.
  CHECK(resolve(ProfileAction::x_z_d, AttributeType::unknown) == Outcome::dummy);
  CHECK(resolve(ProfileAction::x_z, AttributeType::unknown) == Outcome::empty);
  CHECK(resolve(ProfileAction::z_d, AttributeType::unknown) == Outcome::dummy);
  CHECK(resolve(ProfileAction::x_d, AttributeType::three) == Outcome::remove);
  CHECK(resolve(ProfileAction::x_z_u, AttributeType::one) == Outcome::map_references);
}

TEST_CASE("PS3.15 E.1.1: the trial's identity and the markers are written over what the profile left") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00120010, Vr::lo, "Other sponsor").set(0x00120040, Vr::lo, "OTHER-SUBJECT-1");
  const Output output = output_of(run(data_set));
  CHECK(output.text(0x00100010) == "ONC301-0042^");
  CHECK(output.text(0x00100020) == "ONC301-0042");
  CHECK(output.text(0x00120010) == "Sponsor of Tests");
  CHECK(output.text(0x00120020) == "ONC-301");
  CHECK(output.text(0x00120021) == "A trial of tests");
  CHECK(output.text(0x00120030) == "S03");
  CHECK(output.text(0x00120031) == "Site three");
  CHECK(output.text(0x00120040) == "ONC301-0042");
  CHECK(output.text(0x00120050) == "W06");
  CHECK(output.text(0x00120051) == "Week 6");
  CHECK(output.text(0x00120060).empty());
  CHECK(output.text(0x00120062) == "YES");
  CHECK(output.text(0x00280303) == "REMOVED");
  CHECK(output.text(0x00120063).find("PS3.15 2026d") != std::string::npos);
  CHECK(code_values(output) == std::vector<std::string>{"113100"});
  CHECK(output.text(0x00080050).empty());
  CHECK(output.find(0x00101010) == nullptr);
}

TEST_CASE("Failure mode 30: only what was done is claimed, earlier methods stay") {
  TestDataSet data_set = TestDataSet::ct();
  ElementWriter earlier;
  earlier.add(0x00080100, Vr::sh, "113105")
      .add(0x00080102, Vr::sh, "DCM")
      .add(0x00080104, Vr::lo, "Clean Descriptors");
  ElementWriter same;
  same.add(0x00080100, Vr::sh, "113100").add(0x00080102, Vr::sh, "DCM").add(0x00080104, Vr::lo, "Basic");
  data_set.set(0x00120063, Vr::lo, "Earlier tool 1.0").set_sequence(0x00120064, {earlier, same});
  const Output output = output_of(run(data_set, with({Option::retain_device_identity})));
  CHECK(output.text(0x00120063).starts_with("Earlier tool 1.0\\PS3.15 2026d"));
  CHECK(code_values(output) == std::vector<std::string>{"113105", "113100", "113109"});

  DeidentificationRules deviating;
  deviating.overrides = {{"StudyDescription", OverrideAction::keep, "", {}, {}, "reader needs it"}};
  TestDataSet described = TestDataSet::ct();
  described.set(0x00081030, Vr::lo, "CT follow up");
  const Output kept = output_of(run(described, deviating));
  CHECK(kept.text(0x00081030) == "CT follow up");
  CHECK(code_values(kept).empty());
  CHECK(kept.text(0x00120063).find("deviation reader needs it") != std::string::npos);
}

TEST_CASE("Overrides act at every level and may name a tag") {
  DeidentificationRules rules;
  rules.overrides = {{"(0018,1160)", OverrideAction::remove, "", {}, {}, ""},
                     {"ConvolutionKernel", OverrideAction::replace, "KERNEL", {}, {}, ""},
                     {"ImageComments", OverrideAction::empty, "", {}, {}, ""}};
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00181160, Vr::sh, "WEDGE").set(0x00181210, Vr::sh, "Miller").set(0x00204000, Vr::lt, "text");
  const Output output = output_of(run(data_set, rules));
  CHECK(output.find(0x00181160) == nullptr);
  CHECK(output.text(0x00181210) == "KERNEL");
  CHECK(output.text(0x00204000).empty());
}

TEST_CASE("Failure mode 31: rules, tables and key of an output can be told, a late instance joins") {
  const Bytes file = TestDataSet::ct().file();
  const Output first = output_of(run(file, compiled(), subject()));
  TestDataSet late = TestDataSet::ct();
  late.set(0x00080018, Vr::ui, "1.2.826.0.1.3680043.9.1.100.2");
  const Output second = output_of(run(late.file(), compiled(), subject()));
  CHECK(first.result.study_uid == second.result.study_uid);
  CHECK(first.result.series_uid == second.result.series_uid);
  CHECK(first.result.sop_instance_uid != second.result.sop_instance_uid);
  CHECK(first.result.report.rules_sha256 == second.result.report.rules_sha256);
  CHECK(first.result.report.rules_sha256.size() == 64);
  CHECK(compiled(with({Option::retain_uids})).sha256() != compiled().sha256());
  CHECK(first.result.report.tables_edition == "PS3.15 2026d");
  CHECK(first.result.report.key_id == "1");
}

TEST_CASE("The same input gives the same bytes") {
  const Bytes file = TestDataSet::ct().file();
  CHECK(output_of(run(file, compiled(), subject())).bytes ==
        output_of(run(file, compiled(), subject())).bytes);
}

TEST_CASE("The report tells what was done by which rule and holds no value of the source") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00091010, Vr::lo, "Private Miller").set(0x00090010, Vr::lo, "SOME CREATOR");
  const Output output = output_of(run(data_set));
  const std::string text = boost::json::serialize(to_json(output.result.report));
  for (const char* secret :
       {"Miller", "Johanna", "4711", "19610704", "20260302", "1.2.826", "Referrer", "Private M"}) {
    CAPTURE(secret);
    CHECK(text.find(secret) == std::string::npos);
  }
  const auto again = deidentification_report_from_json(boost::json::parse(text));
  REQUIRE(again.has_value());
  CHECK(*again == output.result.report);
  DeidentificationReport merged = *again;
  merged.merge(*again);
  CHECK(merged.instances == 2);
  CHECK(merged.attributes.size() == again->attributes.size());
  CHECK(merged.counts[0] == 2 * again->counts[0]);
  const auto study_date = std::ranges::find(again->attributes, "StudyDate", &ReportedAttribute::path);
  REQUIRE(study_date != again->attributes.end());
  CHECK(study_date->deed == Deed::emptied);
  CHECK(study_date->rule == "E.1-1 Z");
}

TEST_CASE("Plans and holds survive the way to a worker") {
  DeidentificationRules rules = with({Option::retain_uids, Option::retain_longitudinal_modified_dates});
  rules.max_shift_days = 77;
  rules.key_file = "/keys/a";
  rules.overrides = {{"Rows", OverrideAction::keep, "", {}, {}, "named"}};
  CHECK(deidentification_rules_from_json(to_json(rules)).value() == rules);
  DeidentificationSubject who = subject();
  who.series["1.2.3"] = {"ct-cap", "CT chest"};
  CHECK(deidentification_subject_from_json(to_json(who)).value() == who);
  CHECK_FALSE(deidentification_subject_from_json(boost::json::object{}).has_value());
  CHECK_FALSE(deidentification_rules_from_json("x").has_value());
  const Held held{{{HoldReason::residual_value, "A.B", "why"}}};
  CHECK(held_from_json(to_json(held)).value() == held);
}

TEST_CASE("A series gets the trial's label") {
  DeidentificationSubject who = subject();
  who.series["1.2.826.0.1.3680043.9.1.100.0"] = {"ct-cap-pv", "CT portal venous"};
  const Output output = output_of(run(TestDataSet::ct().file(), compiled(), who));
  CHECK(output.text(0x00120071) == "ct-cap-pv");
  CHECK(output.text(0x00120072) == "CT portal venous");
}

}  // namespace trialgate::rules::test
