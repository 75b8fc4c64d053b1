#include "gateway/catalogue/query.h"

#include "dimse/status.h"
#include "tests/gateway/catalogue/identifiers.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;
using test::TextElement;
namespace tag = trialgate::gateway::test::tag;

namespace {

std::variant<Query, Refusal> read(const std::vector<TextElement>& elements, QueryModel model,
                                  bool relational = false, bool combined = false) {
  const auto identifier = test::identifier_of(elements);
  return read_query({model, test::explicit_little, relational, combined, identifier});
}

bool is_refused(const std::variant<Query, Refusal>& outcome) {
  const auto* const refusal = std::get_if<Refusal>(&outcome);
  if (refusal != nullptr) CHECK(refusal->status == dimse::status::data_set_does_not_match_sop_class);
  return refusal != nullptr;
}

Query query(const std::vector<TextElement>& elements, QueryModel model = QueryModel::study_root,
            bool relational = false, bool combined = false) {
  auto outcome = read(elements, model, relational, combined);
  if (const auto* const refusal = std::get_if<Refusal>(&outcome)) FAIL(refusal->comment);
  return std::get<Query>(std::move(outcome));
}

constexpr auto patient_root = QueryModel::patient_root;
constexpr auto study_root = QueryModel::study_root;

}  // namespace

TEST_CASE("an identifier without a level that the model has is refused with A900") {
  CHECK(is_refused(read({{tag::patient_id, "P"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "WORKLIST"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "STUDY\\SERIES"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "PATIENT"}}, study_root)));
  CHECK(query({{tag::level, "PATIENT"}}, patient_root).level == QueryLevel::patient);
  CHECK(query({{tag::level, "STUDY"}}).level == QueryLevel::study);
  const std::vector<std::uint8_t> noise{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  for (std::size_t size = 0; size <= noise.size(); ++size) {
    CHECK(is_refused(
        read_query({study_root, test::explicit_little, false, false, std::span(noise).first(size)})));
  }
}

TEST_CASE("PS3.4 C.4.1.2.1: not relational, each level above needs one value of its unique key") {
  CHECK(is_refused(read({{tag::level, "SERIES"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "SERIES"}, {tag::study_uid, "1.2\\1.3"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "IMAGE"}, {tag::study_uid, "1.2"}}, study_root)));
  CHECK(is_refused(read({{tag::level, "STUDY"}}, patient_root)));
  CHECK(is_refused(read({{tag::level, "STUDY"}, {tag::patient_id, "P*"}}, patient_root)));
  CHECK_FALSE(is_refused(read({{tag::level, "STUDY"}, {tag::patient_id, "P"}}, patient_root)));
  CHECK_FALSE(is_refused(
      read({{tag::level, "IMAGE"}, {tag::study_uid, "1.2"}, {tag::series_uid, "1.3"}}, study_root)));
  CHECK_FALSE(is_refused(read({{tag::level, "IMAGE"}}, study_root, true)));
}

TEST_CASE("not relational, keys below the level are refused when unique and else not supported") {
  CHECK(is_refused(read({{tag::level, "STUDY"}, {tag::series_uid, "1.2"}}, study_root)));
  const Query lower = query({{tag::level, "STUDY"}, {tag::modality, "CT"}});
  CHECK_FALSE(lower.all_keys_supported);
  CHECK(lower.keys.empty());
  CHECK(query({{tag::level, "STUDY"}, {tag::modality, "CT"}}, study_root, true).key(tag::modality) !=
        nullptr);
}

TEST_CASE("keys that the catalogue does not have are returned empty, with a warning") {
  CHECK(query({{tag::level, "STUDY"}, {tag::study_date, ""}}).all_keys_supported);
  const Query unknown = query({{tag::level, "STUDY"}, {rules::Tag(0x0008, 0x1048), "X^Y"}});
  CHECK_FALSE(unknown.all_keys_supported);
  CHECK(unknown.keys.empty());
  REQUIRE(unknown.returns.size() == 2);
  CHECK(unknown.returns.back().attribute == nullptr);
}

TEST_CASE("malformed keys are refused") {
  CHECK(is_refused(read({{tag::level, "STUDY"}, {tag::study_date, "yesterday"}}, study_root)));
  const auto identifier = [](const char* character_set) {
    auto data_set = test::data_set_of({{tag::level, "STUDY"}, {tag::patient_name, "Li"}}, "");
    data_set.elements.put(rules::Element(rules::tags::specific_character_set, rules::Vr::cs, character_set));
    return rules::write(data_set).value().prefix;
  };
  const auto unknown = identifier("ISO_IR 999");
  CHECK(is_refused(read_query({study_root, test::explicit_little, false, false, unknown})));
  auto data_set = test::data_set_of({{tag::level, "STUDY"}}, "ISO_IR 192");
  data_set.elements.put(rules::Element(tag::patient_name, rules::Vr::pn, "\xFF\xFE"));
  const auto undecodable = rules::write(data_set).value().prefix;
  CHECK(is_refused(read_query({study_root, test::explicit_little, false, false, undecodable})));
}

TEST_CASE("keys are decoded by the request's Specific Character Set") {
  for (const char* character_set : {"GB18030", "GBK", "ISO_IR 192", "\\ISO 2022 IR 58"}) {
    CAPTURE(character_set);
    const auto identifier =
        test::identifier_of({{tag::level, "STUDY"}, {tag::patient_name, "李*"}}, character_set);
    auto outcome = read_query({study_root, test::explicit_little, false, false, identifier});
    REQUIRE(std::holds_alternative<Query>(outcome));
    const MatchingKey* const key = std::get<Query>(outcome).key(tag::patient_name);
    REQUIRE(key != nullptr);
    CHECK(key->matches("Li^Lei=李^雷"));
    CHECK_FALSE(key->matches("Wang^Fang=王^芳"));
  }
}

TEST_CASE("10 000 UIDs in a list are read") {
  std::string list;
  for (int i = 0; i < 10'000; ++i) list += (i == 0 ? "" : "\\") + ("1.2.840.113619.2.1." + std::to_string(i));
  auto data_set = test::data_set_of({{tag::level, "STUDY"}});
  // What a sender does whose list is too long for a UI of explicit VR (PS3.5 6.2.2).
  data_set.elements.put(rules::Element(tag::study_uid, rules::Vr::un, list));
  const auto identifier = rules::write(data_set).value().prefix;
  auto outcome = read_query({study_root, test::explicit_little, false, false, identifier});
  REQUIRE(std::holds_alternative<Query>(outcome));
  CHECK(std::get<Query>(outcome).key(tag::study_uid)->uids().size() == 10'000);
}

TEST_CASE("PS3.4 C.2.2.2.5.4: two ranges are one when that was negotiated") {
  const std::vector<TextElement> asked{
      {tag::level, "STUDY"}, {tag::study_date, "20260101-20260103"}, {tag::study_time, "1000-1200"}};
  CHECK(query(asked).combined.empty());
  const Query combined = query(asked, study_root, false, true);
  REQUIRE(combined.combined.size() == 1);
  CHECK(combined.key(tag::study_time) == nullptr);
  const auto day = [](const char* text) { return span_of(text, rules::Vr::da)->from; };
  CHECK(combined.combined.front().span.from == day("20260101") + std::chrono::hours(10));
  CHECK(combined.combined.front().span.to ==
        day("20260103") + std::chrono::minutes(12 * 60 + 1) - std::chrono::microseconds(1));
}

TEST_CASE("PS3.4 C.4.2.2.1: a retrieval has unique keys, no wild cards, a list at its level only") {
  const auto retrieval = [](const std::vector<TextElement>& elements, bool relational = false) {
    const auto identifier = test::identifier_of(elements);
    return read_retrieval({study_root, test::explicit_little, relational, false, identifier});
  };
  CHECK(is_refused(retrieval({{tag::level, "STUDY"}})));
  CHECK(is_refused(retrieval({{tag::level, "SERIES"}, {tag::series_uid, "1.2"}})));
  CHECK(is_refused(
      retrieval({{tag::level, "SERIES"}, {tag::study_uid, "1.1\\1.2"}, {tag::series_uid, "1.2"}})));
  CHECK(is_refused(retrieval({{tag::level, "STUDY"}, {tag::patient_id, "P*"}, {tag::study_uid, "1.2"}})));
  auto found =
      retrieval({{tag::level, "STUDY"}, {tag::study_uid, "1.1\\1.2"}, {tag::study_date, "20260101"}});
  REQUIRE(std::holds_alternative<Query>(found));
  CHECK(std::get<Query>(found).level == QueryLevel::image);
  CHECK(std::get<Query>(found).keys.size() == 1);
  CHECK_FALSE(is_refused(retrieval({{tag::level, "IMAGE"}, {tag::sop_instance, "1.2"}}, true)));
}
