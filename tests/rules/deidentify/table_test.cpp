// Every row of Table E.1-1 against the profile and each option, at the top and three levels deep.
#include "rules/dataset/values.h"
#include "rules/deidentify/tables.h"
#include "tests/rules/deidentify/support.h"
#include "tests/rules/deidentify/transfer_syntaxes.h"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

constexpr std::uint32_t outer = 0x00409096;   // RealWorldValueMappingSequence
constexpr std::uint32_t middle = 0x004008EA;  // MeasurementUnitsCodeSequence
constexpr std::uint32_t inner = 0x00080121;   // EquivalentCodeSequence
constexpr std::uint32_t code_meaning = 0x00080104;

enum class Place { top, nested };

/// A value of the right VR that no other row has, as far as the VR has room for that.
struct Canary {
  std::string value;
  bool unique = false;  ///< long enough to be searched for
};

Canary canary(const ConfidentialityRow& row, std::size_t number, Place place) {
  std::array<char, 64> text{};
  const char letter = place == Place::top ? 'T' : 'N';
  const auto print = [&](const char* format, auto... values) {
    std::snprintf(text.data(), text.size(), format, values...);
    return std::string(text.data());
  };
  const auto day = std::chrono::year_month_day(
      std::chrono::sys_days(std::chrono::year(place == Place::top ? 1951 : 1971) / 1 / 1) +
      std::chrono::days(number));
  switch (row.vr) {
    case Vr::as:
      return {"045Y", false};
    case Vr::da:
      return {format_date(day), true};
    case Vr::dt:
      return {format_date(day) + "101112.5", true};
    case Vr::tm:
      return {print("%02d%02d%02d", static_cast<int>(number % 24), static_cast<int>(number % 60), 31), false};
    case Vr::ds:
    case Vr::is:
      return {print("%d", static_cast<int>(1000 + number)), false};
    case Vr::ui:
      return {print("1.2.826.0.1.3680043.9.7.%u.%d", row.tag, place == Place::top ? 1 : 2), true};
    case Vr::us:
      return {"aa", false};  // the same in either byte order
    case Vr::pn:
      return {print("Kanary%c%08X^Given%zu", letter, row.tag, number), true};
    case Vr::cs:
    case Vr::ae:
    case Vr::sh:
      return {print("KANARY%c%08X", letter, row.tag), true};
    default:
      return {print("KANARY%c%08X ", letter, row.tag).substr(0, 15), true};
  }
}

ElementWriter sequence_item(const std::string& text) {
  ElementWriter item;
  item.add(code_meaning, Vr::lo, text);
  item.add(0x00100010, Vr::pn, "Person" + text.substr(6) + "^Given");
  return item;
}

/// Rows that an instance cannot have, or that stop it from being de-identified, at this place.
bool is_left_out(const ConfidentialityRow& row, Place place) {
  const std::uint32_t group = row.tag >> 16U;
  if (place == Place::top && group < 0x0008) return true;  // no elements of a data set
  if (place == Place::top && (row.tag == 0x00181010 || row.tag == 0x00181012))
    return true;  // a sign of burned-in text
  return group == 0xFFFE;
}

void add_row(TestDataSet& data_set, const ConfidentialityRow& row, const Canary& value) {
  if (row.vr == Vr::sq) {
    data_set.set_sequence(row.tag, {sequence_item(value.value)});
  } else {
    data_set.set(row.tag, row.vr, value.value);
  }
}

void add_row(ElementWriter& writer, const ConfidentialityRow& row, const Canary& value) {
  if (row.vr == Vr::sq) {
    writer.add_sequence(row.tag, {sequence_item(value.value)});
  } else {
    writer.add(row.tag, row.vr, value.value);
  }
}

TestDataSet data_set_of_all_rows() {
  TestDataSet data_set = TestDataSet::ct();
  ElementWriter deep;
  std::size_t number = 0;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    ++number;
    if (!is_left_out(row, Place::top)) add_row(data_set, row, canary(row, number, Place::top));
    if (!is_left_out(row, Place::nested)) add_row(deep, row, canary(row, number, Place::nested));
  }
  ElementWriter in_middle;
  in_middle.add_sequence(inner, {deep});
  ElementWriter in_outer;
  in_outer.add_sequence(middle, {in_middle});
  data_set.set_sequence(outer, {in_outer});
  return data_set;
}

enum class Expected { gone, kept, shifted };

bool is_date_or_time(Vr vr) {
  return vr == Vr::da || vr == Vr::dt || vr == Vr::tm;
}

Expected expected(const ConfidentialityRow& row, const DeidentificationRules& rules) {
  const bool modified = rules.has(Option::retain_longitudinal_modified_dates);
  if (row.cleans(Option::retain_longitudinal_modified_dates) && modified) {
    const bool contested =
        row.keeps(Option::retain_device_identity) && rules.has(Option::retain_device_identity);
    if (contested && rules.device_dates == DeviceDates::removed) return Expected::gone;
    if (contested && rules.device_dates == DeviceDates::kept) return Expected::kept;
    if (is_date_or_time(row.vr)) return Expected::shifted;
    return Expected::gone;
  }
  for (const Option option : rules.options) {
    if (row.keeps(option)) return Expected::kept;
  }
  return Expected::gone;
}

std::string shifted(const ConfidentialityRow& row, const std::string& value, std::int32_t days) {
  if (row.vr == Vr::tm) return value;
  const auto date = std::chrono::sys_days(*parse_date(value.substr(0, 8)));
  return format_date(std::chrono::year_month_day(date + std::chrono::days(days))) + value.substr(8);
}

/// Attributes that the trial writes at the top, whatever the table says.
bool is_written_by_trial(std::uint32_t tag) {
  return tag == 0x00100010 || tag == 0x00100020 || (tag >= 0x00120000 && tag < 0x00130000);
}

void check_element(const ConfidentialityRow& row, const Canary& value, const Element* element, Place place,
                   const DeidentificationRules& rules) {
  CAPTURE(keyword_or_tag(Tag(row.tag)));
  CAPTURE(to_string(Tag(row.tag)));
  CAPTURE(place == Place::top);
  const Expected wanted = expected(row, rules);
  if (place == Place::top && is_written_by_trial(row.tag)) return;
  if (wanted == Expected::kept || wanted == Expected::shifted) {
    REQUIRE(element != nullptr);
    if (row.vr == Vr::sq) {
      REQUIRE(element->items().size() == 1);
      const ElementList& item = element->items().front().elements;
      CHECK(item.find(Tag(code_meaning)) != nullptr);
      CHECK(item.find(Tag(0x00100010))->value().empty());
      return;
    }
    const std::int32_t days = identity().shift_days("ONC301-0042", rules.max_shift_days);
    const std::string text = wanted == Expected::kept ? value.value : shifted(row, value.value, days);
    CHECK(element->text() == std::string_view(text).substr(0, text.find_last_not_of(' ') + 1));
    return;
  }
  const auto cleans = [&](Option option) { return row.cleans(option) && rules.has(option); };
  if (cleans(Option::clean_graphics)) {
    CHECK(element == nullptr);
    return;
  }
  if (row.vr == Vr::sq && (cleans(Option::clean_descriptors) || cleans(Option::clean_structured_content))) {
    return;  // its items are gone through by what they are
  }
  switch (row.basic) {
    case ProfileAction::x:
      CHECK(element == nullptr);
      return;
    case ProfileAction::z:
      REQUIRE(element != nullptr);
      CHECK(element->value().empty());
      CHECK(element->items().empty());
      return;
    case ProfileAction::d:
    case ProfileAction::u:
      REQUIRE(element != nullptr);
      CHECK((!element->value().empty() || !element->items().empty()));
      break;
    case ProfileAction::z_d:
      REQUIRE(element != nullptr);
      break;
    case ProfileAction::x_z_u:
      return;  // recursed into; its UIDs are searched for below
    default:
      break;
  }
  if (element == nullptr) return;
  if (row.vr != Vr::sq) CHECK(element->text() != value.value);
  if (row.basic == ProfileAction::u) CHECK(is_valid_uid(element->text()));
}

void check_all_rows(const DeidentificationRules& rules, Bytes (*encode)(const Bytes&) = nullptr) {
  Bytes file = data_set_of_all_rows().file();
  if (encode != nullptr) file = encode(file);
  const ConfidentialityRow id_row{0x00100020, Vr::lo, ProfileAction::z, 0, 0};
  std::size_t number = 0;
  std::string patient_id;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    ++number;
    if (row.tag == id_row.tag) patient_id = canary(row, number, Place::top).value;
  }
  while (patient_id.ends_with(' ')) patient_id.pop_back();
  const Output output = output_of(run(file, compiled(rules), subject(patient_id)));

  const Element* level = output.find(outer);
  for (const std::uint32_t tag : {middle, inner}) {
    REQUIRE(level != nullptr);
    REQUIRE(level->items().size() == 1);
    level = level->items().front().elements.find(Tag(tag));
  }
  REQUIRE(level != nullptr);
  const ElementList& deep = level->items().front().elements;
  number = 0;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    ++number;
    for (const Place place : {Place::top, Place::nested}) {
      if (is_left_out(row, place)) continue;
      const Canary value = canary(row, number, place);
      const Element* element = place == Place::top ? output.find(row.tag) : deep.find(Tag(row.tag));
      check_element(row, value, element, place, rules);
      const bool opened = row.vr == Vr::sq && row.cleans(Option::clean_structured_content) &&
                          rules.has(Option::clean_structured_content);
      const bool gone =
          expected(row, rules) == Expected::gone && row.basic != ProfileAction::x_z_u && !opened;
      if (!gone || !value.unique) continue;
      CAPTURE(keyword_or_tag(Tag(row.tag)));
      std::string wanted = value.value.substr(0, value.value.find_first_of("^ "));
      if (row.vr == Vr::dt) wanted.resize(8);
      // Shifted dates may happen to be the original of another row.
      const bool dates_stay = rules.dates != DateHandling::removed;
      if (dates_stay && (row.vr == Vr::da || row.vr == Vr::dt)) continue;
      CHECK_FALSE(contains(output.bytes, wanted));
    }
  }
}

}  // namespace

TEST_CASE("PS3.15 E.1-1: every row of the Basic Profile, at the top and three levels deep") {
  check_all_rows({});
}

TEST_CASE("PS3.15 E.1-1: every row with each option by itself") {
  for (const Option option :
       {Option::clean_graphics, Option::clean_descriptors, Option::clean_structured_content,
        Option::retain_longitudinal_full_dates, Option::retain_longitudinal_modified_dates,
        Option::retain_patient_characteristics, Option::retain_device_identity, Option::retain_uids,
        Option::retain_safe_private, Option::retain_institution_identity}) {
    CAPTURE(to_string(option));
    check_all_rows(with({option}));
  }
}

TEST_CASE("PS3.15 E.3.6, E.3.8: Device Identity with Modified Dates, by each ruling") {
  for (const DeviceDates ruling : {DeviceDates::removed, DeviceDates::shifted, DeviceDates::kept}) {
    CAPTURE(to_string(ruling));
    check_all_rows(
        with({Option::retain_device_identity, Option::retain_longitudinal_modified_dates}, ruling));
  }
}

TEST_CASE("PS3.15 E.1-1: every row in implicit VR little endian") {
  // VRs come from the dictionary here: a row that it does not know must still go.
  TestDataSet data_set = TestDataSet::ct();
  std::size_t number = 0;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    ++number;
    if (is_left_out(row, Place::top) || row.vr == Vr::sq || row.tag == 0x00100020) continue;
    add_row(data_set, row, canary(row, number, Place::top));
  }
  const Output output = output_of(run(data_set.file(false), compiled(), subject()));
  number = 0;
  for (const ConfidentialityRow& row : confidentiality_rows()) {
    ++number;
    if (is_left_out(row, Place::top) || row.vr == Vr::sq || row.tag == 0x00100020) continue;
    const Canary value = canary(row, number, Place::top);
    check_element(row, value, output.find(row.tag), Place::top, {});
  }
  CHECK_FALSE(contains(output.bytes, "KANARY"));
  CHECK_FALSE(contains(output.bytes, "Kanary"));
}

TEST_CASE("PS3.5 A.3, A.5: every row in explicit VR big endian, and deflated") {
  check_all_rows({}, as_big_endian);
  check_all_rows(with({Option::retain_longitudinal_modified_dates, Option::retain_patient_characteristics}),
                 as_big_endian);
  check_all_rows({}, as_deflated);
}

TEST_CASE("The tables are those of PS3.15 2026d") {
  CHECK(confidentiality_rows().size() == 653);
  CHECK(safe_private_rows().size() == 479);
  CHECK(option_code(Option::retain_uids).value == "113110");
  CHECK(option_code(Option::clean_pixel_data).value == "113101");
  CHECK(option_code(Option::retain_institution_identity).value == "113112");
  CHECK(profile_code().value == "113100");
  const std::array<Tag, 1> serial = {Tag(0x0018, 0x1000)};
  CHECK(attribute_type(ct_class, serial) == AttributeType::three);
  const std::array<Tag, 2> other_id = {Tag(0x0010, 0x1002), Tag(0x0010, 0x0020)};
  CHECK(attribute_type(ct_class, other_id) == AttributeType::one);
  CHECK(attribute_type("1.2.840.10008.5.1.4.1.1.66.8", serial) == AttributeType::unknown);
}

}  // namespace trialgate::rules::test
