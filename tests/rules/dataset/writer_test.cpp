#include "rules/dataset/data_set.h"
#include "tests/rules/dataset/byte_builder.h"
#include "tests/rules/dataset/real_files.h"

#include <doctest/doctest.h>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

constexpr std::uint32_t patient_id = 0x00100020;
constexpr std::uint32_t other_ids = 0x00101002;
constexpr std::uint32_t pixels = 0x7FE00010;

ByteBuilder explicit_source() {
  const std::string inside = ByteBuilder().explicit_element(patient_id, "LO", "SECRET").string();
  ByteBuilder builder;
  builder.explicit_header(0x00100000, "UL", 4).u32(4).explicit_element(patient_id, "LO", "MRN1");
  builder.explicit_header(other_ids, "SQ", static_cast<std::uint32_t>(inside.size() + 8));
  builder.item(static_cast<std::uint32_t>(inside.size())).text(inside);
  builder.explicit_element(pixels, "OW", "PIXELS").explicit_element(0xFFFCFFFC, "OB", "padd");
  return builder;
}

}  // namespace

TEST_CASE("edited elements are written with new lengths, the pixels stay where they are") {
  const ByteBuilder source = explicit_source();
  auto data_set = parse(source.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  data_set->elements.find(Tag(patient_id))->replace("SUBJECT");
  data_set->elements.find(Tag(other_ids))->items()[0].elements.find(Tag(patient_id))->replace("A");
  data_set->elements.erase(Tag(0xFFFC, 0xFFFC));
  data_set->elements.put(Element(Tag(0x0012, 0x0062), Vr::cs, "YES"));
  const auto written = write(*data_set);
  REQUIRE(written.has_value());

  const std::string inside = ByteBuilder().explicit_element(patient_id, "LO", "A ").string();
  ByteBuilder expected;
  expected.explicit_element(patient_id, "LO", "SUBJECT ");
  expected.explicit_header(other_ids, "SQ", static_cast<std::uint32_t>(inside.size() + 8));
  expected.item(static_cast<std::uint32_t>(inside.size())).text(inside);
  expected.explicit_element(0x00120062, "CS", "YES ").explicit_element(pixels, "OW", "PIXELS");
  CHECK(joined(*written, source.bytes()) == expected.bytes());
  CHECK(written->pixel_length == 6);
  CHECK(written->suffix.empty());
}

TEST_CASE("new sequences get the encoding of the data set they are put into") {
  for (const bool is_explicit : {true, false}) {
    ByteBuilder source;
    if (is_explicit) {
      source.explicit_element(patient_id, "LO", "MRN1");
    } else {
      source.implicit_element(patient_id, "MRN1");
    }
    auto data_set = parse(source.bytes(), is_explicit ? explicit_little() : implicit_little());
    REQUIRE(data_set.has_value());
    Element sequence = Element::sequence(Tag(0x0012, 0x0064));
    Item& item = append_item(data_set->elements, sequence);
    item.elements.put(Element(Tag(0x0008, 0x0102), Vr::sh, "DCM"));
    item.elements.put(Element(Tag(0x0008, 0x0100), Vr::sh, "113100"));
    data_set->elements.put(std::move(sequence));
    const auto written = write(*data_set);
    REQUIRE(written.has_value());
    const auto again = parse(written->prefix, is_explicit ? explicit_little() : implicit_little());
    REQUIRE(again.has_value());
    CHECK(again->anomalies.empty());
    const Element* codes = again->elements.find(Tag(0x0012, 0x0064));
    REQUIRE(codes->is_sequence());
    CHECK(codes->items().at(0).elements.find(Tag(0x0008, 0x0100))->text() == "113100");
    CHECK(codes->items().at(0).elements.find(Tag(0x0008, 0x0102))->text() == "DCM");
  }
}

TEST_CASE("big endian stays big endian, and new numbers are written that way") {
  const auto file = read_file(data_directory() / "syntax/MR_small_bigendian.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto source = std::span(file).subspan(view->data_set_offset);
  auto data_set = parse(source, *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  const Encoding encoding = data_set->elements.encoding();
  CHECK(encoding == Encoding::explicit_big);
  data_set->elements.put(Element(Tag(0x0012, 0x0052), Vr::fd, encode_number(Vr::fd, -12.5, encoding)));
  Element sequence = Element::sequence(Tag(0x0012, 0x0083));
  Item& item = append_item(data_set->elements, sequence);
  item.elements.put(Element(Tag(0x0028, 0x0009), Vr::at, encode_integer(Vr::at, 0x00181063, encoding)));
  data_set->elements.put(std::move(sequence));
  const auto written = write(*data_set);
  REQUIRE(written.has_value());
  const auto output = joined(*written, source);
  const auto again = parse(output, *view->transfer_syntax);
  REQUIRE(again.has_value());
  CHECK_FALSE(again->fatal);
  CHECK(binary_number(*again->elements.find(Tag(0x0012, 0x0052))) == -12.5);
  const Element* nested = again->elements.find(Tag(0x0012, 0x0083));
  CHECK(binary_integer(*nested->items().at(0).elements.find(Tag(0x0028, 0x0009))) == 0x00181063);
}

TEST_CASE("replaced pixel data move into the prefix") {
  const ByteBuilder source = explicit_source();
  auto data_set = parse(source.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  data_set->elements.find(tags::pixel_data)->replace(std::vector<std::uint8_t>(8, 0));
  const auto written = write(*data_set);
  REQUIRE(written.has_value());
  CHECK(written->pixel_length == 0);
  const auto again = parse(written->prefix, explicit_little());
  REQUIRE(again.has_value());
  CHECK(again->pixel_data->length == 8);
  CHECK(again->elements.find(tags::trailing_padding) != nullptr);
}

TEST_CASE("a value too long for its header is refused") {
  auto data_set = parse(explicit_source().bytes(), explicit_little());
  const ByteBuilder source = explicit_source();
  data_set = parse(source.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  data_set->elements.find(Tag(patient_id))->replace(std::string(70'000, 'x'));
  CHECK(write(*data_set).error().code == Errc::unsupported);
}

TEST_CASE("clearing keeps a sequence a sequence") {
  const ByteBuilder source = explicit_source();
  auto data_set = parse(source.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  data_set->elements.find(Tag(other_ids))->clear();
  data_set->elements.find(Tag(patient_id))->clear();
  const auto output = joined(*write(*data_set), source.bytes());
  const auto again = parse(output, explicit_little());
  REQUIRE(again.has_value());
  CHECK(again->elements.find(Tag(other_ids))->is_sequence());
  CHECK(again->elements.find(Tag(other_ids))->items().empty());
  CHECK(again->elements.find(Tag(patient_id))->value().empty());
}
