#include "gateway/worklist/worklist_query.h"

#include "gateway/message/data_set.h"

#include <doctest/doctest.h>

#include <map>

using namespace trialgate;
using namespace trialgate::gateway;
using rules::Tag;
using rules::Vr;

namespace {

constexpr std::string_view explicit_little = "1.2.840.10008.1.2.1";
constexpr Tag step_sequence{0x0040, 0x0100};
constexpr rules::Date today = std::chrono::sys_days(std::chrono::year(2026) / 4 / 13);

struct KeyValue {
  Tag tag;
  Vr vr;
  std::string value;
};

std::vector<std::uint8_t> identifier(const std::vector<KeyValue>& keys,
                                     const std::vector<KeyValue>& step_keys, bool step = true,
                                     std::string_view syntax = explicit_little) {
  auto data_set = new_message(syntax).value();
  for (const KeyValue& key : keys) data_set.elements.put({key.tag, key.vr, key.value});
  if (step) {
    rules::Element sequence = rules::Element::sequence(step_sequence);
    if (!step_keys.empty()) {
      auto& item = rules::append_item(data_set.elements, sequence).elements;
      for (const KeyValue& key : step_keys) item.put({key.tag, key.vr, key.value});
    }
    data_set.elements.put(std::move(sequence));
  }
  return write_message(data_set).value();
}

ScheduledVisit visit() {
  ScheduledVisit one;
  one.patient_id = "HOSP-77";
  one.subject_id = "ONC301-001";
  one.site = "SITE01";
  one.protocol_id = "ONC-301";
  one.sponsor = "Example Pharma";
  one.time_point = "W06";
  one.first_day = today - std::chrono::days(3);
  one.last_day = today + std::chrono::days(11);
  one.modality = "CT";
  one.series = "CT chest/abdomen/pelvis, portal venous phase, of everything that is there";
  one.study_uid = "2.25.1";
  one.visit_id = "0123456789ABCDEF";
  one.step_id = "FEDCBA9876543210";
  return one;
}

using Answer = std::map<std::string, std::string>;

/// Keyword → value of the answer, those of the step with "step." in front; empty: no match.
Answer answer(const std::vector<std::uint8_t>& query, const ScheduledVisit& of = visit(),
              std::string_view syntax = explicit_little) {
  const auto read = WorklistQuery::read(query, syntax);
  REQUIRE(read.has_value());
  const auto bytes = read->answer(of, "CT_ROOM_1", today);
  REQUIRE(bytes.has_value());
  Answer values;
  if (!*bytes) return values;
  const auto data_set = read_message(**bytes, syntax).value();
  for (const rules::Element& element : data_set.elements) {
    if (element.tag() != step_sequence) values[rules::keyword_or_tag(element.tag())] = element.text();
  }
  for (const rules::Item& item : items_of(data_set.elements, step_sequence)) {
    for (const rules::Element& element : item.elements)
      values["step." + rules::keyword_or_tag(element.tag())] = element.text();
  }
  return values;
}

const KeyValue any_name{{0x0010, 0x0010}, Vr::pn, ""};

bool matches(const std::vector<KeyValue>& keys, const std::vector<KeyValue>& step_keys = {}) {
  std::vector<KeyValue> all{any_name};
  all.insert(all.end(), keys.begin(), keys.end());
  return !answer(identifier(all, step_keys)).empty();
}

}  // namespace

TEST_CASE(
    "PS3.4 K.6: the answer has the keys that were asked for, and the trial's identifiers in their "
    "attributes") {
  const Answer got = answer(identifier({any_name,
                                        {{0x0010, 0x0020}, Vr::lo, ""},
                                        {{0x0008, 0x0050}, Vr::sh, ""},
                                        {{0x0012, 0x0020}, Vr::lo, ""},
                                        {{0x0012, 0x0040}, Vr::lo, ""},
                                        {{0x0012, 0x0050}, Vr::lo, ""},
                                        {{0x0020, 0x000D}, Vr::ui, ""},
                                        {{0x0010, 0x0040}, Vr::cs, ""}},
                                       {{{0x0008, 0x0060}, Vr::cs, ""},
                                        {{0x0040, 0x0001}, Vr::ae, ""},
                                        {{0x0040, 0x0002}, Vr::da, ""},
                                        {{0x0040, 0x0007}, Vr::lo, ""},
                                        {{0x0040, 0x0009}, Vr::sh, ""}}));
  CHECK(got == Answer{{"PatientName", "ONC301-001"},
                      {"PatientID", "HOSP-77"},
                      {"AccessionNumber", ""},
                      {"ClinicalTrialProtocolID", "ONC-301"},
                      {"ClinicalTrialSubjectID", "ONC301-001"},
                      {"ClinicalTrialTimePointID", "W06"},
                      {"StudyInstanceUID", "2.25.1"},
                      {"PatientSex", ""},
                      {"step.Modality", "CT"},
                      {"step.ScheduledStationAETitle", "CT_ROOM_1"},
                      {"step.ScheduledProcedureStepStartDate", "20260413"},
                      {"step.ScheduledProcedureStepDescription",
                       "W06: CT chest/abdomen/pelvis, portal venous phase, of everything"},
                      {"step.ScheduledProcedureStepID", "FEDCBA9876543210"}});
}

TEST_CASE("an empty step sequence asks for all of the step, in implicit VR too") {
  const Answer got =
      answer(identifier({any_name}, {}, true, "1.2.840.10008.1.2"), visit(), "1.2.840.10008.1.2");
  CHECK(got.at("step.Modality") == "CT");
  CHECK(got.at("step.ScheduledProcedureStepStartTime") == "000000");
  CHECK(got.size() == 7);
}

TEST_CASE("PS3.4 K.2.2.1: keys match by single value, wild card, list and range") {
  CHECK(matches({}));
  CHECK(matches({{{0x0010, 0x0020}, Vr::lo, "HOSP-77"}}));
  CHECK_FALSE(matches({{{0x0010, 0x0020}, Vr::lo, "HOSP-7"}}));
  CHECK(matches({{{0x0010, 0x0020}, Vr::lo, "HOSP-?7"}}));
  CHECK(matches({{{0x0010, 0x0010}, Vr::pn, "onc301*"}}));
  CHECK_FALSE(matches({{{0x0010, 0x0010}, Vr::pn, "SMITH*"}}));
  CHECK(matches({{{0x0020, 0x000D}, Vr::ui, "2.25.9\\2.25.1"}}));
  CHECK_FALSE(matches({{{0x0020, 0x000D}, Vr::ui, "2.25.9"}}));
  CHECK_FALSE(matches({{{0x0008, 0x0050}, Vr::sh, "A1"}}));
  CHECK(matches({}, {{{0x0008, 0x0060}, Vr::cs, "CT"}}));
  CHECK_FALSE(matches({}, {{{0x0008, 0x0060}, Vr::cs, "MR"}}));
  CHECK(matches({}, {{{0x0040, 0x0001}, Vr::ae, "CT_ROOM_1"}}));
  CHECK_FALSE(matches({}, {{{0x0040, 0x0001}, Vr::ae, "CT_ROOM_2"}}));
}

TEST_CASE("a step is scheduled for a day of its window that the query's dates hold") {
  const auto day = [](const std::string& dates) {
    const Answer got = answer(identifier({any_name}, {{{0x0040, 0x0002}, Vr::da, dates}}));
    return got.empty() ? std::string("none") : got.at("step.ScheduledProcedureStepStartDate");
  };
  CHECK(day("20260413") == "20260413");
  CHECK(day("20260420") == "20260420");
  CHECK(day("20260415-20260501") == "20260415");
  CHECK(day("20260401-") == "20260413");
  CHECK(day("-20260411") == "20260411");
  CHECK(day("20260501-") == "none");
  CHECK(day("-20260401") == "none");
}

TEST_CASE("keys that are not known are said so, malformed ones refused") {
  const auto read = [](const std::vector<std::uint8_t>& bytes) {
    return WorklistQuery::read(bytes, explicit_little);
  };
  CHECK(read(identifier({any_name}, {}))->all_keys_supported());
  CHECK_FALSE(read(identifier({{{0x0010, 0x0040}, Vr::cs, "F"}}, {}))->all_keys_supported());
  CHECK(matches({{{0x0010, 0x0040}, Vr::cs, "F"}}));
  CHECK_FALSE(read(identifier({any_name}, {{{0x0040, 0x0002}, Vr::da, "soon"}})).has_value());
  CHECK_FALSE(read(identifier({{{0x0008, 0x0005}, Vr::cs, "ISO_IR 999"}, any_name}, {})).has_value());
  CHECK_FALSE(read({1, 2, 3}).has_value());
}

TEST_CASE("values beyond ASCII are written in UTF-8, and the answer says so") {
  ScheduledVisit chinese = visit();
  chinese.sponsor = "示例制药";
  const Answer got = answer(identifier({any_name, {{0x0012, 0x0010}, Vr::lo, ""}}, {}, false), chinese);
  CHECK(got.at("SpecificCharacterSet") == "ISO_IR 192");
  CHECK(got.at("ClinicalTrialSponsorName") == "示例制药");
}
