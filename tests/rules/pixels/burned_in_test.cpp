#include "rules/pixels/burned_in_risk.h"
#include "rules/pixels/recognizable_features.h"
#include "tests/rules/deidentify/support.h"
#include "tests/rules/pixels/upper_row_mask.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

/// Device signatures are compared without case and padding.
PixelMask mask() {
  PixelMask mask = upper_row_mask();
  mask.id = "model-5";
  mask.model = "MODEL 5 ";
  return mask;
}

DeidentificationRules masking(const PixelMask& mask) {
  DeidentificationRules rules = with({Option::clean_pixel_data});
  rules.masks = {mask};
  return rules;
}

/// Held for text in the pixels when the data set has this in it.
TestDataSet screen_copy() {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080008, Vr::cs, "DERIVED\\SECONDARY\\SCREEN SAVE").set(0x00280301, Vr::cs, "YES");
  return data_set;
}

bool claims(const Output& output, std::string_view code) {
  return std::ranges::find(output.result.report.codes, code) != output.result.report.codes.end();
}

}  // namespace

TEST_CASE("PS3.15 E.3.1: no mask approved is held, whatever the options say") {
  CHECK(has_reason(held_of(run(screen_copy())), HoldReason::burned_in_risk));
  CHECK(
      has_reason(held_of(run(screen_copy(), with({Option::clean_pixel_data}))), HoldReason::burned_in_risk));
}

TEST_CASE("PS3.15 E.3.1: an approved mask lets the instance out, blank, marked and signed") {
  const Output output = output_of(run(screen_copy(), masking(mask())));
  const Element* pixels = output.find(0x7FE00010);
  REQUIRE(pixels != nullptr);
  CHECK(contains_bytes(pixels->value(), std::string_view("\0\0\0\0ls!!", 8)));
  CHECK(output.text(0x00280301) == "NO");
  CHECK(claims(output, "113101"));
  CHECK(std::ranges::any_of(output.result.report.attributes, [](const ReportedAttribute& attribute) {
    return attribute.path == "PixelData" &&
           attribute.rule == "mask model-5, approved by A. Reviewer on 2026-05-04";
  }));
}

TEST_CASE("PS3.15 E.3.1: pixels that nobody vetted are not claimed to be clean") {
  const Output output = output_of(run(TestDataSet::ct(), with({Option::clean_pixel_data})));
  CHECK(output.find(0x00280301) == nullptr);
  CHECK_FALSE(claims(output, "113101"));
  CHECK(claims(output, "113100"));
  PixelMask other = mask();
  other.model = "Model 6";
  CHECK_FALSE(claims(output_of(run(TestDataSet::ct(), masking(other))), "113101"));
}

TEST_CASE("A mask that blanks nothing says that somebody looked, and leaves the pixels where they are") {
  PixelMask nothing = mask();
  nothing.blank.clear();
  TestDataSet copy = screen_copy();
  copy.set(0x00280301, Vr::cs, "NO");
  const Output output = output_of(run(copy, masking(nothing)));
  CHECK(output.result.new_pixels == nullptr);
  CHECK(output.result.pixel_length == 8);
  CHECK(claims(output, "113101"));
  // The sender says otherwise.
  CHECK(has_reason(held_of(run(screen_copy(), masking(nothing))), HoldReason::burned_in_risk));
}

TEST_CASE("A known device with another size or software is held, even without another sign of text") {
  PixelMask larger = mask();
  larger.rows = 4;
  CHECK(has_reason(held_of(run(TestDataSet::ct(), masking(larger))), HoldReason::burned_in_risk));
  PixelMask newer = mask();
  newer.software = {"V7", "V8"};
  CHECK(has_reason(held_of(run(TestDataSet::ct(), masking(newer))), HoldReason::burned_in_risk));
  TestDataSet right = TestDataSet::ct();
  right.set(0x00181020, Vr::lo, "Base 1\\V8");
  CHECK(claims(output_of(run(right, masking(newer))), "113101"));
}

TEST_CASE("A mask is for its SOP class and its kind of image only") {
  PixelMask ultrasound = mask();
  ultrasound.sop_classes = {"1.2.840.10008.5.1.4.1.1.6.1"};
  CHECK(output_of(run(TestDataSet::ct(), masking(ultrasound))).result.new_pixels == nullptr);
  PixelMask screens = mask();
  screens.image_type = {"SCREEN SAVE"};
  CHECK(output_of(run(TestDataSet::ct(), masking(screens))).result.new_pixels == nullptr);
  CHECK(output_of(run(screen_copy(), masking(screens))).result.new_pixels != nullptr);
}

TEST_CASE("Masks that nobody approved, that reach over the edge or that contradict each other are mistakes") {
  const auto problems_with = [](auto change) {
    PixelMask changed = mask();
    change(changed);
    return validate_masks({changed}).size();
  };
  CHECK(validate_masks({mask()}).empty());
  CHECK(problems_with([](PixelMask& m) { m.approved_by.clear(); }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.approved_on.clear(); }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.manufacturer.clear(); }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.rows = 0; }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.blank[0].width = 3; }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.blank[0].left = 0xFFFFFFFF; }) == 1);
  CHECK(problems_with([](PixelMask& m) { m.blank[0].height = 0; }) == 1);
  PixelMask twin = mask();
  CHECK(validate_masks({mask(), twin}).size() == 1);
  twin.id = "another";
  CHECK(validate_masks({mask(), twin}).size() == 1);
  twin.columns = 3;
  CHECK(validate_masks({mask(), twin}).empty());
  DeidentificationRules rules;
  rules.masks = {mask()};
  CHECK(validate(rules).size() == 1);  // without the option
}

TEST_CASE("Masks survive the way to the worker, and change the hash of the rules") {
  PixelMask full = mask();
  full.software = {"V7"};
  full.image_type = {"SCREEN SAVE"};
  const DeidentificationRules rules = masking(full);
  CHECK(deidentification_rules_from_json(to_json(rules)).value() == rules);
  PixelMask other = full;
  other.blank[0].height = 2;
  CHECK(compiled(rules).sha256() != compiled(masking(other)).sha256());
}

TEST_CASE("Failure mode 14: overlays in unused bits go with a mask, and hold without one") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set_us(0x60000100, 16).set_us(0x60000102, 12);
  CHECK(has_reason(held_of(run(data_set)), HoldReason::overlay_in_pixels));
  const Output output = output_of(run(data_set, masking(mask())));
  // "pixels!!": the upper four bits of the second half's values go, 12 are stored.
  CHECK(contains_bytes(output.find(0x7FE00010)->value(), std::string_view("\0\0\0\0l\x03!\x01", 8)));
  CHECK(output.find(0x60000102) == nullptr);
}

TEST_CASE("Signs of dose pages, copies of localizers, digitizers and low depth") {
  const auto signs = [](std::uint32_t tag, Vr vr, std::string_view value) {
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(tag, vr, value);
    return has_reason(held_of(run(data_set)), HoldReason::burned_in_risk);
  };
  CHECK(signs(0x00080008, Vr::cs, "ORIGINAL\\PRIMARY\\OTHER\\CT_SOM5 PROT"));
  CHECK(signs(0x00080008, Vr::cs, "DERIVED\\PRIMARY\\LOCALIZER"));
  CHECK(signs(0x0008103E, Vr::lo, "Patient Protocol"));
  CHECK(signs(0x00080070, Vr::lo, "VIDAR Systems"));
  CHECK(signs(0x00081090, Vr::lo, "Film Digitizer"));
  CHECK(signs(0x00181012, Vr::da, "20260101"));
  CHECK(signs(0x00280101, Vr::us, std::string_view("\x08\0", 2)));
  CHECK(signs(0x00280004, Vr::cs, "PALETTE COLOR"));
  TestDataSet localizer = TestDataSet::ct();
  localizer.set(0x00080008, Vr::cs, "ORIGINAL\\PRIMARY\\LOCALIZER");
  (void)output_of(run(localizer));
}

TEST_CASE("PS3.15 E.3.2: recognizable features are found and held, never claimed to be gone") {
  const DeidentificationRules rules = with({Option::clean_recognizable_visual_features});
  const auto held_with = [&rules](std::uint32_t tag, Vr vr, std::string_view value) {
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(tag, vr, value);
    auto result = run(data_set, rules);
    const auto* held = std::get_if<Held>(&result);
    return held != nullptr && has_reason(*held, HoldReason::recognizable_features);
  };
  CHECK(held_with(0x00180015, Vr::cs, "HEAD"));
  CHECK(held_with(0x00180015, Vr::cs, "WHOLEBODY"));
  CHECK(held_with(0x0008103E, Vr::lo, "Sinus 2.0"));
  CHECK(held_with(0x00180050, Vr::ds, "2.5"));  // says nothing about the body
  TestDataSet chest = TestDataSet::ct();
  chest.set(0x00180015, Vr::cs, "CHEST").set(0x0008103E, Vr::lo, "early phase");
  const Output output = output_of(run(chest, rules));
  CHECK(output.find(0x00280302) == nullptr);
  CHECK_FALSE(claims(output, "113102"));
  chest.set(0x00280302, Vr::cs, "YES");
  CHECK(has_reason(held_of(run(chest, rules)), HoldReason::recognizable_features));
  TestDataSet head = TestDataSet::ct();
  head.set(0x00180015, Vr::cs, "HEAD");
  (void)output_of(run(head));  // the option was not chosen
}

}  // namespace trialgate::rules::test
