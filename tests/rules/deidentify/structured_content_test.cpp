// Clean Structured Content: every concept of PS3.15 Table E.3.4-1 with the profile and each option, at the
// top of a report and three containers deep; and what is not in the table.
#include "rules/dataset/values.h"
#include "rules/deidentify/tables.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

constexpr std::string_view report_class = "1.2.840.10008.5.1.4.1.1.88.33";
constexpr std::uint32_t content_sequence = 0x0040A730;

struct ItemValue {
  std::uint32_t tag = 0;
  Vr vr = Vr::ut;
  std::string text;    // as written
  std::string canary;  // what must not be found when it goes; empty: too short to be searched for
};

ItemValue value_of(const ContentConceptRow& row, std::size_t number, char place) {
  const std::string digits = std::to_string(1000 + number);
  const std::string word = std::string("KANARI") + place + digits;
  const std::string date = std::string(place == 'T' ? "1951" : "1971") + (number % 12 < 9 ? "0" : "") +
                           std::to_string(number % 12 + 1) + std::to_string(10 + number % 18);
  const std::string uid = "1.2.826.0.1.3680043.9.8." + digits + (place == 'T' ? ".1" : ".2");
  const std::string_view type = row.value_type;
  if (type == "DATE") return {0x0040A121, Vr::da, date, date};
  if (type == "DATETIME") return {0x0040A120, Vr::dt, date + "101112", date};
  if (type == "TIME") return {0x0040A122, Vr::tm, "101112", {}};
  if (type == "PNAME") return {0x0040A123, Vr::pn, word + "^Given", word};
  if (type == "UIDREF") return {0x0040A124, Vr::ui, uid, uid};
  if (type == "TEXT") return {0x0040A160, Vr::ut, word, word};
  return {0x00081199, Vr::sq, uid,
          uid};  // a reference, a code or a number: what is in it does not matter here
}

ElementWriter code_of(const ContentConceptRow& row) {
  return ElementWriter()
      .add(0x00080100, Vr::sh, row.code)
      .add(0x00080102, Vr::sh, row.scheme)
      .add(0x00080104, Vr::lo, "Concept");
}

ElementWriter content_item(const ContentConceptRow& row, const ItemValue& value) {
  ElementWriter item;
  if (value.vr == Vr::sq) {
    item.add_sequence(
        value.tag, {ElementWriter().add(0x00081150, Vr::ui, ct_class).add(0x00081155, Vr::ui, value.text)});
  }
  item.add(0x0040A010, Vr::cs, "CONTAINS").add(0x0040A040, Vr::cs, row.value_type);
  item.add_sequence(0x0040A043, {code_of(row)});
  if (value.vr != Vr::sq) item.add(value.tag, value.vr, value.text);
  return item;
}

ElementWriter container(const ElementWriter& items) {
  ElementWriter result;
  result.add(0x0040A010, Vr::cs, "CONTAINS").add(0x0040A040, Vr::cs, "CONTAINER");
  return result.add_raw(items.bytes());
}

/// Every concept of the table, at the top and in the innermost of three containers.
TestDataSet report_of_all_concepts() {
  std::vector<ElementWriter> top;
  std::vector<ElementWriter> deep;
  std::size_t number = 0;
  for (const ContentConceptRow& row : content_concept_rows()) {
    top.push_back(content_item(row, value_of(row, number, 'T')));
    deep.push_back(content_item(row, value_of(row, number, 'N')));
    ++number;
  }
  ElementWriter nested;
  nested.add_sequence(content_sequence, deep);
  for (int level = 0; level < 2; ++level) {
    ElementWriter outer;
    outer.add_sequence(content_sequence, {container(nested)});
    nested = outer;
  }
  top.push_back(container(nested));
  TestDataSet data_set = TestDataSet::ct();
  for (const std::uint32_t tag : {0x7FE00010U, 0x00280002U, 0x00280004U, 0x00280010U, 0x00280011U,
                                  0x00280100U, 0x00280101U, 0x00280102U, 0x00280103U}) {
    data_set.erase(tag);
  }
  data_set.set(0x00080016, Vr::ui, report_class).set(0x00080060, Vr::cs, "SR");
  return data_set.set_sequence(content_sequence, top);
}

enum class Expected { gone, replaced, kept, shifted };

bool is_date(std::string_view type) {
  return type == "DATE" || type == "DATETIME" || type == "TIME";
}

Expected expected(const ContentConceptRow& row, const DeidentificationRules& rules) {
  for (const Option option : rules.options) {
    if (row.keeps(option)) return Expected::kept;
  }
  if (row.cleans(Option::retain_longitudinal_modified_dates) && is_date(row.value_type) &&
      rules.dates == DateHandling::shift_per_subject) {
    return row.value_type == "TIME" ? Expected::kept : Expected::shifted;
  }
  // A canary is no word of imaging: cleaning leaves nothing of it.
  const bool cleaned = row.cleans(Option::clean_descriptors) && rules.has(Option::clean_descriptors);
  if (cleaned && row.value_type == "TEXT") return Expected::replaced;
  return row.basic == ProfileAction::x ? Expected::gone : Expected::replaced;
}

const Item* item_of(const ElementList& list, const ContentConceptRow& row) {
  const Element* sequence = list.find(Tag(content_sequence));
  if (sequence == nullptr) return nullptr;
  for (const Item& item : sequence->items()) {
    const Element* type = item.elements.find(Tag(0x0040, 0xA040));
    const Element* name = item.elements.find(Tag(0x0040, 0xA043));
    if (type == nullptr || name == nullptr || type->text() != row.value_type) continue;
    const ElementList& code = name->items().front().elements;
    if (code.find(Tag(0x0008, 0x0100))->text() == row.code &&
        code.find(Tag(0x0008, 0x0102))->text() == row.scheme) {
      return &item;
    }
  }
  return nullptr;
}

void check_item(const Item* item, const ContentConceptRow& row, const ItemValue& value, Expected wanted) {
  if (wanted == Expected::gone) {
    CHECK(item == nullptr);
    return;
  }
  REQUIRE(item != nullptr);
  const Element* element = item->elements.find(Tag(value.tag));
  REQUIRE(element != nullptr);
  if (value.vr == Vr::sq) {
    REQUIRE(element->items().size() == 1);
    if (row.value_type != "IMAGE" && row.value_type != "COMPOSITE" && row.value_type != "WAVEFORM") return;
    const std::string_view uid = element->items().front().elements.find(Tag(0x0008, 0x1155))->text();
    CHECK((uid == value.text) == (wanted == Expected::kept));
    return;
  }
  CHECK_FALSE(element->value().empty());
  CHECK((element->text() == value.text) == (wanted == Expected::kept));
}

void check_all_concepts(DeidentificationRules rules) {
  rules.options.insert(Option::clean_structured_content);
  const Output output = output_of(run(report_of_all_concepts(), rules));
  const ElementList* deep = &output.data_set.elements;
  for (int level = 0; level < 3; ++level) {
    const Element* sequence = deep->find(Tag(content_sequence));
    REQUIRE(sequence != nullptr);
    REQUIRE_FALSE(sequence->items().empty());
    deep = &sequence->items().back().elements;
  }
  std::size_t number = 0;
  for (const ContentConceptRow& row : content_concept_rows()) {
    CAPTURE(row.code);
    CAPTURE(row.value_type);
    const Expected wanted = expected(row, rules);
    for (const char place : {'T', 'N'}) {
      CAPTURE(place);
      const ItemValue value = value_of(row, number, place);
      check_item(item_of(place == 'T' ? output.data_set.elements : *deep, row), row, value, wanted);
      if (wanted == Expected::kept || value.canary.empty()) continue;
      // Dates that stay or shift may happen to be the original of another item.
      if (is_date(row.value_type) && rules.dates != DateHandling::removed) continue;
      CHECK_FALSE(contains(output.bytes, value.canary));
    }
    ++number;
  }
}

ElementWriter text_item(std::string_view scheme, std::string_view code, std::string_view text) {
  ElementWriter name;
  name.add(0x00080100, Vr::sh, code).add(0x00080102, Vr::sh, scheme).add(0x00080104, Vr::lo, "Finding");
  ElementWriter item;
  item.add(0x0040A010, Vr::cs, "CONTAINS").add(0x0040A040, Vr::cs, "TEXT");
  return item.add_sequence(0x0040A043, {name}).add(0x0040A160, Vr::ut, text);
}

TestDataSet report(std::initializer_list<ElementWriter> items) {
  TestDataSet data_set = TestDataSet::ct();
  data_set.erase(0x7FE00010).set(0x00080016, Vr::ui, report_class).set(0x00080060, Vr::cs, "SR");
  return data_set.set_sequence(content_sequence, items);
}

std::string first_text(const Output& output) {
  const Element* content = output.find(content_sequence);
  REQUIRE(content != nullptr);
  REQUIRE_FALSE(content->items().empty());
  return std::string(content->items().front().elements.find(Tag(0x0040, 0xA160))->text());
}

}  // namespace

TEST_CASE("PS3.15 E.3.4-1: every concept with the Basic Profile, at the top and three levels deep") {
  CHECK(content_concept_rows().size() == 214);
  check_all_concepts({});
}

TEST_CASE("PS3.15 E.3.4-1: every concept with each option by itself") {
  for (const Option option :
       {Option::clean_descriptors, Option::clean_graphics, Option::retain_longitudinal_full_dates,
        Option::retain_longitudinal_modified_dates, Option::retain_patient_characteristics,
        Option::retain_device_identity, Option::retain_uids, Option::retain_safe_private,
        Option::retain_institution_identity}) {
    CAPTURE(to_string(option));
    check_all_concepts(with({option}));
  }
}

TEST_CASE("Failure mode 16: free text of a report goes whatever its concept is, numbers and codes stay") {
  ElementWriter number;
  number.add(0x0040A010, Vr::cs, "CONTAINS").add(0x0040A040, Vr::cs, "NUM");
  number.add_sequence(0x0040A300, {ElementWriter().add(0x0040A30A, Vr::ds, "12.5")});
  const TestDataSet data_set =
      report({text_item("99LOCAL", "X1", "Mrs. Miller had a CT of the chest"), number});
  const Output output = output_of(run(data_set, with({Option::clean_structured_content})));
  CHECK(first_text(output) == "REMOVED");
  CHECK_FALSE(contains(output.bytes, "Miller"));
  const Item& measured = output.find(content_sequence)->items().back();
  CHECK(measured.elements.find(Tag(0x0040, 0xA300))
            ->items()
            .front()
            .elements.find(Tag(0x0040, 0xA30A))
            ->text() == "12.5");
  const auto& codes = output.result.report.codes;
  CHECK(std::ranges::find(codes, "113104") != codes.end());

  const Output cleaned =
      output_of(run(data_set, with({Option::clean_structured_content, Option::clean_descriptors})));
  CHECK(first_text(cleaned) == "a CT of the chest");
}

TEST_CASE("Content items that refer to others by position are held once one of those went") {
  ElementWriter referring;
  referring.add(0x0040A010, Vr::cs, "INFERRED FROM")
      .add(0x0040DB73, Vr::ul, std::string("\1\0\0\0\1\0\0\0", 8));
  const auto rules = with({Option::clean_structured_content});
  CHECK(has_reason(held_of(run(report({text_item("DCM", "121022", "ACC1"), referring}), rules)),
                   HoldReason::not_supported));
  CHECK_FALSE(output_of(run(report({text_item("DCM", "121071", "text"), referring}), rules)).bytes.empty());
}

TEST_CASE("A retired or unknown value type hides nothing that a VR shows") {
  ElementWriter item;
  item.add(0x0040A040, Vr::cs, "PNAM")
      .add(0x0040A123, Vr::pn, "Kanari^Karl")
      .add(0x0040A160, Vr::ut, "Kanari");
  const Output output = output_of(run(report({item}), with({Option::clean_structured_content})));
  CHECK_FALSE(contains(output.bytes, "Kanari"));
}

}  // namespace trialgate::rules::test
