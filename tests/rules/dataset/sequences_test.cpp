#include "rules/dataset/data_set.h"
#include "tests/rules/dataset/byte_builder.h"
#include "tests/rules/dataset/real_files.h"

#include <doctest/doctest.h>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

constexpr std::uint32_t patient_id = 0x00100020;
constexpr std::uint32_t other_ids = 0x00101002;

void check_nested_id(const DataSet& data_set, Tag sequence, std::string_view id) {
  const Element* element = data_set.elements.find(sequence);
  REQUIRE(element != nullptr);
  REQUIRE(element->is_sequence());
  REQUIRE(element->items().size() == 1);
  const Element* nested = element->items()[0].elements.find(Tag(patient_id));
  REQUIRE(nested != nullptr);
  CHECK(nested->text() == id);
  CHECK(nested->vr() == Vr::lo);
}

}  // namespace

TEST_CASE("PS3.5 6.2.2: VR UN of undefined length holds implicit items") {
  ByteBuilder builder;
  builder.explicit_header(other_ids, "UN", no_length).item(no_length);
  builder.implicit_element(patient_id, "SECRET").item_end().sequence_end();
  const auto data_set = parse(builder.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  CHECK(data_set->anomalies.empty());
  check_nested_id(*data_set, Tag(other_ids), "SECRET");
  CHECK(data_set->elements.find(Tag(other_ids))->vr() == Vr::sq);
  CHECK(data_set->elements.find(Tag(other_ids))->encoded_vr() == Vr::un);
  CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
}

TEST_CASE("VR UN of defined length with a known sequence is opened, implicit as well as explicit inside") {
  const std::string implicit = ByteBuilder().implicit_element(patient_id, "SECRET").string();
  const std::string is_explicit = ByteBuilder().explicit_element(patient_id, "LO", "SECRET").string();
  for (const std::string& inside : {implicit, is_explicit}) {
    ByteBuilder builder;
    builder.explicit_header(other_ids, "UN", static_cast<std::uint32_t>(inside.size() + 8));
    builder.item(static_cast<std::uint32_t>(inside.size())).text(inside);
    const auto data_set = parse(builder.bytes(), explicit_little());
    REQUIRE(data_set.has_value());
    CHECK_FALSE(data_set->fatal);
    check_nested_id(*data_set, Tag(other_ids), "SECRET");
    CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
  }
}

TEST_CASE("VR UN with a known public attribute has the dictionary's VR, and stays UN on the wire") {
  ByteBuilder builder;
  builder.explicit_element(patient_id, "UN", "SECRET");
  const auto data_set = parse(builder.bytes(), explicit_little());
  REQUIRE(data_set.has_value());
  const Element* element = data_set->elements.find(Tag(patient_id));
  CHECK(element->vr() == Vr::lo);
  CHECK(element->encoded_vr() == Vr::un);
  CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
}

TEST_CASE("a sequence written as OB or LO is opened when it holds items, else fatal") {
  const std::string inside = ByteBuilder().explicit_element(patient_id, "LO", "SECRET").string();
  for (const std::string_view vr : {"OB", "LO"}) {
    ByteBuilder builder;
    builder.explicit_header(other_ids, vr, static_cast<std::uint32_t>(inside.size() + 8));
    builder.item(static_cast<std::uint32_t>(inside.size())).text(inside);
    const auto data_set = parse(builder.bytes(), explicit_little());
    REQUIRE(data_set.has_value());
    CHECK(has(*data_set, AnomalyKind::sequence_as_other_vr, Severity::tolerable));
    CHECK_FALSE(data_set->fatal);
    check_nested_id(*data_set, Tag(other_ids), "SECRET");
    CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
  }
  const auto bytes =
      parse(ByteBuilder().explicit_element(other_ids, "OB", "SECRET").bytes(), explicit_little());
  REQUIRE(bytes.has_value());
  CHECK(bytes->fatal);
}

TEST_CASE("OB of undefined length: items of elements are a sequence, fragments stay fragments") {
  ByteBuilder items;
  items.explicit_header(other_ids, "OB", no_length).item(no_length);
  items.explicit_element(patient_id, "LO", "SECRET").item_end().sequence_end();
  const auto sequence = parse(items.bytes(), explicit_little());
  REQUIRE(sequence.has_value());
  check_nested_id(*sequence, Tag(other_ids), "SECRET");
  CHECK(joined(*write(*sequence), items.bytes()) == items.bytes());

  ByteBuilder builder;
  builder.explicit_element(0x00090010, "LO", "ACME");
  builder.explicit_header(0x00091001, "OB", no_length)
      .item(0)
      .item(10)
      .text("\xFF\xD8 jpeg..\xFF")
      .sequence_end();
  builder.explicit_element(patient_id, "LO", "ID");
  const auto fragments = parse(builder.bytes(), explicit_little());
  REQUIRE(fragments.has_value());
  CHECK_FALSE(fragments->fatal);
  CHECK(fragments->elements.find(Tag(0x00091001))->content() == Content::fragments);
  CHECK(joined(*write(*fragments), builder.bytes()) == builder.bytes());
}

TEST_CASE("private sequences: of undefined length opened, of defined length in implicit VR on demand") {
  ByteBuilder builder;
  const std::string inside = ByteBuilder().implicit_element(patient_id, "SECRET").string();
  builder.implicit_element(0x00090010, "ACME");
  builder.tag(0x00091001).u32(no_length).item(no_length).text(inside).item_end().sequence_end();
  builder.tag(0x00091002).u32(static_cast<std::uint32_t>(inside.size() + 8));
  builder.item(static_cast<std::uint32_t>(inside.size())).text(inside);
  builder.implicit_element(0x00091003, "no sequence ");
  auto data_set = parse(builder.bytes(), implicit_little());
  REQUIRE(data_set.has_value());
  CHECK(data_set->anomalies.empty());
  check_nested_id(*data_set, Tag(0x00091001), "SECRET");
  Element* closed = data_set->elements.find(Tag(0x00091002));
  CHECK(closed->content() == Content::bytes);
  CHECK(closed->vr() == Vr::un);
  REQUIRE(open_as_sequence(*closed));
  check_nested_id(*data_set, Tag(0x00091002), "SECRET");
  CHECK_FALSE(open_as_sequence(*data_set->elements.find(Tag(0x00091003))));
  CHECK(data_set->elements.creator_of(Tag(0x00091001)) == "ACME");
  CHECK(data_set->elements.find_private(Tag(0x0009, 0x0003), "ACME")->text() == "no sequence");
  CHECK(data_set->elements.find_private(Tag(0x0009, 0x0003), "ACM") == nullptr);
  CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
}

TEST_CASE("real nested private sequences in implicit VR") {
  const auto file = read_file(data_directory() / "private_seq/nested_priv_SQ.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  const Element* outer = data_set->elements.find(Tag(0x0001, 0x0001));
  REQUIRE(outer->is_sequence());
  const Element* inner = outer->items().at(0).elements.find(Tag(0x0001, 0x0001));
  REQUIRE(inner != nullptr);
  CHECK(inner->is_sequence());
}

TEST_CASE("a real sequence as UN, with its content") {
  const auto file = read_file(data_directory() / "private_seq/UN_sequence.dcm");
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  const auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax);
  REQUIRE(data_set.has_value());
  const Element* sequence = data_set->elements.find(Tag(0x4453, 0x100C));
  REQUIRE(sequence->is_sequence());
  // dcmdump: (0008,1155) of each of two items inside (0008,1115).
  CHECK_FALSE(sequence->items().empty());
}
