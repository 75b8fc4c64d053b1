#include "rules/dataset/data_set.h"
#include "tests/rules/dataset/byte_builder.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::test;

namespace {

constexpr std::uint32_t patient_id = 0x00100020;
constexpr std::uint32_t patient_name = 0x00100010;
constexpr std::uint32_t other_ids = 0x00101002;
constexpr std::uint32_t rows = 0x00280010;

Result<DataSet> parse_explicit(const ByteBuilder& builder, const Limits& limits = {}) {
  return parse(builder.bytes(), explicit_little(), limits);
}

}  // namespace

TEST_CASE("nothing at all, and bytes that are no element, fail") {
  CHECK(parse({}, explicit_little()).error().code == Errc::malformed_dataset);
  CHECK_FALSE(parse_explicit(ByteBuilder().text("plain text, no data set")).has_value());
  CHECK_FALSE(parse(ByteBuilder().text("seven b").bytes(), implicit_little()).has_value());
}

TEST_CASE("10 000 nested sequences exceed the depth, in explicit and implicit VR") {
  ByteBuilder explicit_bomb;
  ByteBuilder implicit_bomb;
  ByteBuilder un_bomb;
  for (int level = 0; level < 10'000; ++level) {
    explicit_bomb.explicit_header(other_ids, "SQ", no_length).item(no_length);
    implicit_bomb.tag(other_ids).u32(no_length).item(no_length);
    un_bomb.explicit_header(0x00091001, "UN", no_length).item(no_length);
  }
  CHECK(parse_explicit(explicit_bomb).error().code == Errc::limit_exceeded);
  CHECK(parse(implicit_bomb.bytes(), implicit_little()).error().code == Errc::limit_exceeded);
  // Items of UN are implicit: explicit ones are a guess that need not come out, as long as that is said.
  const auto un = parse_explicit(un_bomb);
  CHECK((!un.has_value() || un->fatal));
  Limits generous;
  generous.max_depth = 1'000'000;
  CHECK(parse_explicit(explicit_bomb, generous).error().code == Errc::limit_exceeded);
}

TEST_CASE("32 nested sequences are read, 33 are not") {
  for (const int depth : {32, 33}) {
    ByteBuilder builder;
    for (int level = 0; level < depth; ++level) {
      builder.explicit_header(other_ids, "SQ", no_length).item(no_length);
    }
    for (int level = 0; level < depth; ++level) builder.item_end().sequence_end();
    const auto data_set = parse_explicit(builder);
    CHECK(data_set.has_value() == (depth == 32));
    if (data_set) CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
  }
}

TEST_CASE("three million tiny items exceed the number of elements, quickly") {
  ByteBuilder builder;
  builder.explicit_header(other_ids, "SQ", no_length);
  for (int i = 0; i < 3'000'000; ++i) builder.item(0);
  builder.sequence_end();
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_explicit(builder).error().code == Errc::limit_exceeded);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("lengths that the bytes do not have are found before anything is taken") {
  // Top level: nothing behind it can be trusted.
  const auto top = parse_explicit(ByteBuilder()
                                      .explicit_element(0x00080060, "CS", "CT")
                                      .explicit_header(0x00080070, "UT", 0xFFFFFFF0)
                                      .text("x"));
  REQUIRE(top.has_value());
  CHECK(top->fatal);
  CHECK_FALSE(top->complete);
  CHECK(has(*top, AnomalyKind::truncated, Severity::fatal));
  CHECK(write(*top).error().code == Errc::malformed_dataset);
}

TEST_CASE("a value that overruns its item makes the sequence unreadable, what follows is read") {
  const std::string inside = ByteBuilder().explicit_header(patient_id, "LO", 400).text("SECRET").string();
  ByteBuilder builder;
  builder.explicit_header(other_ids, "SQ", static_cast<std::uint32_t>(inside.size() + 8));
  builder.item(static_cast<std::uint32_t>(inside.size())).text(inside);
  builder.explicit_element(rows, "US", std::string("\1\0", 2));
  const auto data_set = parse_explicit(builder);
  REQUIRE(data_set.has_value());
  CHECK(data_set->fatal);
  CHECK(data_set->complete);
  CHECK(has(*data_set, AnomalyKind::value_overrun, Severity::fatal));
  CHECK(has(*data_set, AnomalyKind::unreadable_sequence, Severity::fatal));
  CHECK(data_set->elements.find(Tag(other_ids))->content() == Content::unreadable_items);
  CHECK(data_set->elements.find(Tag(rows)) != nullptr);
  CHECK(data_set->anomalies.front().path == "(0010,1002)[0].(0010,0020)");
  CHECK(joined(*write(*data_set), builder.bytes()) == builder.bytes());
}

TEST_CASE("an item that overruns its sequence is not followed") {
  ByteBuilder builder;
  builder.explicit_header(other_ids, "SQ", 8).item(20).explicit_element(patient_id, "LO", "ABCDEFGHIJKL");
  const auto data_set = parse_explicit(builder);
  REQUIRE(data_set.has_value());
  CHECK(data_set->fatal);
  CHECK(has(*data_set, AnomalyKind::item_overrun, Severity::fatal));
}

TEST_CASE("an under-declared length makes elements that are out of order or have no VR") {
  // The value says 4, the bytes are 12: the rest is read as an element.
  const auto data_set = parse_explicit(ByteBuilder()
                                           .explicit_header(patient_id, "LO", 4)
                                           .text("MRN-SECRET12")
                                           .explicit_element(rows, "US", std::string("\1\0", 2)));
  REQUIRE(data_set.has_value());
  CHECK(data_set->fatal);
}

TEST_CASE("an over-declared length that swallows the next element") {
  // Nothing in the structure shows that; the swallowed bytes are inside a value that the table must clean.
  const std::string next = ByteBuilder().explicit_element(patient_id, "LO", "SECRET").string();
  const auto data_set =
      parse_explicit(ByteBuilder()
                         .explicit_header(patient_name, "PN", static_cast<std::uint32_t>(4 + next.size()))
                         .text("A^B ")
                         .text(next));
  REQUIRE(data_set.has_value());
  CHECK(data_set->elements.size() == 1);
}

TEST_CASE("PS3.5 7.1: tags ascend, each once") {
  const auto order = parse_explicit(
      ByteBuilder().explicit_element(patient_id, "LO", "ID").explicit_element(patient_name, "PN", "AB"));
  REQUIRE(order.has_value());
  CHECK(has(*order, AnomalyKind::tag_order, Severity::fatal));
  CHECK(order->elements.find(Tag(patient_name)) != nullptr);
  CHECK(order->elements.find(Tag(patient_id)) != nullptr);
  const auto twice = parse_explicit(
      ByteBuilder().explicit_element(patient_id, "LO", "ID").explicit_element(patient_id, "LO", "OD"));
  REQUIRE(twice.has_value());
  CHECK(has(*twice, AnomalyKind::duplicate_tag, Severity::fatal));
}

TEST_CASE("undefined VRs are fatal, two capital letters are read with a long length") {
  const auto letters = parse_explicit(ByteBuilder()
                                          .explicit_element(patient_id, "LO", "ID")
                                          .tag(0x00111001)
                                          .text("ZZ")
                                          .u16(0)
                                          .u32(2)
                                          .text("xy")
                                          .explicit_element(rows, "US", std::string("\1\0", 2)));
  REQUIRE(letters.has_value());
  CHECK(has(*letters, AnomalyKind::undefined_vr, Severity::fatal));
  CHECK(letters->complete);
  CHECK(letters->elements.size() == 3);
  const auto none =
      parse_explicit(ByteBuilder().explicit_element(patient_id, "LO", "ID").tag(rows).u32(2).text("xy"));
  REQUIRE(none.has_value());
  CHECK(has(*none, AnomalyKind::undefined_vr, Severity::fatal));
  CHECK_FALSE(none->complete);
}

TEST_CASE("sequences and items without end") {
  const auto item = parse_explicit(ByteBuilder()
                                       .explicit_header(other_ids, "SQ", no_length)
                                       .item(no_length)
                                       .explicit_element(patient_id, "LO", "ID"));
  REQUIRE(item.has_value());
  CHECK(has(*item, AnomalyKind::unterminated_sequence, Severity::fatal));
  CHECK_FALSE(item->complete);
  const auto sequence = parse_explicit(ByteBuilder().explicit_header(other_ids, "SQ", no_length));
  REQUIRE(sequence.has_value());
  CHECK(has(*sequence, AnomalyKind::unterminated_sequence, Severity::fatal));
}

TEST_CASE("trailing bytes: zeros are tolerable, others are not") {
  ByteBuilder zeros;
  zeros.explicit_element(patient_id, "LO", "ID").text(std::string(100, '\0'));
  const auto padded = parse_explicit(zeros);
  REQUIRE(padded.has_value());
  CHECK(has(*padded, AnomalyKind::trailing_zeros, Severity::tolerable));
  CHECK_FALSE(padded->fatal);
  CHECK(padded->complete);
  const auto bytes = parse_explicit(ByteBuilder().explicit_element(patient_id, "LO", "ID").text("SMITH"));
  REQUIRE(bytes.has_value());
  CHECK(has(*bytes, AnomalyKind::trailing_bytes, Severity::fatal));
  const auto more =
      parse_explicit(ByteBuilder().explicit_element(patient_id, "LO", "ID").text("SMITH^JOHN^AND^SO^ON"));
  REQUIRE(more.has_value());
  CHECK(more->fatal);
}

TEST_CASE("odd lengths and wrong group lengths are tolerable, and odd bytes are written as they came") {
  ByteBuilder odd;
  odd.explicit_element(patient_id, "LO", "ODD").explicit_element(rows, "US", std::string("\1\0", 2));
  const auto data_set = parse_explicit(odd);
  REQUIRE(data_set.has_value());
  CHECK(has(*data_set, AnomalyKind::odd_length, Severity::tolerable));
  CHECK_FALSE(data_set->fatal);
  CHECK(joined(*write(*data_set), odd.bytes()) == odd.bytes());

  const auto wrong = parse_explicit(ByteBuilder()
                                        .explicit_header(0x00100000, "UL", 4)
                                        .u32(999)
                                        .explicit_element(patient_id, "LO", "ID")
                                        .explicit_element(rows, "US", std::string("\1\0", 2)));
  REQUIRE(wrong.has_value());
  CHECK(has(*wrong, AnomalyKind::group_length_mismatch, Severity::tolerable));
  const auto right = parse_explicit(ByteBuilder()
                                        .explicit_header(0x00100000, "UL", 4)
                                        .u32(10)
                                        .explicit_element(patient_id, "LO", "ID")
                                        .explicit_element(rows, "US", std::string("\1\0", 2)));
  REQUIRE(right.has_value());
  CHECK(right->anomalies.empty());
}

TEST_CASE("command and meta elements do not belong in a data set") {
  const auto data_set = parse_explicit(
      ByteBuilder().explicit_element(0x00020010, "UI", "1.2 ").explicit_element(patient_id, "LO", "ID"));
  REQUIRE(data_set.has_value());
  CHECK(has(*data_set, AnomalyKind::command_or_meta_element, Severity::fatal));
}

TEST_CASE("limits on the header and on single values") {
  Limits limits;
  limits.max_value_bytes = 100;
  const auto builder = ByteBuilder().explicit_element(0x00204000, "LT", std::string(200, 'x'));
  CHECK(parse_explicit(builder, limits).error().code == Errc::limit_exceeded);
  limits.max_value_bytes = 1000;
  limits.max_header_bytes = 100;
  CHECK(parse_explicit(builder, limits).error().code == Errc::limit_exceeded);
  // Pixel data are neither.
  const auto pixels = ByteBuilder().explicit_element(0x7FE00010, "OW", std::string(2000, 'x'));
  CHECK(parse_explicit(pixels, limits).has_value());
}

TEST_CASE("no more anomalies are kept than the limit, but a fatal one is never lost") {
  ByteBuilder builder;
  for (int i = 0; i < 50; ++i)
    builder.explicit_element(0x00100020 + static_cast<std::uint32_t>(2 * i), "LO", "ODD");
  builder.explicit_element(patient_name, "PN", "AB");
  Limits limits;
  limits.max_anomalies = 10;
  const auto data_set = parse_explicit(builder, limits);
  REQUIRE(data_set.has_value());
  CHECK(data_set->anomalies.size() == 10);
  CHECK(data_set->fatal);
}

TEST_CASE("fragments that do not add up") {
  ByteBuilder builder;
  builder.explicit_header(0x7FE00010, "OB", no_length).item(0).item(100).text("short");
  const auto data_set = parse(builder.bytes(), *find_transfer_syntax("1.2.840.10008.1.2.4.70"));
  REQUIRE(data_set.has_value());
  CHECK(has(*data_set, AnomalyKind::fragments_unreadable, Severity::fatal));
  CHECK_FALSE(data_set->complete);
}
