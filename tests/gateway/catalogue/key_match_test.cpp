#include "gateway/catalogue/key_match.h"

#include "gateway/catalogue/attributes.h"
#include "tests/gateway/catalogue/identifiers.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;
namespace tag = trialgate::gateway::test::tag;

namespace {

const CatalogueAttribute& attribute(rules::Tag wanted) {
  const auto* const found = catalogue_attribute(wanted);
  REQUIRE(found != nullptr);
  return *found;
}

bool matches(rules::Tag key_tag, std::string_view key, std::string_view value) {
  const auto made = MatchingKey::make(attribute(key_tag), key);
  REQUIRE(made.has_value());
  return made->matches(value);
}

bool is_malformed(rules::Tag key_tag, std::string_view key) {
  return !MatchingKey::make(attribute(key_tag), key).has_value();
}

constexpr rules::Tag acquisition_date_time{0x0008, 0x002A};

}  // namespace

TEST_CASE("PS3.4 C.2.2.2.1: a single value matches itself, with case, without padding") {
  CHECK(matches(tag::patient_id, "P-1", "P-1"));
  CHECK(matches(tag::patient_id, " P-1 ", "P-1"));
  CHECK_FALSE(matches(tag::patient_id, "p-1", "P-1"));
  CHECK_FALSE(matches(tag::patient_id, "P-1", "P-10"));
  CHECK_FALSE(matches(tag::patient_id, "P-1", ""));
  CHECK(matches(tag::modalities_in_study, "CT", "PT\\CT"));
  CHECK(matches(tag::series_number, "01", "1"));
  CHECK(matches(tag::rows, "512", "512"));
  CHECK(is_malformed(tag::series_number, "one"));
}

TEST_CASE("PS3.4 C.2.2.2.2: a list of UIDs matches any of them") {
  CHECK(matches(tag::study_uid, "1.2\\1.3", "1.3"));
  CHECK_FALSE(matches(tag::study_uid, "1.2\\1.3", "1.30"));
  CHECK(matches(rules::Tag(0x0008, 0x0062), "1.3", "1.2\\1.3"));
}

TEST_CASE("PS3.4 C.2.2.2.3: nothing, and '*', match everything, absent values too") {
  for (const char* key : {"", "*", "**"}) {
    CHECK(matches(tag::patient_name, key, ""));
    CHECK(matches(tag::patient_name, key, "Li^Lei"));
  }
  CHECK(matches(tag::study_date, "", ""));
}

TEST_CASE("PS3.4 C.2.2.2.4: '*' is any characters, '?' one, also of several bytes") {
  CHECK(matches(tag::study_description, "CT*", "CT abdomen"));
  CHECK(matches(tag::study_description, "*men", "CT abdomen"));
  CHECK(matches(tag::study_description, "*b*o*n", "CT abdomen"));
  CHECK(matches(tag::study_description, "?T*", "CT"));
  CHECK(matches(tag::study_description, "腹?CT", "腹部CT"));
  CHECK_FALSE(matches(tag::study_description, "腹??CT", "腹部CT"));
  CHECK_FALSE(matches(tag::study_description, "ct*", "CT"));
  CHECK_FALSE(matches(tag::study_description, "?", ""));
  CHECK(matches(tag::modality, "C*\\MR", "MR"));
  // No wild cards in UIDs and dates.
  CHECK_FALSE(matches(tag::study_uid, "1.2.*", "1.2.3"));
  CHECK(is_malformed(tag::study_date, "2026*"));
  // A pattern that makes a naive matcher try every way.
  CHECK_FALSE(matches_wild_card(std::string(200, '*') + 'b', std::string(2'000, 'a')));
}

TEST_CASE("PS3.4 C.2.2.2.1: names match without case, by component group") {
  CHECK(matches(tag::patient_name, "li^lei", "LI^LEI"));
  CHECK(matches(tag::patient_name, "Müller", "MÜLLER"));
  CHECK(matches(tag::patient_name, "ＬＩ", "ｌｉ"));
  CHECK(matches(tag::patient_name, "Li^Lei^^^", "Li^Lei"));
  CHECK(matches(tag::patient_name, "Li^*", "Li^Lei=李^雷"));
  CHECK(matches(tag::patient_name, "Li^*", "Li"));
  CHECK_FALSE(matches(tag::patient_name, "Li^*", "Lin^Tao"));
  CHECK(matches(tag::patient_name, "李*", "Li^Lei=李^雷"));
  CHECK(matches(tag::patient_name, "=李^雷", "Li^Lei=李^雷"));
  CHECK(matches(tag::patient_name, "Li*=李*", "Li^Lei=李^雷"));
  CHECK_FALSE(matches(tag::patient_name, "Li*=王*", "Li^Lei=李^雷"));
  CHECK_FALSE(matches(tag::patient_name, "=Li*=", "Li^Lei=李^雷"));
  CHECK(matches(tag::patient_name, "==ゆき", "Yuki=雪=ゆき"));
  CHECK_FALSE(matches(tag::patient_name, "Li", ""));
}

TEST_CASE("PS3.4 C.2.2.2.5: dates and times match by range, ends included") {
  CHECK(matches(tag::study_date, "20260101-20260131", "20260131"));
  CHECK(matches(tag::study_date, "-20260131", "19991231"));
  CHECK(matches(tag::study_date, "20260101-", "20260101"));
  CHECK(matches(tag::study_date, "20260101", "20260101"));
  CHECK(matches(tag::study_date, "20260101", "2026.01.01"));
  CHECK_FALSE(matches(tag::study_date, "20260101-20260131", "20260201"));
  CHECK_FALSE(matches(tag::study_date, "20260201-20260101", "20260115"));
  CHECK_FALSE(matches(tag::study_date, "20260101-", "not a date"));
  CHECK(matches(tag::study_time, "10-12", "125959.999"));
  CHECK(matches(tag::study_time, "1000-1200", "1200"));
  CHECK_FALSE(matches(tag::study_time, "1000-1200", "120100"));
  CHECK(matches(tag::study_time, "103015", "103015.000000"));
  CHECK(matches(tag::study_time, "-0930", "08"));
  for (const char* key : {"-", "20261301", "20260101-2", "--", "tomorrow"}) {
    CAPTURE(key);
    CHECK(is_malformed(tag::study_date, key));
  }
  CHECK(is_malformed(tag::study_time, "25"));
}

TEST_CASE("PS3.5 6.2: in a date and time an offset's hyphen is not the range's") {
  CHECK(matches(acquisition_date_time, "20260101-20260102", "20260102235959.9"));
  CHECK(matches(acquisition_date_time, "202601", "20260115"));
  CHECK(matches(acquisition_date_time, "20260101120000-0500-20260101130000-0500", "20260101173000+0000"));
  CHECK_FALSE(
      matches(acquisition_date_time, "20260101120000-0500-20260101130000-0500", "20260101123000+0000"));
  CHECK(matches(acquisition_date_time, "20260101120000-0500", "20260101170000+0000"));
  CHECK(matches(acquisition_date_time, "-20260101120000-0500", "20260101170000+0000"));
  CHECK(matches(acquisition_date_time, "20260101120000-0500-", "20260101170000+0000"));
}

TEST_CASE("PS3.4 C.2.2.2.6: a sequence matches when one item has all keys") {
  const CatalogueAttribute& codes = attribute(tag::procedure_codes);
  const auto nested = [&](rules::Tag wanted, std::string_view key) {
    for (const CatalogueAttribute& one : codes.nested) {
      if (one.tag == wanted) return *MatchingKey::make(one, key);
    }
    FAIL("no such attribute");
    return *MatchingKey::make(codes.nested.front(), key);
  };
  const Attribute kept{tag::procedure_codes,
                       {},
                       {{{tag::code_value, "A", {}}, {tag::code_meaning, "one", {}}},
                        {{tag::code_value, "B", {}}, {tag::code_meaning, "two", {}}}}};
  const auto both = [&](const char* value, const char* meaning) {
    return MatchingKey::sequence(codes, {nested(tag::code_value, value), nested(tag::code_meaning, meaning)});
  };
  CHECK(both("B", "t*").matches(&kept));
  CHECK_FALSE(both("A", "two").matches(&kept));
  CHECK_FALSE(both("B", "").matches(nullptr));
  CHECK(both("", "").matches(nullptr));
}

TEST_CASE("attributes come back as they were encoded, and one is found without the others") {
  const Attributes attributes{{tag::study_date, "20260101", {}},
                              {tag::procedure_codes, {}, {{{tag::code_value, "A", {}}}, {}}},
                              {tag::patient_name, std::string(300, 'x'), {}}};
  const std::string bytes = encode(attributes);
  CHECK(decode_attributes(bytes) == attributes);
  CHECK(find_value(bytes, tag::patient_name) == std::string(300, 'x'));
  CHECK(find_value(bytes, tag::procedure_codes).empty());
  CHECK(find_value(bytes, tag::study_uid).empty());
  const InstanceAttributes instance{attributes, {}, {{tag::instance_number, "1", {}}}};
  CHECK(decode_instance_attributes(encode(instance)) == instance);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    // A cut between two attributes leaves fewer of them, any other nothing that could be mistaken for some.
    const auto read = decode_attributes(std::string_view(bytes).substr(0, cut));
    if (read) CHECK(read->size() < attributes.size());
    (void)find_value(std::string_view(bytes).substr(0, cut), tag::patient_name);
  }
  CHECK_FALSE(decode_attributes(encode(Attributes{{tag::patient_id, std::string("a\0b", 3), {}}})));
  CHECK_FALSE(decode_instance_attributes(encode(instance) + "x"));
}

TEST_CASE("attributes are read by level, decoded, nested ones too") {
  const auto data_set = test::data_set_of({{tag::patient_name, "Li^Lei=李^雷"},
                                           {tag::study_uid, "1.2.3"},
                                           {tag::modality, "CT"},
                                           {tag::rows, "512"},
                                           {tag::procedure_codes, "", {{tag::code_meaning, "腹部"}}},
                                           {tag::study_description, ""}},
                                          "GB18030");
  const InstanceAttributes read = read_instance_attributes(data_set);
  REQUIRE(find(read.study, tag::patient_name) != nullptr);
  CHECK(find(read.study, tag::patient_name)->value == "Li^Lei=李^雷");
  CHECK(find(read.study, tag::procedure_codes)->items.front().front().value == "腹部");
  CHECK(find(read.study, tag::study_description) == nullptr);
  CHECK(find(read.study, tag::study_uid) == nullptr);
  CHECK(find(read.series, tag::modality)->value == "CT");
  CHECK(find(read.image, tag::rows)->value == "512");
}
