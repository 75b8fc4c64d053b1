#include "rules/evaluate/condition.h"

#include "rules/evaluate/header_quantities.h"
#include "rules/evaluate/observe.h"
#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

const Property thickness{std::nullopt, "SliceThickness", true, "mm"};
const Property dose{std::nullopt, "KVP", true, "kV"};
const Property image_type{std::nullopt, "ImageType", false, ""};

Condition numbers(Operator op, std::vector<double> operands) {
  return {op, {"x"}, std::move(operands), std::nullopt};
}
Condition texts(Operator op, std::vector<std::string> operands) {
  return {op, std::move(operands), {}, std::nullopt};
}

/// The answer for an attribute with these values.
CheckResult answer(const Condition& condition, const Property& property, Values values) {
  InstanceRecord record = ct_slice(1, 0);
  set(record, property.attribute, std::move(values));
  return test_condition(condition, property, attribute_value(property, record));
}

CheckResult answer_absent(const Condition& condition, const Property& property) {
  InstanceRecord record = ct_slice(1, 0);
  unset(record, property.attribute);
  return test_condition(condition, property, attribute_value(property, record));
}

constexpr auto pass = CheckResult::pass;
constexpr auto fails = CheckResult::fail;
constexpr auto unknown = CheckResult::not_determinable;

}  // namespace

TEST_CASE("three-valued logic: all nine pairs") {
  CHECK(both(pass, pass) == pass);
  CHECK(both(pass, unknown) == unknown);
  CHECK(both(unknown, pass) == unknown);
  CHECK(both(unknown, unknown) == unknown);
  for (const auto other : {pass, fails, unknown}) {
    CHECK(both(fails, other) == fails);
    CHECK(both(other, fails) == fails);
    CHECK(either(pass, other) == pass);
    CHECK(either(other, pass) == pass);
  }
  CHECK(either(fails, fails) == fails);
  CHECK(either(fails, unknown) == unknown);
  CHECK(either(unknown, unknown) == unknown);
  CHECK(opposite(pass) == fails);
  CHECK(opposite(fails) == pass);
  CHECK(opposite(unknown) == unknown);
}

TEST_CASE("PS3.5 6.2: DS values are numbers whatever they look like") {
  for (const char* const text :
       {"5", "5.00000", " 5 ", "000005", "+5", "5.0E0", "0.5e1", "005.00000E+00", "5."}) {
    CAPTURE(text);
    CHECK(answer(numbers(Operator::max, {5.0}), thickness, {text}) == pass);
    CHECK(answer(numbers(Operator::min, {5.0}), thickness, {text}) == pass);
    CHECK(answer(numbers(Operator::equals, {5.0}), thickness, {text}) == pass);
    CHECK(answer(numbers(Operator::max, {4.9}), thickness, {text}) == fails);
    CHECK(answer(numbers(Operator::min, {5.1}), thickness, {text}) == fails);
  }
  CHECK(answer(numbers(Operator::equals, {140}), dose, {"000140"}) == pass);
}

TEST_CASE("millimetres are equal within 0.01, other numbers within a millionth") {
  CHECK(answer(numbers(Operator::max, {5.0}), thickness, {"5.009"}) == pass);
  CHECK(answer(numbers(Operator::max, {5.0}), thickness, {"5.011"}) == fails);
  CHECK(answer(numbers(Operator::min, {5.0}), thickness, {"4.991"}) == pass);
  CHECK(answer(numbers(Operator::min, {5.0}), thickness, {"4.989"}) == fails);
  CHECK(answer(numbers(Operator::max, {120}), dose, {"120.009"}) == fails);
  Condition loose = numbers(Operator::max, {100});
  loose.tolerance = Tolerance{10, true};
  CHECK(answer(loose, dose, {"109"}) == pass);
  CHECK(answer(loose, dose, {"111"}) == fails);
  Condition absolute = numbers(Operator::equals, {100});
  absolute.tolerance = Tolerance{5, false};
  CHECK(answer(absolute, dose, {"95"}) == pass);
  CHECK(answer(absolute, dose, {"94"}) == fails);
}

TEST_CASE("between holds both ends; one of and bounds need every value") {
  const Property spacing{std::nullopt, "PixelSpacing", true, "mm"};
  CHECK(answer(numbers(Operator::between, {3, 5}), thickness, {"3"}) == pass);
  CHECK(answer(numbers(Operator::between, {3, 5}), thickness, {"5"}) == pass);
  CHECK(answer(numbers(Operator::between, {3, 5}), thickness, {"2.9"}) == fails);
  CHECK(answer(numbers(Operator::between, {3, 5}), thickness, {"5.1"}) == fails);
  CHECK(answer(numbers(Operator::max, {1}), spacing, {"0.8", "1.2"}) == fails);
  CHECK(answer(numbers(Operator::max, {1}), spacing, {"0.8", "0.9"}) == pass);
  CHECK(answer(numbers(Operator::one_of, {100, 120}), dose, {"120"}) == pass);
  CHECK(answer(numbers(Operator::one_of, {100, 120}), dose, {"140"}) == fails);
}

TEST_CASE("texts are compared without case and padding") {
  const Values values{"ORIGINAL", "PRIMARY", "AXIAL"};
  CHECK(answer(texts(Operator::equals, {"original", "primary ", "axial"}), image_type, values) == pass);
  CHECK(answer(texts(Operator::equals, {"ORIGINAL"}), image_type, values) == fails);
  CHECK(answer(texts(Operator::contains, {"axi"}), image_type, values) == pass);
  CHECK(answer(texts(Operator::contains, {"LOCALIZER"}), image_type, values) == fails);
  CHECK(answer(texts(Operator::excludes, {"LOCALIZER"}), image_type, values) == pass);
  CHECK(answer(texts(Operator::excludes, {"AXIAL"}), image_type, values) == fails);
  CHECK(answer(texts(Operator::matches, {"orig.*"}), image_type, values) == pass);
  CHECK(answer(texts(Operator::matches, {"rig"}), image_type, values) == fails);
  CHECK(answer(texts(Operator::one_of, {"A", "AXIAL"}), image_type, {"AXIAL"}) == pass);
  CHECK(answer(texts(Operator::one_of, {"A", "B"}), image_type, {"AXIAL"}) == fails);
}

TEST_CASE("absent, empty and unreadable values pass no test and fail none") {
  for (const Operator op : {Operator::max, Operator::min, Operator::equals, Operator::one_of}) {
    CHECK(answer_absent(numbers(op, {5}), thickness) == unknown);
    CHECK(answer(numbers(op, {5}), thickness, {}) == unknown);
    CHECK(answer(numbers(op, {5}), thickness, {""}) == unknown);
    CHECK(answer(numbers(op, {5}), thickness, {"thin"}) == unknown);
    CHECK(answer(numbers(op, {5}), thickness, {"5 mm"}) == unknown);
  }
  CHECK(answer_absent(texts(Operator::contains, {"A"}), image_type) == unknown);
  CHECK(answer_absent(texts(Operator::excludes, {"A"}), image_type) == unknown);
  CHECK(answer_absent(texts(Operator::present, {}), image_type) == fails);
  CHECK(answer_absent(texts(Operator::absent, {}), image_type) == pass);
  CHECK(answer(texts(Operator::present, {}), image_type, {""}) == fails);
  CHECK(answer(texts(Operator::present, {}), image_type, {"A"}) == pass);
  CHECK(answer(texts(Operator::absent, {}), image_type, {"A"}) == fails);
}

TEST_CASE("an expression that explodes ends in no match") {
  std::string value(900, 'a');
  value += '!';
  CHECK(answer(texts(Operator::matches, {"(a+)+b"}), image_type, {value}) == fails);
  CHECK(answer(texts(Operator::matches, {".*"}), image_type, {std::string(5000, 'a')}) == fails);
}

TEST_CASE("contrast: agent, route and volume decide together") {
  struct {
    const char* agent;  // null: absent
    const char* route;
    const char* volume;
    const char* expected;  // empty: not determinable
  } const cases[] = {
      {"IOHEXOL", "IV", "100", "yes"},
      {"APPLIED", nullptr, nullptr, "yes"},
      {"CONTRAST", "", "", "yes"},
      {"NONE", nullptr, nullptr, "no"},
      {" none ", nullptr, nullptr, "no"},
      {"No", nullptr, nullptr, "no"},
      {"平扫", nullptr, nullptr, "no"},
      {"碘海醇", nullptr, nullptr, "yes"},
      {nullptr, nullptr, nullptr, ""},
      {"", nullptr, nullptr, ""},
      {"", "IV", "80", "yes"},
      {nullptr, "ORAL", "500", ""},
      {"ORAL", nullptr, nullptr, "no"},
      {"GASTROGRAFIN", "ORAL", "500", "no"},
      {"IOHEXOL", "Oral & IV", "100", "yes"},
      {"IOHEXOL", "IV", "0", ""},
      {"NONE", "IV", "100", ""},
      {"W/O", nullptr, nullptr, "no"},
  };
  for (const auto& expected : cases) {
    CAPTURE(expected.agent);
    CAPTURE(expected.volume);
    InstanceRecord record = ct_slice(1, 0);
    unset(record, "ContrastBolusAgent");
    if (expected.agent != nullptr) set(record, "ContrastBolusAgent", {expected.agent});
    if (expected.route != nullptr) set(record, "ContrastBolusRoute", {expected.route});
    if (expected.volume != nullptr) set(record, "ContrastBolusVolume", {expected.volume});
    CHECK(describe(contrast_given(record)) == expected.expected);
  }
  InstanceRecord enhanced = ct_slice(1, 0);
  unset(enhanced, "ContrastBolusAgent");
  set(enhanced, "ContrastBolusAgentSequence[0].CodeMeaning", {"Iohexol"});
  CHECK(describe(contrast_given(enhanced)) == "yes");
}

TEST_CASE("lossy compression shows in the flag, the ratio, the method or the transfer syntax") {
  InstanceRecord record = ct_slice(1, 0);
  CHECK(lossy_compression(record).state == Value::State::unknown);
  set(record, "LossyImageCompression", {"00"});
  CHECK(describe(lossy_compression(record)) == "no");
  set(record, "LossyImageCompressionRatio", {"12.5"});
  CHECK(describe(lossy_compression(record)) == "yes");
  unset(record, "LossyImageCompressionRatio");
  set(record, "LossyImageCompression", {"01"});
  CHECK(describe(lossy_compression(record)) == "yes");
  unset(record, "LossyImageCompression");
  record.transfer_syntax_uid = "1.2.840.10008.1.2.4.50";
  CHECK(describe(lossy_compression(record)) == "yes");
}

TEST_CASE("burned in annotation is yes, no or not known") {
  InstanceRecord record = ct_slice(1, 0);
  CHECK(burned_in_annotation(record).state == Value::State::unknown);
  set(record, "BurnedInAnnotation", {"YES"});
  CHECK(describe(burned_in_annotation(record)) == "yes");
  set(record, "BurnedInAnnotation", {"NO"});
  CHECK(describe(burned_in_annotation(record)) == "no");
  set(record, "BurnedInAnnotation", {"MAYBE"});
  CHECK(burned_in_annotation(record).state == Value::State::unknown);
}

TEST_CASE("kernels by the vendors' spellings") {
  struct {
    const char* vendor;
    const char* kernel;
    const char* expected;
  } const cases[] = {
      {"SIEMENS", "B30f", "soft"},
      {"Siemens Healthineers", "Br40d", "soft"},
      {"SIEMENS", "Bl57d", "lung"},
      {"SIEMENS", "B70f", "lung"},
      {"SIEMENS", "I31f", "soft"},
      {"SIEMENS", "H60s", "bone"},
      {"GE MEDICAL SYSTEMS", "STANDARD", "soft"},
      {"GE MEDICAL SYSTEMS", "LUNG", "lung"},
      {"GE MEDICAL SYSTEMS", "BONEPLUS", "bone"},
      {"Philips", "B", "soft"},
      {"Philips", "L", "lung"},
      {"Philips", "YB", "soft"},
      {"TOSHIBA", "FC08", "soft"},
      {"Canon Medical", "FC51", "lung"},
      {"TOSHIBA", "FC30", "bone"},
      {"UIH", "B_SOFT_B", "soft"},
      {"UIH", "LUNG_A", "lung"},
      {"Acme", "B30f", "other"},
  };
  for (const auto& expected : cases) {
    CAPTURE(expected.kernel);
    CHECK(kernel_class_of(expected.kernel, expected.vendor) == expected.expected);
  }
  InstanceRecord record = ct_slice(1, 0);
  unset(record, "ConvolutionKernel");
  CHECK(kernel_class(record).state == Value::State::unknown);
}

TEST_CASE("delay after contrast and uptake time, midnight included") {
  const auto delay = [](const char* start, const char* acquired) {
    Records records = ct_series(3);
    for (InstanceRecord& record : records.all()) {
      set(record, "AcquisitionTime", {acquired});
      if (*start != '\0') set(record, "ContrastBolusStartTime", {start});
    }
    return describe(phase_delay(build_stacks(records.views()).front()));
  };
  CHECK(delay("101422", "101532") == "70");
  CHECK(delay("101422.5", "101532.250000") == "69.75");
  CHECK(delay("235930", "000040") == "70");
  CHECK(delay("101540", "101532") == "");
  CHECK(delay("", "101532") == "");
  CHECK(delay("080000", "101532") == "");
  const auto uptake = [](const char* start_time, const char* start_date_time, const char* acquired) {
    Records records = ct_series(3);
    for (std::size_t i = 0; i < 3; ++i) {
      // Beds are acquired from the thighs up: the first acquisition counts, not the first slice.
      set(records.all()[i], "AcquisitionTime", {i == 2 ? acquired : "110000"});
      const std::string sequence = "RadiopharmaceuticalInformationSequence[0].";
      if (*start_time != '\0') set(records.all()[i], sequence + "RadiopharmaceuticalStartTime", {start_time});
      if (*start_date_time != '\0') {
        set(records.all()[i], sequence + "RadiopharmaceuticalStartDateTime", {start_date_time});
      }
    }
    return describe(uptake_time(build_stacks(records.views()).front()));
  };
  CHECK(uptake("091500", "", "101500") == "60");
  CHECK(uptake("233000", "", "003000") == "60");
  CHECK(uptake("", "20260220091500", "101500") == "60");
  CHECK(uptake("101500", "20260219101500", "101500") == "1440");
  CHECK(uptake("", "20260221091500", "101500") == "");
  CHECK(uptake("", "", "101500") == "");
}

TEST_CASE("identifying attributes are known by group and VR") {
  for (const char* const path :
       {"PatientID", "PatientName", "OtherPatientIDs", "ReferringPhysicianName", "AccessionNumber",
        "InstitutionName", "ACME:(0029,xx10)", "RequestAttributesSequence[0].PatientName"}) {
    CAPTURE(path);
    CHECK(is_identifying({std::nullopt, path, false, ""}));
  }
  for (const char* const path : {"PatientSex", "PatientWeight", "KVP", "StationName", "SeriesDescription"}) {
    CAPTURE(path);
    CHECK_FALSE(is_identifying({std::nullopt, path, false, ""}));
  }
}
