// Names that only some character sets have: gone at every level, and found again wherever they stay.
#include "rules/dataset/charset.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::rules::test {
namespace {

std::string bytes_of(const std::optional<std::vector<std::uint8_t>>& bytes) {
  REQUIRE(bytes.has_value());
  return {bytes->begin(), bytes->end()};
}

std::string in_set(std::string_view set, std::string_view utf8, Vr vr = Vr::pn) {
  return bytes_of(CharacterSet::parse(set)->encode(utf8, vr));
}

/// UTF-8 as UTF-16.
std::string in_utf16(std::string_view utf8, bool big_endian) {
  std::string result;
  const auto unit = [&](std::uint32_t value) {
    const char high = static_cast<char>(value >> 8U);
    const char low = static_cast<char>(value & 0xFFU);
    result += big_endian ? high : low;
    result += big_endian ? low : high;
  };
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i++]);
    std::uint32_t point = lead;
    int more = 0;
    if (lead >= 0xF0) more = 3;
    if (lead >= 0xE0 && lead < 0xF0) more = 2;
    if (lead >= 0xC0 && lead < 0xE0) more = 1;
    if (more > 0) point = lead & (0x3FU >> static_cast<unsigned>(more));
    for (; more > 0; --more) point = point << 6U | (static_cast<unsigned char>(utf8[i++]) & 0x3FU);
    if (point < 0x10000) {
      unit(point);
    } else {
      unit(0xD800 + ((point - 0x10000) >> 10U));
      unit(0xDC00 + (point & 0x3FFU));
    }
  }
  return result;
}

/// Family and given name, and a set that has all their letters.
struct Canary {
  const char* set;
  const char* family;
  const char* given;
};
constexpr std::array canaries = {Canary{"GB18030", "欧阳", "建国"},
                                 Canary{"GB18030", "㐀㐁", "𠀀𠀁"},  // four bytes in GB 18030
                                 Canary{"GBK", "諸葛", "國強"},
                                 Canary{"ISO_IR 192", "Đặng", "Thảo"},
                                 Canary{"ISO_IR 192", "Παπαδόπουλος", "Γιώργος"},
                                 Canary{"ISO_IR 192", "Ковалёва", "Дарья"},
                                 Canary{"ISO_IR 100", "Müßiggänger", "Åsbjørn"},
                                 Canary{"ISO_IR 144", "Щербаков", "Фёдор"}};

/// A data set that names the person at the top and three items deep, the innermost item in UTF-8.
TestDataSet data_set_of(const Canary& canary) {
  const std::string name = std::string(canary.family) + "^" + canary.given;
  ElementWriter deepest;
  deepest.add(0x00080005, Vr::cs, "ISO_IR 192").add(0x00081048, Vr::pn, name);
  ElementWriter second;
  second.add(0x00081048, Vr::pn, in_set(canary.set, name)).add_sequence(0x00400275, {deepest});
  ElementWriter first;
  first.add_sequence(0x00400260, {second});
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080005, Vr::cs, canary.set).set(0x00100010, Vr::pn, in_set(canary.set, name));
  data_set.set(0x00081048, Vr::pn, in_set(canary.set, name));
  data_set.set_sequence(0x00089215, {first});
  return data_set;
}

/// The text in every encoding that can write it.
std::vector<std::string> encodings_of(std::string_view utf8) {
  std::vector<std::string> all = {std::string(utf8), in_utf16(utf8, false), in_utf16(utf8, true),
                                  in_set("GB18030", utf8, Vr::lo)};
  if (const auto latin1 = CharacterSet::parse("ISO_IR 100")->encode(utf8, Vr::lo)) {
    all.emplace_back(latin1->begin(), latin1->end());
  }
  return all;
}

}  // namespace

TEST_CASE("Names in GB 18030, GBK, UTF-8, Latin-1 and Cyrillic are gone in all encodings, at every level") {
  for (const Canary& canary : canaries) {
    CAPTURE(std::string(canary.family));
    const Output output = output_of(run(data_set_of(canary)));
    for (const char* part : {canary.family, canary.given}) {
      for (const std::string& bytes : encodings_of(part)) CHECK_FALSE(contains_bytes(output.bytes, bytes));
      CHECK_FALSE(contains_bytes(output.bytes, in_set(canary.set, part)));
    }
  }
}

TEST_CASE("A name that stays as raw bytes is found in Latin-1, UTF-8, UTF-16, GB 18030 and its own set") {
  constexpr std::uint32_t red_palette = 0x00281201;
  for (const Canary& canary : canaries) {
    for (const char* part : {canary.family, canary.given}) {
      std::vector<std::string> all = encodings_of(part);
      all.push_back(in_set(canary.set, part));
      for (const std::string& bytes : all) {
        CAPTURE(std::string(part));
        TestDataSet data_set = data_set_of(canary);
        data_set.set(red_palette, Vr::ow, std::string(6, '\1') + bytes + std::string(7, '\2'));
        const Held held = held_of(run(data_set));
        REQUIRE(has_reason(held, HoldReason::residual_value));
        CHECK(held.causes.front().path == "RedPaletteColorLookupTableData");
      }
    }
  }
}

TEST_CASE("A name that stays as text in the data set's own character set is found, nested too") {
  for (const Canary& canary : canaries) {
    CAPTURE(std::string(canary.family));
    TestDataSet data_set = data_set_of(canary);
    data_set.set(0x00181210, Vr::sh, in_set(canary.set, std::string("B30 ") + canary.given, Vr::sh));
    CHECK(has_reason(held_of(run(data_set)), HoldReason::residual_value));
    ElementWriter deepest;
    deepest.add(0x00181210, Vr::sh, in_set(canary.set, std::string("B30 ") + canary.family, Vr::sh));
    ElementWriter second;
    second.add_sequence(0x00189314, {deepest});
    ElementWriter first;
    first.add_sequence(0x00189301, {second});
    TestDataSet nested = data_set_of(canary);
    nested.set_sequence(0x00189340, {first});
    const Held held = held_of(run(nested));
    CHECK(has_reason(held, HoldReason::residual_value));
  }
}

TEST_CASE("Capital and small letters of other alphabets are the same name") {
  TestDataSet data_set = data_set_of(canaries[5]);
  data_set.set(0x00181210, Vr::sh, "B30 КОВАЛЁВА");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::residual_value));
  TestDataSet latin = data_set_of(canaries[6]);
  latin.set(0x00181210, Vr::sh, in_set("ISO_IR 100", "B30 ÅSBJØRN", Vr::sh));
  CHECK(has_reason(held_of(run(latin)), HoldReason::residual_value));
}

}  // namespace trialgate::rules::test
