// Failure mode 27: dates in all the forms in which they come.
#include "rules/deidentify/dates.h"

#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

namespace trialgate::rules::test {

using Option = DeidentificationOption;
using std::chrono::minutes;

TEST_CASE("PS3.5 6.2 DA: values move by whole days, whatever surrounds them") {
  CHECK(shift_date_values("20260302", 1) == "20260303");
  CHECK(shift_date_values("20260228", 1) == "20260301");
  CHECK(shift_date_values("20240228", 1) == "20240229");
  CHECK(shift_date_values("20260101", -1) == "20251231");
  CHECK(shift_date_values(" 20260302 ", 10) == "20260312");
  CHECK(shift_date_values("2026.03.02", 1) == "20260303");
  CHECK(shift_date_values("18991231", 1) == "19000101");
  CHECK(shift_date_values("20260302\\20260401", -2) == "20260228\\20260330");
  CHECK(shift_date_values("20260302\\", 1) == "20260303\\");
  CHECK(shift_date_values("", 5) == "");
}

TEST_CASE("What is no date cannot be shifted") {
  for (const char* text : {"20260230", "20261301", "2026", "202603", "UNKNOWN", "20260302-20260305",
                           "00000000", "2026-03-02", "20260302\\x"}) {
    CAPTURE(text);
    CHECK_FALSE(shift_date_values(text, 1).has_value());
  }
  CHECK_FALSE(shift_date_values("99991231", 1).has_value());
  CHECK_FALSE(shift_date_values("00010101", -1).has_value());
}

TEST_CASE("PS3.5 6.2 DT: the time of day and its precision stay") {
  CHECK(shift_date_time_values("20260302101530.123456", 1, std::nullopt) == "20260303101530.123456");
  CHECK(shift_date_time_values("20260302", 1, std::nullopt) == "20260303");
  CHECK(shift_date_time_values("2026030210", 1, std::nullopt) == "2026030310");
  CHECK(shift_date_time_values("20260302235960", 1, std::nullopt) == "20260303235960");
  CHECK_FALSE(shift_date_time_values("2026", 1, std::nullopt).has_value());
  CHECK_FALSE(shift_date_time_values("202603", 1, std::nullopt).has_value());
}

TEST_CASE("DT with a UTC offset becomes local time where the local offset is known") {
  CHECK(shift_date_time_values("20260302101530+0800", 1, minutes(480)) == "20260303101530");
  CHECK(shift_date_time_values("20260302201530.5+0000", 1, minutes(480)) == "20260304041530.5");
  CHECK(shift_date_time_values("20260302001530+0800", 1, minutes(-300)) == "20260302111530");
  CHECK(shift_date_time_values("202603020015+0530", 0, minutes(480)) == "202603020245");
  CHECK(shift_date_time_values("20260302101530+0800", 1, std::nullopt) == "20260303101530+0800");
  CHECK_FALSE(shift_date_time_values("20260302+0000", 1, minutes(480)).has_value());
}

TEST_CASE("Timezone Offset From UTC") {
  CHECK(parse_utc_offset("+0800") == minutes(480));
  CHECK(parse_utc_offset("-0330 ") == minutes(-210));
  for (const char* text : {"0800", "+08:00", "+1500", "+0860", ""})
    CHECK_FALSE(parse_utc_offset(text).has_value());
}

TEST_CASE("Failure mode 27: SUV timing, intervals and order of visits survive the shift") {
  const auto rules = with({Option::retain_longitudinal_modified_dates});
  TestDataSet data_set = TestDataSet::ct();
  ElementWriter drug;
  drug.add(0x00181072, Vr::tm, "091500").add(0x00181078, Vr::dt, "20260302091500");
  data_set.set(0x00080021, Vr::da, "20260302")
      .set(0x00080022, Vr::da, "20260303")
      .set(0x00080031, Vr::tm, "101530.25")
      .set(0x00080201, Vr::sh, "+0800")
      .set(0x0008002A, Vr::dt, "20260302021530+0000")
      .set_sequence(0x00540016, {drug});
  const Output output = output_of(run(data_set, rules));
  const std::int32_t days = identity().shift_days("ONC301-0042", rules.max_shift_days);
  REQUIRE(days != 0);
  CHECK(output.text(0x00080020) == *shift_date_values("20260302", days));
  CHECK(output.text(0x00080021) == *shift_date_values("20260302", days));
  CHECK(output.text(0x00080022) == *shift_date_values("20260303", days));
  CHECK(output.text(0x00080030) == "101530");
  CHECK(output.text(0x00080031) == "101530.25");
  CHECK(output.text(0x0008002A) == *shift_date_values("20260302", days) + "101530");
  CHECK(output.find(0x00080201) == nullptr);
  const ElementList& item = output.find(0x00540016)->items().front().elements;
  CHECK(item.find(Tag(0x0018, 0x1072))->text() == "091500");
  CHECK(item.find(Tag(0x0018, 0x1078))->text() == *shift_date_values("20260302", days) + "091500");
  CHECK(output.text(0x00100030).empty());
  CHECK(output.text(0x00280303) == "MODIFIED");
}

TEST_CASE("Dates that cannot be shifted or read are treated as the profile says, and reported") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080020, Vr::da, "1. March")
      .set(0x00080021, Vr::da, "2026")
      .set(0x00080030, Vr::tm, "Johanna");
  for (const auto& rules :
       {with({Option::retain_longitudinal_modified_dates}), with({Option::retain_longitudinal_full_dates})}) {
    const Output output = output_of(run(data_set, rules));
    CHECK(output.text(0x00080020).empty());
    CHECK(output.find(0x00080021) == nullptr);
    CHECK(output.text(0x00080030).empty());
    bool reported = false;
    for (const ReportedAttribute& attribute : output.result.report.attributes) {
      reported = reported || (attribute.path == "StudyDate" && attribute.rule == "date not readable");
    }
    CHECK(reported);
  }
}

TEST_CASE("Full Dates keeps dates, times and the time zone, never the birth date") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080201, Vr::sh, "+0800");
  const Output output = output_of(run(data_set, with({Option::retain_longitudinal_full_dates})));
  CHECK(output.text(0x00080020) == "20260302");
  CHECK(output.text(0x00080201) == "+0800");
  CHECK(output.text(0x00100030).empty());
  CHECK(output.text(0x00280303) == "UNMODIFIED");
  data_set.set(0x00280303, Vr::cs, "MODIFIED");
  const Output earlier = output_of(run(data_set, with({Option::retain_longitudinal_full_dates})));
  CHECK(earlier.text(0x00280303) == "MODIFIED");
}

TEST_CASE("Failure mode 27: device dates do not give the offset away where both options are chosen") {
  const auto rules = with({Option::retain_device_identity, Option::retain_longitudinal_modified_dates},
                          DeviceDates::removed);
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00181200, Vr::da, "20250101").set(0x00181000, Vr::lo, "SER1234");
  const Output output = output_of(run(data_set, rules));
  CHECK(output.find(0x00181200) == nullptr);
  CHECK(output.text(0x00181000) == "SER1234");
  CHECK(output.result.report.codes == std::vector<std::string>{"113100"});
  const Output without = output_of(run(TestDataSet::ct(), rules));
  CHECK(without.result.report.codes == std::vector<std::string>{"113100", "113107", "113109"});
}

TEST_CASE("Rules that contradict each other are refused with the ruling that resolves them") {
  CHECK(validate({}).empty());
  auto both = with({Option::retain_longitudinal_full_dates, Option::retain_longitudinal_modified_dates});
  CHECK(validate(both).size() == 1);
  auto unruled = with({Option::retain_device_identity, Option::retain_longitudinal_modified_dates});
  REQUIRE(validate(unruled).size() == 1);
  CHECK(validate(unruled).front().find("device_dates") != std::string::npos);
  DeidentificationRules no_option;
  no_option.dates = DateHandling::shift_per_subject;
  CHECK(validate(no_option).size() == 1);
  auto far = with({Option::retain_longitudinal_modified_dates});
  far.max_shift_days = 0;
  CHECK(validate(far).size() == 1);
  DeidentificationRules overrides;
  overrides.overrides = {{"StudyDescription", OverrideAction::keep, "", {}, {}, ""},
                         {"NoSuchAttribute", OverrideAction::remove, "", {}, {}, ""},
                         {"Rows", OverrideAction::replace, "5", {}, {}, ""},
                         {"ProtocolName", OverrideAction::replace, "", {}, {}, ""}};
  CHECK(validate(overrides).size() == 4);
  CHECK_FALSE(CompiledRules::compile(overrides).has_value());
}

}  // namespace trialgate::rules::test
