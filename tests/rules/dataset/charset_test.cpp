#include "rules/dataset/charset.h"

#include "rules/dataset/data_set.h"
#include "tests/rules/dataset/real_files.h"

#include <doctest/doctest.h>

#include <map>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<std::string> decode(std::string_view terms, std::string_view text, Vr vr = Vr::lo) {
  const auto set = CharacterSet::parse(terms);
  REQUIRE(set.has_value());
  return set->decode(bytes_of(text), vr);
}

std::optional<std::string> encode(std::string_view terms, std::string_view utf8, Vr vr = Vr::lo) {
  const auto set = CharacterSet::parse(terms);
  REQUIRE(set.has_value());
  const auto encoded = set->encode(utf8, vr);
  if (!encoded) return std::nullopt;
  return std::string(encoded->begin(), encoded->end());
}

std::string patient_name(const std::string& file_name) {
  const auto file = read_file(data_directory() / file_name);
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  auto set = CharacterSet::parse(data_set->elements.find(tags::specific_character_set)->text());
  const Element* name = data_set->elements.find(Tag(0x0010, 0x0010));
  if (name == nullptr) {
    // chrSQEncoding*: the name stands in Requested Procedure Code Sequence, with or without a set of its own.
    const ElementList& item = data_set->elements.find(Tag(0x0032, 0x1064))->items().at(0).elements;
    if (const Element* own = item.find(tags::specific_character_set)) set = CharacterSet::parse(own->text());
    name = item.find(Tag(0x0010, 0x0010));
  }
  REQUIRE(set.has_value());
  REQUIRE(name != nullptr);
  const auto text = set->decode(name->value(), Vr::pn);
  REQUIRE(text.has_value());
  // What was decoded can be written again and means the same.
  const auto encoded = set->encode(*text, Vr::pn);
  REQUIRE(encoded.has_value());
  CHECK(set->decode(*encoded, Vr::pn) == text);
  return text->substr(0, text->find_last_not_of(' ') + 1);
}

}  // namespace

TEST_CASE("names of real files in all their character sets") {
  REQUIRE(load_character_sets().has_value());
  const std::map<std::string, std::string> expected = {
      {"charset/chrFren.dcm", "Buc^Jérôme"},
      {"charset/chrFrenMulti.dcm", "Buc^Jérôme"},
      {"charset/chrGerm.dcm", "Äneas^Rüdiger"},
      {"charset/chrGreek.dcm", "Διονυσιος"},
      {"charset/chrH31.dcm", "Yamada^Tarou=山田^太郎=やまだ^たろう"},
      {"charset/chrI2.dcm", "Hong^Gildong=洪^吉洞=홍^길동"},
      {"charset/chrJapMulti.dcm", "やまだ^たろう"},
      {"charset/chrRuss.dcm", "Люкceмбypг"},
      {"charset/chrSQEncoding.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
      {"charset/chrSQEncoding1.dcm", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
      {"charset/chrX1.dcm", "Wang^XiaoDong=王^小東="},
      {"charset/chrX2.dcm", "Wang^XiaoDong=王^小东="},
      {"charset/mr_utf8_parity.dcm", "PARIDADE^São"},
  };
  for (const auto& [file, name] : expected) {
    CAPTURE(file);
    CHECK(patient_name(file) == name);
  }
}

TEST_CASE("text without a declared set is ISO-IR 6, and nothing else is guessed") {
  CHECK(decode("", "plain") == "plain");
  CHECK_FALSE(decode("", "J\xE9r\xF4me"));
  CHECK_FALSE(CharacterSet::parse("ISO_IR 999"));
  CHECK_FALSE(CharacterSet::parse("latin1"));
  CHECK_FALSE(CharacterSet::parse("ISO_IR 192\\ISO 2022 IR 87"));
  CHECK_FALSE(CharacterSet::parse("ISO 2022 IR 100\\GB18030"));
}

TEST_CASE("every single-byte set of PS3.3 C.12.1.1.2 has its own characters") {
  CHECK(decode("ISO_IR 100", "\xE9") == "é");
  CHECK(decode("ISO_IR 101", "\xB1") == "ą");
  CHECK(decode("ISO_IR 109", "\xA1") == "Ħ");
  CHECK(decode("ISO_IR 110", "\xA2") == "ĸ");
  CHECK(decode("ISO_IR 144", "\xB1") == "Б");
  CHECK(decode("ISO_IR 127", "\xC8") == "ب");
  CHECK(decode("ISO_IR 126", "\xE1") == "α");
  CHECK(decode("ISO_IR 138", "\xE0") == "א");
  CHECK(decode("ISO_IR 148", "\xFD") == "ı");
  CHECK(decode("ISO_IR 203", "\xA4") == "€");
  CHECK(decode("ISO_IR 166", "\xA1") == "ก");
  CHECK(decode("ISO_IR 13", "\xD4") == "ﾔ");
  CHECK(decode("ISO 2022 IR 100", "\xE9") == "é");
}

TEST_CASE("bytes that the declared set does not have are not determinable") {
  CHECK_FALSE(decode("ISO_IR 192", "\xC3("));
  CHECK_FALSE(decode("ISO_IR 192", "\xC0\xAF"));
  CHECK_FALSE(decode("ISO_IR 192", "\xED\xA0\x80"));
  CHECK_FALSE(decode("ISO_IR 100", "\x93quoted\x94"));
  CHECK_FALSE(decode("ISO_IR 127", "\xA1"));
  CHECK_FALSE(decode("GB18030", "\x81"));
  CHECK_FALSE(decode("GBK", "\xFF\xFF"));
  CHECK_FALSE(decode("ISO 2022 IR 100", "\x1B$B;3"));
  CHECK_FALSE(decode("ISO_IR 100", "\x1B-A\xE9"));
  CHECK_FALSE(decode("\\ISO 2022 IR 87", "\x1B$B;"));
  CHECK_FALSE(decode("\\ISO 2022 IR 87", "\x1B?x"));
  CHECK_FALSE(decode("\\ISO 2022 IR 149", "\xFB\xF3"));
  CHECK_FALSE(decode("ISO_IR 192", "\xC3\xA9", Vr::cs));
}

TEST_CASE("GB18030 and GBK: a backslash or a caret may be half a character") {
  // 昞 is 95 5C in GBK.
  const auto set = CharacterSet::parse("GBK");
  REQUIRE(set.has_value());
  const auto values = set->decode_values(bytes_of("\x95\\\\two"), Vr::lo);
  REQUIRE(values.has_value());
  REQUIRE(values->size() == 2);
  CHECK((*values)[0] == "昞");
  CHECK((*values)[1] == "two");
  CHECK_FALSE(set->is_ascii_transparent());
  CHECK(decode("GB18030", "\xCD\xF5^\xD0\xA1", Vr::pn) == "王^小");
  CHECK(encode("GB18030", "王^小", Vr::pn) == "\xCD\xF5^\xD0\xA1");
  CHECK(encode("GB18030", "𠀀") == "\x95\x32\x82\x36");
  CHECK_FALSE(encode("GBK", "𠀀"));
}

TEST_CASE("ISO 2022: sets end at delimiters, kanji bytes that look like delimiters do not") {
  // 表 is JIS X 0208 49 3D: the second byte is "=".
  CHECK(decode("\\ISO 2022 IR 87", "\x1B$BI=\x1B(B^x", Vr::pn) == "表^x");
  CHECK(encode("\\ISO 2022 IR 87", "表^x", Vr::pn) == "\x1B$BI=\x1B(B^x");
  CHECK(decode("\\ISO 2022 IR 159", "\x1B$(D0!\x1B(B") == "丂");
  CHECK(encode("\\ISO 2022 IR 159", "丂") == "\x1B$(D0!\x1B(B");
  CHECK(decode("\\ISO 2022 IR 58", "\x1B$)A\xCD\xF5^\x1B$)A\xD0\xA1", Vr::pn) == "王^小");
  CHECK(encode("\\ISO 2022 IR 58", "王^小", Vr::pn) == "\x1B$)A\xCD\xF5^\x1B$)A\xD0\xA1");
  // After ^ the Korean set is no longer designated.
  CHECK_FALSE(decode("\\ISO 2022 IR 149", "\x1B$)C\xFB\xF3^\xD1\xCE", Vr::pn));
  CHECK(decode("ISO 2022 IR 100\\ISO 2022 IR 144", "\xE9\x1B-L\xB1") == "éБ");
  CHECK(encode("ISO 2022 IR 100\\ISO 2022 IR 144", "éБ") == "\xE9\x1B-L\xB1");
}

TEST_CASE("ISO_IR 13: 5CH separates values, or is a yen sign where there is one value") {
  const auto set = CharacterSet::parse("ISO_IR 13");
  REQUIRE(set.has_value());
  CHECK(set->decode_values(bytes_of("a\\b"), Vr::lo)->size() == 2);
  CHECK(set->decode(bytes_of("\\5~"), Vr::lt) == "¥5‾");
  CHECK(encode("ISO_IR 13", "¥5‾", Vr::lt) == "\\5~");
  CHECK_FALSE(encode("ISO_IR 13", "~"));
}

TEST_CASE("what a set cannot write is said, not replaced") {
  CHECK_FALSE(encode("", "é"));
  CHECK_FALSE(encode("ISO_IR 100", "王"));
  CHECK_FALSE(encode("ISO_IR 144", "é"));
  CHECK(encode("ISO_IR 192", "é王") == "é王");
  CHECK(encode("ISO_IR 100", "é") == "\xE9");
  CHECK_FALSE(encode("ISO_IR 192", "é", Vr::cs));
  CHECK_FALSE(encode("ISO_IR 192", "\xFF"));
}

TEST_CASE("values are split and trimmed as their VR allows") {
  const CharacterSet ascii;
  CHECK(*ascii.decode_values(bytes_of(" a \\ b\\"), Vr::lo) == std::vector<std::string>{"a", "b", ""});
  CHECK(ascii.decode_values(bytes_of("  "), Vr::lo)->empty());
  CHECK(*ascii.decode_values(bytes_of("  a\\b "), Vr::lt) == std::vector<std::string>{"  a\\b"});
}
