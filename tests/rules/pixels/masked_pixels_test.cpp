#include "tests/rules/deidentify/support.h"
#include "tests/rules/pixels/upper_row_mask.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

DeidentificationRules masking() {
  DeidentificationRules rules = with({Option::clean_pixel_data});
  rules.masks = {upper_row_mask()};
  return rules;
}

std::string pixels_of(const Output& output) {
  const auto value = output.find(0x7FE00010)->value();
  return {value.begin(), value.end()};
}

}  // namespace

TEST_CASE("Every frame is blanked, and implicit VR stays implicit VR") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00280008, Vr::is, "3").set(0x7FE00010, Vr::ow, "aabbccddeeffgghhiijjkkll");
  const Output output = output_of(run(data_set.file(false), compiled(masking()), subject()));
  CHECK(output.result.transfer_syntax_uid == "1.2.840.10008.1.2");
  CHECK(pixels_of(output) == std::string("\0\0\0\0ccdd\0\0\0\0gghh\0\0\0\0kkll", 24));
}

TEST_CASE("Bytes behind the last frame do not leave with masked pixels") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x7FE00010, Vr::ow, "pixels!!Miller^Johanna");
  CHECK(pixels_of(output_of(run(data_set, masking()))) == std::string("\0\0\0\0ls!!", 8));
}

TEST_CASE("Odd lengths are padded") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_us(0x00280100, 8).set_us(0x00280101, 8).set_us(0x00280102, 7);
  data_set.set_us(0x00280011, 3).set_us(0x00280010, 1).set(0x7FE00010, Vr::ob, "abc");
  DeidentificationRules rules = masking();
  rules.masks[0].rows = 1;
  rules.masks[0].columns = 3;
  rules.masks[0].blank = {{1, 0, 1, 1}};
  CHECK(pixels_of(output_of(run(data_set, rules))) == std::string("a\0c\0", 4));
}

TEST_CASE("Pixels whose layout contradicts itself, or is not known, are held") {
  const auto held_with = [](std::uint32_t tag, std::uint16_t value) {
    TestDataSet data_set = TestDataSet::ct();
    data_set.set_us(tag, value);
    auto result = run(data_set, masking());
    const auto* held = std::get_if<Held>(&result);
    return held != nullptr &&
           (has_reason(*held, HoldReason::not_supported) || has_reason(*held, HoldReason::unreadable));
  };
  CHECK(held_with(0x00280100, 12));
  CHECK(held_with(0x00280100, 64));  // shorter than the header says
  CHECK(held_with(0x00280101, 17));
  CHECK(held_with(0x00280102, 16));
  CHECK(held_with(0x00280002, 4));
  CHECK(held_with(0x00280002, 3));  // MONOCHROME2
  TestDataSet many = TestDataSet::ct();
  many.set(0x00280008, Vr::is, "4000");
  CHECK(has_reason(held_of(run(many, masking())), HoldReason::unreadable));
  TestDataSet strange = TestDataSet::ct();
  strange.set(0x00280004, Vr::cs, "HSV");
  CHECK(has_reason(held_of(run(strange, masking())), HoldReason::not_supported));
}

TEST_CASE("PS3.3 C.7.6.1: what the header says about the pixels is put right") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_us(0x00280106, 7).set_us(0x00280107, 4000).set(0x00282110, Vr::cs, "01");
  const Output output = output_of(run(data_set, masking()));
  CHECK(output.text(0x00080008) == "DERIVED\\PRIMARY\\AXIAL");
  CHECK(output.text(0x00082111).find("blanked") != std::string::npos);
  CHECK(output.find(0x00280106) == nullptr);
  CHECK(output.find(0x00280107) == nullptr);
  CHECK(output.text(0x00282110) == "01");
  // Seven is the smallest value that the image had.
  CHECK(pixels_of(output) == std::string("\7\0\7\0ls!!", 8));
}

TEST_CASE("Failure mode 13: an icon goes, and one that a deviation keeps is blanked with the image") {
  const auto icon = ElementWriter()
                        .add_us(0x00280002, 1)
                        .add(0x00280004, Vr::cs, "MONOCHROME2")
                        .add_us(0x00280010, 4)
                        .add_us(0x00280011, 2)
                        .add_us(0x00280100, 8)
                        .add_us(0x00280101, 8)
                        .add_us(0x00280102, 7)
                        .add_us(0x00280103, 0)
                        .add(0x7FE00010, Vr::ob, "CANARYxy");
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_sequence(0x00880200, {icon});
  CHECK_FALSE(contains(output_of(run(data_set, masking())).bytes, "CANARY"));
  DeidentificationRules rules = masking();
  DeidentificationOverride& keep = rules.overrides.emplace_back();
  keep.attribute = "IconImageSequence";
  keep.action = OverrideAction::keep;
  keep.deviation = "readers need icons";
  const Output output = output_of(run(data_set, rules));
  CHECK_FALSE(contains(output.bytes, "CAN"));
  CHECK(contains(output.bytes, "RYxy"));
}

}  // namespace trialgate::rules::test
