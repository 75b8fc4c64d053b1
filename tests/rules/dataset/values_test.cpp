#include "rules/dataset/values.h"

#include "rules/dataset/attribute_path.h"

#include <doctest/doctest.h>

#include <string>

using namespace trialgate::rules;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

TEST_CASE("DS as senders write it") {
  CHECK(*parse_decimal("5") == 5);
  CHECK(*parse_decimal(" 5.00000 ") == 5);
  CHECK(*parse_decimal("+1.5") == 1.5);
  CHECK(*parse_decimal("-.5") == -0.5);
  CHECK(*parse_decimal("5.") == 5);
  CHECK(*parse_decimal("000140") == 140);
  CHECK(*parse_decimal("008.000000E+00") == 8);
  CHECK(*parse_decimal("1e-3") == 0.001);
  CHECK(*parse_decimal("3\0"sv) == 3);
  CHECK(*parse_decimal("1.23456789012345678") == doctest::Approx(1.2345678901));
  CHECK(parse_decimal("").reading == Reading::empty);
  CHECK(parse_decimal("  ").reading == Reading::empty);
  for (const std::string_view bad :
       {"1,5", "5 mm", "nan", "inf", "0x10", "--1", "1e", ".", "+", "1 2", "1e999"}) {
    CAPTURE(bad);
    CHECK(parse_decimal(bad).reading == Reading::malformed);
  }
  CHECK(parse_decimal(std::string(1000, '1')).reading == Reading::malformed);
}

TEST_CASE("DS to the letter of PS3.5 6.2") {
  CHECK(*parse_decimal(" 1.5 ", Strictness::strict) == 1.5);
  CHECK(parse_decimal("1.23456789012345678", Strictness::strict).reading == Reading::malformed);
  CHECK(parse_decimal("3\0"sv, Strictness::strict).reading == Reading::malformed);
}

TEST_CASE("IS, strict and tolerant") {
  CHECK(*parse_integer("  -12 ") == -12);
  CHECK(*parse_integer("+7") == 7);
  CHECK(*parse_integer("3.0") == 3);
  CHECK(*parse_integer("9999999999") == 9999999999);
  CHECK(parse_integer("1A").reading == Reading::malformed);
  CHECK(parse_integer("3.5").reading == Reading::malformed);
  CHECK(parse_integer("").reading == Reading::empty);
  CHECK(parse_integer("3.0", Strictness::strict).reading == Reading::malformed);
  CHECK(parse_integer("9999999999", Strictness::strict).reading == Reading::malformed);
  CHECK(parse_integer("+-3", Strictness::strict).reading == Reading::malformed);
  CHECK(*parse_integer("-2147483648", Strictness::strict) == -2147483648);
}

TEST_CASE("values between backslashes") {
  CHECK(split_values("1\\ 2 \\").size() == 3);
  CHECK(split_values("1\\ 2 \\")[1] == "2");
  CHECK(split_values("").size() == 1);
}

TEST_CASE("DA: calendar dates only, the old form too") {
  CHECK(*parse_date("20260228") == 2026y / 2 / 28);
  CHECK(*parse_date("1997.04.30") == 1997y / 4 / 30);
  CHECK(*parse_date(" 18991231 ") == 1899y / 12 / 31);
  CHECK(parse_date("20260230").reading == Reading::malformed);
  CHECK(parse_date("20261301").reading == Reading::malformed);
  CHECK(parse_date("2026022").reading == Reading::malformed);
  CHECK(parse_date("00000000").reading == Reading::malformed);
  CHECK(parse_date("20260101-20260201").reading == Reading::malformed);
  CHECK(parse_date("").reading == Reading::empty);
  CHECK(format_date(2026y / 1 / 5) == "20260105");
}

TEST_CASE("TM with its precision") {
  CHECK(parse_time("112936")->since_midnight == 11h + 29min + 36s);
  CHECK(parse_time("152316.921000")->since_midnight == 15h + 23min + 16s + 921ms);
  CHECK(parse_time("11")->components == 1);
  CHECK(parse_time("1129")->components == 2);
  CHECK(parse_time("11:29:36.5")->since_midnight == 11h + 29min + 36s + 500ms);
  CHECK(parse_time("235960")->since_midnight == 24h);
  for (const std::string_view bad :
       {"24", "1160", "112961", "1", "11293", "1129.5", "112936.", "112936.1234567", "ab"}) {
    CAPTURE(bad);
    CHECK(parse_time(bad).reading == Reading::malformed);
  }
}

TEST_CASE("DT partial, and with offset from UTC") {
  const auto full = parse_date_time("20120820120804.06+0100");
  REQUIRE(full);
  CHECK(full->date == 2012y / 8 / 20);
  CHECK(full->time->since_midnight == 12h + 8min + 4s + 60ms);
  CHECK(full->utc_offset == 60min);
  CHECK(parse_date_time("2012")->date_components == 1);
  CHECK(parse_date_time("201208")->date_components == 2);
  CHECK_FALSE(parse_date_time("20120820")->time);
  CHECK(parse_date_time("20120820-1200")->utc_offset == -720min);
  CHECK(parse_date_time("20120820-1201").reading == Reading::malformed);
  CHECK(parse_date_time("20120820+1401").reading == Reading::malformed);
  CHECK(parse_date_time("201213").reading == Reading::malformed);
  CHECK(parse_date_time("2012082012:08").reading == Reading::malformed);
}

TEST_CASE("PS3.5 9.1: UID syntax") {
  CHECK(is_valid_uid("1.2.840.10008.1.2"));
  CHECK(is_valid_uid("2.25.0"));
  CHECK_FALSE(is_valid_uid(""));
  CHECK_FALSE(is_valid_uid("1"));
  CHECK_FALSE(is_valid_uid("1.02"));
  CHECK_FALSE(is_valid_uid("1..2"));
  CHECK_FALSE(is_valid_uid("1.2."));
  CHECK_FALSE(is_valid_uid("1.2a"));
  CHECK_FALSE(is_valid_uid("1." + std::string(63, '1')));
}

TEST_CASE("AS in days") {
  CHECK(*parse_age_days("030D") == 30);
  CHECK(*parse_age_days("002W") == 14);
  CHECK(*parse_age_days("040Y") == 14610);
  CHECK(parse_age_days("40Y").reading == Reading::malformed);
}

TEST_CASE("attribute paths as rule files write them") {
  CHECK(AttributePath::parse("SliceThickness")->text() == "SliceThickness");
  CHECK(AttributePath::parse("(0018,0050)")->text() == "SliceThickness");
  CHECK(AttributePath::parse("RadiopharmaceuticalInformationSequence.RadionuclideHalfLife")->text() ==
        "RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife");
  CHECK(AttributePath::parse("ContrastBolusAgentSequence[*].CodeValue")->text() ==
        "ContrastBolusAgentSequence[*].CodeValue");
  CHECK(AttributePath::parse("GEMS_PARM_01:(0043,xx39)")->text() == "GEMS_PARM_01:(0043,xx39)");
  CHECK(AttributePath::parse("GEMS_PARM_01:(0043,1039)")->text() == "GEMS_PARM_01:(0043,xx39)");
  CHECK(AttributePath::parse("SIEMENS MR HEADER:(0019,xx0C)")->steps().front().creator ==
        "SIEMENS MR HEADER");
  CHECK(AttributePath::parse("1.2.840.113663.1:(0029,xx01)[2].PatientID")->steps().front().item == 2);
  for (const std::string_view bad :
       {"", "Slicethickness", "SliceThickness.Rows", "SliceThickness[0]", "(0018,005)", "X:(0018,xx50)",
        "A.B", "ContrastBolusAgentSequence[x].CodeValue", "ContrastBolusAgentSequence[", "SliceThickness "}) {
    CAPTURE(bad);
    CHECK(AttributePath::parse(bad).error().code == Errc::invalid_configuration);
  }
}
