// Known ways in which de-identification fails, one test each. Structure, places that are forgotten, pixels.
#include "rules/dataset/values.h"
#include "rules/deidentify/dummy.h"
#include "rules/deidentify/sop_classes.h"
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

constexpr std::string_view secret = "KANARIENVOGEL";
constexpr std::string_view secret_name = "Kanarienvogel^Karl";
constexpr std::string_view old_uid = "1.2.826.0.1.3680043.9.1.555.1";

ElementWriter item() {
  return ElementWriter();
}

/// Explicit VR little endian elements of a CT that ends with `tail`, behind (0028,0103).
Bytes ct_with_tail(std::span<const std::uint8_t> tail) {
  TestDataSet data_set = TestDataSet::ct();
  data_set.erase(0x7FE00010);
  Bytes file = data_set.file();
  file.insert(file.end(), tail.begin(), tail.end());
  return file;
}

}  // namespace

TEST_CASE("Failure mode 1: references inside of sequences are mapped like those at the top") {
  TestDataSet data_set = TestDataSet::ct();
  ElementWriter deepest =
      item().add(0x00081150, Vr::ui, ct_class).add(0x00081155, Vr::ui, "1.2.826.0.1.3680043.9.1.100.1");
  ElementWriter middle = item().add_sequence(0x00081140, {deepest});
  data_set.set_sequence(0x00089215, {item().add_sequence(0x00082112, {middle})});  // DerivationCodeSequence
  const Output output = output_of(run(data_set));
  const Element* first = output.find(0x00089215)->items().front().elements.find(Tag(0x0008, 0x2112));
  REQUIRE(first != nullptr);
  const Element* second = first->items().front().elements.find(Tag(0x0008, 0x1140));
  REQUIRE(second != nullptr);
  const Element* reference = second->items().front().elements.find(Tag(0x0008, 0x1155));
  REQUIRE(reference != nullptr);
  CHECK(reference->text() == output.result.sop_instance_uid);
  CHECK(second->items().front().elements.find(Tag(0x0008, 0x1150))->text() == ct_class);
}

TEST_CASE("Failure mode 2: a sequence whose items cannot be enumerated is held, not passed through") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00400275, Vr::sq, std::string("not items: ") + std::string(secret));
  CHECK(
      has_reason(held_of(run(data_set.file(true), compiled(), subject())), HoldReason::unreadable_sequence));
  CHECK(
      has_reason(held_of(run(data_set.file(false), compiled(), subject())), HoldReason::unreadable_sequence));
}

TEST_CASE("Failure mode 3: VR UN, and sequences under another VR, are what the dictionary says") {
  SUBCASE("a public attribute as UN") {
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x00081048, Vr::un, secret_name);
    const Output output = output_of(run(data_set));
    CHECK(output.find(0x00081048) == nullptr);
    CHECK_FALSE(contains(output.bytes, "Kanarienvogel"));
  }
  SUBCASE("a sequence as UN of defined length holds implicit VR") {
    ElementWriter inner(false);
    inner.add(0x00081048, Vr::pn, secret_name);
    ElementWriter wrapped(false);
    wrapped.add_sequence(0x00400275, {inner});
    Bytes items(wrapped.bytes().begin() + 8, wrapped.bytes().end());
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x00400260, Vr::un, std::string(items.begin(), items.end()));
    const Output output = output_of(run(data_set));
    CHECK_FALSE(contains(output.bytes, "Kanarienvogel"));
  }
  SUBCASE("a sequence as OB") {
    ElementWriter wrapped;
    wrapped.add_sequence(0x00400275, {item().add(0x00081048, Vr::pn, secret_name)});
    Bytes items(wrapped.bytes().begin() + 12, wrapped.bytes().end());
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x00400260, Vr::ob, std::string(items.begin(), items.end()));
    auto result = run(data_set);
    if (const auto* output = std::get_if<Output>(&result))
      CHECK_FALSE(contains(output->bytes, "Kanarienvogel"));
  }
}

TEST_CASE("Failure mode 4: a wrong length that swallows its neighbour is held") {
  SUBCASE("too long") {
    ElementWriter tail;
    tail.add(0x00324000, Vr::lt, "x").add(0x00380010, Vr::lo, secret);
    Bytes bytes = tail.bytes();
    bytes[6] = 200;
    CHECK(has_reason(held_of(run(ct_with_tail(bytes), compiled(), subject())), HoldReason::anomaly));
  }
  SUBCASE("an item longer than its sequence") {
    ElementWriter tail;
    tail.add_sequence(0x00400275, {item().add(0x00400007, Vr::lo, "step")});
    tail.add(0x00404000, Vr::lo, secret);
    Bytes bytes = tail.bytes();
    bytes[16] = static_cast<std::uint8_t>(bytes[16] + 8);
    CHECK_FALSE(held_of(run(ct_with_tail(bytes), compiled(), subject())).causes.empty());
  }
  SUBCASE("too short: what follows has no VR") {
    ElementWriter tail;
    tail.add(0x00384000, Vr::lt, secret);
    Bytes bytes = tail.bytes();
    bytes[6] = 2;
    CHECK_FALSE(held_of(run(ct_with_tail(bytes), compiled(), subject())).causes.empty());
  }
}

TEST_CASE("Failure mode 5: truncated values and trailing bytes are held, trailing padding goes") {
  const Bytes whole = TestDataSet::ct().file();
  Bytes truncated(whole.begin(), whole.end() - 4);
  CHECK(has_reason(held_of(run(truncated, compiled(), subject())), HoldReason::anomaly));
  Bytes trailing = whole;
  for (const char c : secret) trailing.push_back(static_cast<std::uint8_t>(c));
  CHECK_FALSE(held_of(run(trailing, compiled(), subject())).causes.empty());
  TestDataSet padded = TestDataSet::ct();
  padded.set(0xFFFCFFFC, Vr::ob, secret);
  const Output output = output_of(run(padded));
  CHECK(output.find(0xFFFCFFFC) == nullptr);
  CHECK_FALSE(contains(output.bytes, secret));
}

TEST_CASE("Failure mode 6: group lengths and Length to End are dropped at every level") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080000, Vr::ul, std::string("\x10\0\0\0", 4));
  data_set.set(0x00080001, Vr::ul, std::string("\x10\0\0\0", 4));
  data_set.set_sequence(0x00089215, {item().add(0x00080000, Vr::ul, std::string("\x10\0\0\0", 4))});
  const Output output = output_of(run(data_set));
  CHECK(output.find(0x00080000) == nullptr);
  CHECK(output.find(0x00080001) == nullptr);
  CHECK(output.find(0x00089215)->items().front().elements.empty());
}

TEST_CASE("Failure mode 7: there is a dummy of every VR") {
  const Identity id = identity();
  for (int number = 0; number < static_cast<int>(Vr::unknown); ++number) {
    const auto vr = static_cast<Vr>(number);
    CAPTURE(to_string(vr));
    ElementList list;
    if (vr == Vr::sq) {
      Element sequence = Element::sequence(Tag(0x0040, 0x0275));
      append_item(list, sequence).elements.put(Element(Tag(0x0008, 0x0104), Vr::lo, secret));
      Element& element = list.put(std::move(sequence));
      replace_with_dummy(list, element, id);
      REQUIRE(element.items().size() == 1);
      CHECK(element.items().front().elements.empty());
      continue;
    }
    Element& element = list.put(Element(Tag(0x0008, 0x0104), vr, "KANARIENVOGEL.16"));
    replace_with_dummy(list, element, id);
    CHECK_FALSE(element.value().empty());
    CHECK(element.value().size() % std::max<std::size_t>(value_bytes(vr), 2) == 0);
    CHECK_FALSE(contains(element.value(), "KANARIEN"));
  }
}

TEST_CASE("Failure mode 8: safe private elements are known by creator and element within their item") {
  const auto rules = with({Option::retain_safe_private});
  TestDataSet data_set = TestDataSet::ct();
  // GEMS_PARM_01 (0043,xx39) is IS in the table, ELSCINT1 (00E1,xx21) DS.
  data_set.set(0x00E10012, Vr::lo, "ELSCINT1")
      .set(0x00E11221, Vr::ds, "12.5")
      .set(0x00E11222, Vr::ds, "13.5");
  data_set.set(0x00E30010, Vr::lo, "UNKNOWN CREATOR").set(0x00E31021, Vr::ds, "14.5");
  data_set.set(0x01E11026, Vr::cs, "NOCREATOR");
  data_set.set_sequence(0x00089215,
                        {item().add(0x00081150, Vr::ui, ct_class).add(0x00E11221, Vr::ds, "15.5")});
  const Output kept = output_of(run(data_set, rules));
  CHECK(kept.text(0x00E10012) == "ELSCINT1");
  CHECK(kept.text(0x00E11221) == "12.5");
  CHECK(kept.find(0x00E11222) == nullptr);
  CHECK(kept.find(0x00E30010) == nullptr);
  CHECK(kept.find(0x00E31021) == nullptr);
  CHECK(kept.find(0x01E11026) == nullptr);
  // The item does not inherit the reservation of the data set (PS3.5 §7.8.1).
  CHECK(kept.find(0x00089215)->items().front().elements.size() == 1);
  const Output without = output_of(run(data_set));
  CHECK(
      std::ranges::none_of(without.data_set.elements, [](const Element& e) { return e.tag().is_private(); }));
  // Text where the table promises a number does not pass.
  data_set.set(0x00E11221, Vr::ds, "Karl");
  CHECK(output_of(run(data_set, rules)).find(0x00E11221) == nullptr);
}

TEST_CASE(
    "Failure mode 8: of safe private elements codes stay, text is cleaned, UIDs mapped, items gone through") {
  const auto rules = with({Option::retain_safe_private});
  for (const bool explicit_vr : {true, false}) {
    CAPTURE(explicit_vr);
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x20010010, Vr::lo, "Philips Imaging DD 001")
        .set(0x2001100B, Vr::cs, "TRANSVERSAL")  // Image Plane Orientation
        .set(0x20011007, Vr::cs, "MRN12345")     // MR Image Type Edes
        .set(0x2001109D, Vr::lo, "Dr. Karl");    // Subtraction Type
    data_set.set(0x00430010, Vr::lo, "GEMS_PARM_01").set(0x00431027, Vr::sh, "/1.375:1");
    data_set.set(0x01290010, Vr::lo, "SIEMENS Ultrasound SC2000").set(0x01291002, Vr::ui, old_uid);
    // Stack Sequence (2001,xx5F) with an element that the item's own creator makes safe, and others.
    data_set.set_sequence(0x2001105F, {ElementWriter(explicit_vr)
                                           .add(0x00081048, Vr::pn, secret_name)
                                           .add(0x20010010, Vr::lo, "Philips Imaging DD 001")
                                           .add(0x2001102D, Vr::ss, std::string_view("\x15\0", 2))
                                           .add(0x20011199, Vr::lo, secret)});
    const Output output = output_of(run(data_set.file(explicit_vr), compiled(rules), subject()));
    CHECK(output.text(0x2001100B) == "TRANSVERSAL");
    CHECK(output.find(0x20011007) == nullptr);
    CHECK(output.find(0x2001109D) == nullptr);
    CHECK(output.text(0x00431027) == "/1.375:1");
    CHECK(output.text(0x01291002) == identity().new_uid(old_uid));
    REQUIRE(output.find(0x2001105F) != nullptr);
    Element sequence = *output.find(0x2001105F);
    REQUIRE((sequence.is_sequence() || open_as_sequence(sequence)));
    const ElementList& item = sequence.items().front().elements;
    CHECK(item.size() == 2);
    CHECK(item.find(Tag(0x2001, 0x102D)) != nullptr);
    CHECK_FALSE(contains(output.bytes, secret));
    CHECK_FALSE(contains(output.bytes, "anarienvogel"));
  }
}

TEST_CASE("Failure mode 9: a DICOMDIR is held") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080016, Vr::ui, "1.2.840.10008.1.3.10");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::sop_class_without_rule));
}

TEST_CASE("Failure mode 10: nothing of preamble and file meta information is taken over") {
  ElementWriter meta;
  Bytes file = TestDataSet::ct().file();
  for (std::size_t i = 0; i < 128; ++i) file[i] = static_cast<std::uint8_t>(secret[i % secret.size()]);
  const Output output = output_of(run(file, compiled(), subject()));
  CHECK(output.result.prefix[0] == 0x08);
  CHECK(output.result.prefix[1] == 0x00);
  CHECK_FALSE(contains(output.bytes, secret));
  CHECK(output.result.sop_instance_uid == output.text(0x00080018));
  CHECK(output.result.sop_instance_uid != output.result.source_sop_instance_uid);
  CHECK(output.find(0x00020003) == nullptr);
}

TEST_CASE(
    "Failure mode 11: original, modified and encrypted attributes go, contributing equipment is cleaned") {
  TestDataSet data_set = TestDataSet::ct();
  const ElementWriter named = item().add(0x00100010, Vr::pn, secret_name);
  for (const std::uint32_t tag : {0x04000500U, 0x04000550U, 0x04000551U, 0x04000561U, 0x4FFE0001U}) {
    data_set.set_sequence(tag, {named});
  }
  data_set.set_sequence(0x0018A001, {item()
                                         .add(0x00080070, Vr::lo, "Example Scanners")
                                         .add(0x00080080, Vr::lo, secret)
                                         .add(0x00081010, Vr::sh, "STATION77")
                                         .add(0x00081070, Vr::pn, secret_name)
                                         .add(0x0018A002, Vr::dt, "20260302")});
  const Output output = output_of(run(data_set));
  for (const std::uint32_t tag : {0x04000500U, 0x04000550U, 0x04000551U, 0x04000561U, 0x4FFE0001U}) {
    CHECK(output.find(tag) == nullptr);
  }
  REQUIRE(output.find(0x0018A001) != nullptr);
  const ElementList& equipment = output.find(0x0018A001)->items().front().elements;
  CHECK(equipment.find(Tag(0x0008, 0x0070))->text() == "Example Scanners");
  CHECK(equipment.find(Tag(0x0008, 0x1070)) == nullptr);
  CHECK_FALSE(contains(output.bytes, secret));
}

TEST_CASE("Failure mode 12: digital signatures go") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_sequence(0xFFFAFFFA,
                        {item().add(0x04000100, Vr::ui, old_uid).add(0x04000115, Vr::ob, secret)});
  const Output output = output_of(run(data_set));
  CHECK(output.find(0xFFFAFFFA) == nullptr);
  CHECK_FALSE(contains(output.bytes, secret));
}

TEST_CASE("Failure mode 13: the icon goes, it shows what the pixels show") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_sequence(0x00880200, {item().add(0x7FE00010, Vr::ow, secret)});
  const Output output = output_of(run(data_set));
  CHECK(output.find(0x00880200) == nullptr);
  CHECK_FALSE(contains(output.bytes, secret));
}

TEST_CASE("Failure mode 14: overlays and curves go with their whole group, overlays in the pixels are held") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_us(0x60000010, 2).set_us(0x60000011, 2).set_us(0x60000100, 1).set_us(0x60000102, 0);
  data_set.set(0x60001500, Vr::lo, secret).set(0x60003000, Vr::ow, secret).set(0x60024000, Vr::lt, secret);
  data_set.set(0x50003000, Vr::ow, secret).set(0x501E0022, Vr::lo, secret);
  const Output output = output_of(run(data_set));
  CHECK(std::ranges::none_of(output.data_set.elements, [](const Element& element) {
    const unsigned group = element.tag().group();
    return (group >= 0x5000 && group < 0x5100) || (group >= 0x6000 && group < 0x6100);
  }));
  CHECK_FALSE(contains(output.bytes, secret));
  data_set.set_us(0x60000102, 12);
  CHECK(has_reason(held_of(run(data_set)), HoldReason::overlay_in_pixels));
}

TEST_CASE("Failure modes 15, 16: documents, reports, presentation states and key objects are held") {
  for (const std::string_view sop_class :
       {"1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.104.2", "1.2.840.10008.5.1.4.1.1.104.3",
        "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.88.59",
        "1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.8", "1.2.840.10008.5.1.4.1.1.66",
        "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.200.2"}) {
    CAPTURE(sop_class);
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x00080016, Vr::ui, sop_class);
    CHECK(has_reason(held_of(run(data_set)), HoldReason::sop_class_without_rule));
  }
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080016, Vr::ui, "1.3.12.2.1107.5.9.1");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::private_sop_class));
}

TEST_CASE("Failure mode 17: a name in free text goes with the text, or holds the instance where text stays") {
  TestDataSet data_set = TestDataSet::ct();
  for (const std::uint32_t tag : {0x00081030U, 0x0008103EU, 0x00181030U}) {
    data_set.set(tag, Vr::lo, "CT for Johanna Miller");
  }
  data_set.set(0x00204000, Vr::lt, "Miller, Johanna 1961-07-04");
  const Output output = output_of(run(data_set));
  CHECK_FALSE(contains(output.bytes, "Miller"));
  CHECK_FALSE(contains(output.bytes, "Johanna"));

  for (const char* text : {"B30f MILLER", "johannamiller", "m. Johanna"}) {
    CAPTURE(text);
    TestDataSet kept = TestDataSet::ct();
    kept.set(0x00181210, Vr::sh, text);  // ConvolutionKernel
    const Held held = held_of(run(kept));
    REQUIRE(has_reason(held, HoldReason::residual_value));
    CHECK(held.causes.front().path == "ConvolutionKernel");
    CHECK(held.causes.front().message.find("iller") == std::string::npos);
  }
  TestDataSet product = TestDataSet::ct();
  product.set(0x00081090, Vr::lo, "Aquilion ONE").set(0x00100010, Vr::pn, "SYNTHETIC^PATIENT ONE");
  CHECK(output_of(run(product)).text(0x00081090) == "Aquilion ONE");
  product.set(0x00081090, Vr::lo, "Scanner of ONE");
  CHECK(held_of(run(product)).causes.front().path == "ManufacturerModelName");
  // Software names itself as the author of what it makes.
  TestDataSet program = TestDataSet::ct();
  program.set(0x00700084, Vr::pn, "KARL").set(0x00080070, Vr::lo, "https://example.org/Karl/tool");
  CHECK(output_of(run(program)).text(0x00080070) == "https://example.org/Karl/tool");
  program.set(0x00080070, Vr::lo, "Tool of Karl");
  CHECK(held_of(run(program)).causes.front().path == "Manufacturer");
  program.set(0x00080070, Vr::lo, "https://example.org/Karl/tool").set(0x00081070, Vr::pn, "KARL");
  CHECK(held_of(run(program)).causes.front().path == "Manufacturer");
  TestDataSet code = TestDataSet::ct();
  code.set_sequence(0x00082218, {item()
                                     .add(0x00080100, Vr::sh, "X1")
                                     .add(0x00080102, Vr::sh, "99LOCAL")
                                     .add(0x00080104, Vr::lo, "Chest of Miller")});
  const Held held = held_of(run(code));
  CHECK(held.causes.front().path == "AnatomicRegionSequence.CodeMeaning");
}

TEST_CASE("Failure mode 18: UIDs outside of the table and outside of UI") {
  TestDataSet data_set = TestDataSet::ct();
  for (const std::uint32_t tag :
       {0x00081167U, 0x00083012U, 0x0018991EU, 0x00200242U, 0x00209312U, 0x00280304U}) {
    data_set.set(tag, Vr::ui, old_uid);
  }
  data_set.set(0x0008001A, Vr::ui, "1.2.3.4.5.6.7.8")
      .set(0x00081190, Vr::ur, "http://pacs.example/1.2.3.4.5");
  data_set.set(0x00200200, Vr::ui, "1.2.840.10008.1.4.1.1");
  const Output output = output_of(run(data_set));
  const std::string mapped = identity().new_uid(old_uid);
  for (const std::uint32_t tag :
       {0x00081167U, 0x00083012U, 0x0018991EU, 0x00200242U, 0x00209312U, 0x00280304U}) {
    CAPTURE(to_string(Tag(tag)));
    CHECK(output.text(tag) == mapped);
  }
  CHECK(output.text(0x0008001A) == "1.2.3.4.5.6.7.8");
  CHECK(output.find(0x00081190) == nullptr);
  CHECK(output.text(0x00200200) == "1.2.840.10008.1.4.1.1");

  TestDataSet kept = TestDataSet::ct();
  kept.set(0x00181160, Vr::sh, "WEDGE 1.2.826.0.1.3680043.9.1.100.1");
  CHECK(held_of(run(kept)).causes.front().path == "FilterType");
}

TEST_CASE("Failure mode 19: what the table does not list goes by its VR") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00100033, Vr::lo, "S36.7.4")
      .set(0x00100034, Vr::lo, "H8.1.1")
      .set(0x00100035, Vr::cs, "JAPANESE");
  data_set.set(0x00140102, Vr::da, "20250101")
      .set(0x00140103, Vr::tm, "101112")
      .set(0x00140104, Vr::pn, secret_name);
  data_set.set(0x0040A067, Vr::pn, secret_name)
      .set(0x0074100C, Vr::lo, secret)
      .set(0x0074100A, Vr::ur, "tel:555");
  data_set.set(0x0040A160, Vr::ut, secret);
  const Output output = output_of(run(data_set));
  for (const std::uint32_t tag : {0x00100033U, 0x00100034U, 0x00100035U, 0x00140102U, 0x00140103U,
                                  0x00140104U, 0x0040A067U, 0x0074100CU, 0x0074100AU}) {
    CAPTURE(to_string(Tag(tag)));
    CHECK(output.find(tag) == nullptr);
  }
  CHECK(output.text(0x0040A160) == "REMOVED");
}

TEST_CASE("Failure mode 20: attributes that no dictionary knows go, new ones are known") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00100FF0, Vr::lo, secret).set(0x00120FF2, Vr::un, secret).set(0x7FD00010, Vr::lo, secret);
  data_set.set_sequence(0x00100011, {item().add(0x00100012, Vr::lt, secret)});
  data_set.set(0x00102162, Vr::uc, secret);
  const Output output = output_of(run(data_set));
  CHECK_FALSE(contains(output.bytes, secret));
  for (const std::uint32_t tag : {0x00100FF0U, 0x00120FF2U, 0x7FD00010U, 0x00100011U, 0x00102162U}) {
    CAPTURE(to_string(Tag(tag)));
    CHECK(output.find(tag) == nullptr);
  }
}

TEST_CASE("Failure mode 21: what an encoder wrote beside the pixels is looked at") {
  const auto segment = [](char marker, std::string_view text) {
    std::string bytes = {'\xFF', marker, '\0', static_cast<char>(text.size() + 2)};
    return bytes + std::string(text);
  };
  const auto with_header = [&](const std::string& header) {
    std::string frame = "\xFF\xD8" + header + std::string("\xFF\xDA\0\2coded\xFF\xD9", 11);
    if (frame.size() % 2 != 0) frame += '\0';
    const auto item_of = [](std::string_view value) {
      std::string item("\xFE\xFF\x00\xE0", 4);
      item += static_cast<char>(value.size());
      return item + std::string(3, '\0') + std::string(value);
    };
    std::string value("\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF", 12);
    value += item_of("") + item_of(frame) + std::string("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
    TestDataSet data_set = TestDataSet::ct();
    data_set.erase(0x7FE00010);
    Bytes file = data_set.file();
    const auto view = parse_file(file);
    REQUIRE(view.has_value());
    Bytes elements(file.begin() + static_cast<std::ptrdiff_t>(view->data_set_offset), file.end());
    elements.insert(elements.end(), value.begin(), value.end());
    return part10(elements, "1.2.840.10008.1.2.4.50", ct_class, "1.2.826.0.1.3680043.9.1.100.1");
  };
  for (const std::string& header :
       {segment('\xFE', "scan of Miller"), segment('\xE1', std::string("Exif\0\0gps by Miller", 19)),
        segment('\xE1', "http://ns.adobe.com/xap/1.0/ Miller")}) {
    const Output output = output_of(run(with_header(header), compiled(), subject()));
    CHECK(output.result.new_pixels != nullptr);
    CHECK_FALSE(contains(output.bytes, "Miller"));
    CHECK(contains(output.bytes, "coded"));
  }
  // What decoders need stays, and then the pixels are the received bytes.
  const std::string jfif = segment('\xE0', std::string("JFIF\0\1\1\0\0\1\0\1\0\0", 14));
  CHECK(output_of(run(with_header(jfif), compiled(), subject())).result.new_pixels == nullptr);
  const std::string overlong("\xFF\xFE\x70\0ab", 6);
  CHECK(has_reason(held_of(run(with_header(overlong), compiled(), subject())), HoldReason::pixel_metadata));
}

TEST_CASE("Failure mode 22: signs of text in the pixels hold an instance") {
  const auto held_with = [](std::uint32_t tag, Vr vr, std::string_view value) {
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(tag, vr, value);
    auto result = run(data_set);
    const auto* held = std::get_if<Held>(&result);
    return held != nullptr && has_reason(*held, HoldReason::burned_in_risk);
  };
  CHECK(held_with(0x00280301, Vr::cs, "YES"));
  CHECK(held_with(0x00280301, Vr::cs, "MAYBE"));
  CHECK_FALSE(held_with(0x00280301, Vr::cs, "NO"));
  CHECK(held_with(0x00080008, Vr::cs, "DERIVED\\SECONDARY\\REFORMATTED"));
  CHECK(held_with(0x00080008, Vr::cs, "ORIGINAL\\PRIMARY\\SCREEN SAVE"));
  CHECK(held_with(0x00080008, Vr::cs, "ORIGINAL"));
  CHECK_FALSE(held_with(0x00080008, Vr::cs, "DERIVED\\PRIMARY\\AXIAL"));
  CHECK(held_with(0x0008103E, Vr::lo, "Dose Report"));
  CHECK(held_with(0x00181018, Vr::lo, "Frame grabber 3"));
  CHECK(held_with(0x00080064, Vr::cs, "WSD"));
  CHECK(held_with(0x00400310, Vr::st, "Total DLP 312 mGycm"));
  TestDataSet colour = TestDataSet::ct();
  colour.set_us(0x00280002, 3);
  CHECK(has_reason(held_of(run(colour)), HoldReason::burned_in_risk));
  for (const std::string_view sop_class :
       {"1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.7",
        "1.2.840.10008.5.1.4.1.1.7.4", "1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.77.1.1",
        "1.2.840.10008.5.1.4.1.1.77.1.5.1"}) {
    CHECK(sop_class_handling(sop_class) == SopClassHandling::burned_in_risk);
  }
}

TEST_CASE("Failure mode 23: a received NO is no evidence for a class that usually shows text") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080016, Vr::ui, "1.2.840.10008.5.1.4.1.1.6.1").set(0x00280301, Vr::cs, "NO");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::burned_in_risk));
  // And none is invented.
  CHECK(output_of(run(TestDataSet::ct())).find(0x00280301) == nullptr);
}

TEST_CASE("Failure mode 24: pixels are the received ones, byte for byte") {
  const Bytes file = TestDataSet::ct().file();
  const Output output = output_of(run(file, compiled(), subject()));
  CHECK(output.result.pixel_length == 8);
  const auto pixels = std::span(file).subspan(output.result.pixel_offset, output.result.pixel_length);
  CHECK(contains_bytes(pixels, "pixels!!"));
}

TEST_CASE("Failure mode 25: faces are not claimed to be unrecognisable") {
  const Output output = output_of(run(TestDataSet::ct()));
  CHECK(output.find(0x00280302) == nullptr);
  CHECK(std::ranges::find(output.result.report.codes, "113102") == output.result.report.codes.end());
}

}  // namespace trialgate::rules::test
