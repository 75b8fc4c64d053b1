// Input that is damaged or hostile: held, or nothing of it is in the output.
#include "tests/rules/deidentify/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

constexpr std::string_view secret = "KANARIENVOGEL";

/// A CT in explicit VR little endian that ends with `tail` instead of pixel data.
Bytes ct_with_tail(std::span<const std::uint8_t> tail) {
  TestDataSet data_set = TestDataSet::ct();
  data_set.erase(0x7FE00010);
  Bytes file = data_set.file();
  file.insert(file.end(), tail.begin(), tail.end());
  return file;
}

void append(Bytes& bytes, std::string_view more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

const ReportedAttribute* reported(const Output& output, std::string_view path) {
  const auto& attributes = output.result.report.attributes;
  const auto found = std::ranges::find(attributes, path, &ReportedAttribute::path);
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("Bad input: a kept value that swallows its neighbour, with nothing in the structure to show it") {
  // The length of Scan Options takes in the whole of the element behind it, name and all.
  ElementWriter swallowed;
  swallowed.add(0x00184000, Vr::pn, secret);
  TestDataSet data_set = TestDataSet::ct();
  for (const auto& [tag, vr] : {std::pair(0x00181210U, Vr::sh), std::pair(0x00180022U, Vr::cs),
                                std::pair(0x00081090U, Vr::lo), std::pair(0x00180060U, Vr::ds)}) {
    CAPTURE(to_string(Tag(tag)));
    TestDataSet with_swallowed = data_set;
    const Bytes& bytes = swallowed.bytes();
    with_swallowed.set(tag, vr, "B30 " + std::string(bytes.begin(), bytes.end()));
    const Held held = held_of(run(with_swallowed));
    CHECK(has_reason(held, HoldReason::anomaly));
  }
}

TEST_CASE("Bad input: numbers that swallow their neighbour") {
  ElementWriter swallowed;
  swallowed.add(0x00184000, Vr::pn, secret);
  const Bytes& bytes = swallowed.bytes();
  const std::string neighbour(bytes.begin(), bytes.end());
  for (const auto& [tag, vr, own] : {std::tuple(0x00280011U, Vr::us, 2U), std::tuple(0x00189073U, Vr::fd, 8U),
                                     std::tuple(0x00280106U, Vr::ss, 2U)}) {
    CAPTURE(to_string(Tag(tag)));
    TestDataSet with_swallowed = TestDataSet::ct();
    with_swallowed.set(tag, vr, std::string(own, '\1') + neighbour);
    CHECK(has_reason(held_of(run(with_swallowed)), HoldReason::anomaly));
  }
}

TEST_CASE("Bad input: a VR that the standard does not define is held") {
  for (const char* vr : {"XX", "??", "\x01\x02"}) {
    Bytes tail;
    append(tail, std::string("\x38\0\0\x40", 4) + vr + std::string("\x0e\0", 2) + std::string(secret) + " ");
    CHECK(has_reason(held_of(run(ct_with_tail(tail), compiled(), subject())), HoldReason::anomaly));
  }
}

TEST_CASE("Bad input: a sequence or an item that does not end is held") {
  const std::string sequence("\x40\0\x75\x02SQ\0\0\xFF\xFF\xFF\xFF", 12);
  const std::string item("\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF", 8);
  const std::string item_end("\xFE\xFF\x0D\xE0\0\0\0\0", 8);
  const std::string content = std::string("\x40\0\x07\0LO\x0e\0", 8) + std::string(secret) + " ";
  for (const std::string& text :
       {sequence, sequence + item, sequence + item + content, sequence + item + content + item_end}) {
    Bytes tail;
    append(tail, text);
    CHECK_FALSE(held_of(run(ct_with_tail(tail), compiled(), subject())).causes.empty());
  }
}

TEST_CASE("Bad input: 10 000 nested sequences are held as unreadable") {
  for (const bool with_item_length : {false, true}) {
    Bytes tail;
    for (int level = 0; level < 10'000; ++level) {
      append(tail, std::string("\x40\0\x75\x02SQ\0\0\xFF\xFF\xFF\xFF", 12));
      append(tail, std::string("\xFE\xFF\0\xE0", 4));
      append(tail, with_item_length ? std::string("\xFF\xFF\x0F\0", 4) : std::string("\xFF\xFF\xFF\xFF", 4));
    }
    const Held held = held_of(run(ct_with_tail(tail), compiled(), subject()));
    CHECK((has_reason(held, HoldReason::unreadable) || has_reason(held, HoldReason::anomaly) ||
           has_reason(held, HoldReason::unreadable_sequence)));
  }
}

TEST_CASE("Bad input: private elements without a creator go, with Retain Safe Private too") {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00091027, Vr::sl, std::string("\1\2\3\4", 4)).set(0x00191004, Vr::lo, secret);
  data_set.set(0x00430010, Vr::lo, "GEMS_PARM_01").set(0x00431127, Vr::ds, "7");  // another block
  for (const auto& rules : {DeidentificationRules{}, with({Option::retain_safe_private})}) {
    const Output output = output_of(run(data_set, rules));
    for (const Element& element : output.data_set.elements) CHECK_FALSE(element.tag().is_private());
    CHECK_FALSE(contains(output.bytes, secret));
  }
}

TEST_CASE("Bad input: a name of 65 KB goes, and is found where it stands elsewhere") {
  std::string name(secret);
  while (name.size() < 65'000) name += " Kanarienvogel";
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00100010, Vr::pn, name);
  const Output output = output_of(run(data_set));
  CHECK(output.text(0x00100010) == "ONC301-0042^");
  CHECK_FALSE(contains(output.bytes, secret));
  CHECK_FALSE(contains(output.bytes, "Kanarienvogel"));
  data_set.set(0x00181210, Vr::sh, "B30 Kanarienvogel");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::residual_value));

  name.append(70'000 - name.size(), 'x');
  TestDataSet longer = TestDataSet::ct();
  longer.set(0x00100010, Vr::pn, name);
  const Output implicit = output_of(run(longer.file(false), compiled(), subject()));
  CHECK_FALSE(contains(implicit.bytes, secret));
}

TEST_CASE("Bad input: dates before 1900 shift like others, impossible ones are treated as the profile says") {
  const DeidentificationRules rules = with({Option::retain_longitudinal_modified_dates});
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080022, Vr::da, "18991231").set(0x00080021, Vr::da, "15821015");
  const Output output = output_of(run(data_set, rules));
  const std::int32_t days = identity().shift_days("ONC301-0042", rules.max_shift_days);
  CHECK(days != 0);
  CHECK(output.text(0x00080022) != "18991231");
  CHECK(output.text(0x00080022).size() == 8);
  REQUIRE(reported(output, "AcquisitionDate") != nullptr);
  CHECK(reported(output, "AcquisitionDate")->deed == Deed::shifted);
  CHECK(reported(output, "SeriesDate")->deed == Deed::shifted);
  for (const char* impossible : {"20260230", "00000000", "20261301", "99999999", "2026-03-", "yesterday"}) {
    CAPTURE(impossible);
    TestDataSet odd = TestDataSet::ct();
    odd.set(0x00080020, Vr::da, impossible).set(0x00080022, Vr::da, impossible);
    const Output cleaned = output_of(run(odd, rules));
    CHECK(cleaned.text(0x00080020).empty());
    CHECK_FALSE(contains(cleaned.bytes, impossible));
    CHECK(reported(cleaned, "StudyDate")->rule == "date not readable");
  }
}

TEST_CASE("Bad input: a Patient ID of blanks and the patient of somebody else are held") {
  for (const char* id : {"", "  ", "MRN-4712-X", "mrn-4711-x"}) {
    CAPTURE(id);
    TestDataSet data_set = TestDataSet::ct();
    data_set.set(0x00100020, Vr::lo, id);
    const Held held = held_of(run(data_set));
    CHECK((has_reason(held, HoldReason::identity_missing) || has_reason(held, HoldReason::subject_mismatch)));
  }
}

TEST_CASE("Bad input: an unknown character set is held where text would stay") {
  ElementWriter tail;
  tail.add(0x00384000, Vr::lt, "x");
  (void)output_of(run(ct_with_tail(tail.bytes()), compiled(), subject()));
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00080005, Vr::cs, "KLINGON").set(0x00080070, Vr::lo, "Ger\xe4te");
  CHECK(has_reason(held_of(run(data_set)), HoldReason::unknown_character_set));
}

}  // namespace trialgate::rules::test
