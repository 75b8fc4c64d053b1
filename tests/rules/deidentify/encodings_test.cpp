// Transfer syntaxes other than little endian ones, ages, and codecs that no mask can reach.
#include "rules/deidentify/ages.h"
#include "tests/rules/deidentify/transfer_syntaxes.h"
#include "tests/rules/pixels/upper_row_mask.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules::test {
namespace {

using Option = DeidentificationOption;

Bytes real_file(std::string_view name) {
  return read_file(std::string(TRIALGATE_TEST_DATA) + "/" + std::string(name));
}

struct Source {
  DataSet data_set;
  std::string patient_id;
};

Source parsed(const Bytes& file) {
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  Limits limits;
  limits.allow_deflated = true;
  auto data_set = parse(std::span(file).subspan(view->data_set_offset), *view->transfer_syntax, limits);
  REQUIRE(data_set.has_value());
  const Element* id = data_set->elements.find(Tag(0x0010, 0x0020));
  return {std::move(*data_set), id == nullptr ? std::string() : std::string(id->text())};
}

TestDataSet with_age(std::string_view age) {
  TestDataSet data_set = TestDataSet::ct();
  data_set.set(0x00101010, Vr::as, age);
  return data_set;
}

std::string kept_age(std::string_view age) {
  return output_of(run(with_age(age), with({Option::retain_patient_characteristics}))).text(0x00101010);
}

}  // namespace

TEST_CASE("PS3.5 A.3: big endian stays big endian, numbers and pixels as they were") {
  const Bytes file = real_file("syntax/rtdose_expb.dcm");
  const Source source = parsed(file);
  const Output output = output_of(run(file, compiled(), subject(source.patient_id)));
  CHECK(output.result.transfer_syntax_uid == "1.2.840.10008.1.2.2");
  for (const Tag tag : {Tag(0x0028, 0x0010), Tag(0x0028, 0x0100), Tag(0x7FE0, 0x0010)}) {
    CHECK(std::ranges::equal(output.data_set.elements.find(tag)->value(),
                             source.data_set.elements.find(tag)->value()));
  }
  CHECK(binary_integer(*output.find(0x00280010)) == 10);
  CHECK_FALSE(contains(output.bytes, output.result.source_study_uid));
}

TEST_CASE("PS3.5 A.3: a big endian CT says the same as the little endian one") {
  const DeidentificationRules rules =
      with({Option::retain_longitudinal_modified_dates, Option::clean_pixel_data});
  DeidentificationRules masking = rules;
  masking.masks = {upper_row_mask()};
  const Bytes little = TestDataSet::ct().file();
  for (const auto& chosen : {rules, masking}) {
    const Output expected = output_of(run(little, compiled(chosen), subject()));
    const Output output = output_of(run(as_big_endian(little), compiled(chosen), subject()));
    REQUIRE(output.data_set.elements.size() == expected.data_set.elements.size());
    auto other = expected.data_set.elements.begin();
    for (const Element& element : output.data_set.elements) {
      CAPTURE(keyword_or_tag(element.tag()));
      CHECK(element.tag() == other->tag());
      if (is_text(element.vr())) CHECK(element.text() == other->text());
      ++other;
    }
    CHECK(output.result.report == expected.result.report);
  }
}

TEST_CASE("PS3.5 A.5: what came deflated leaves as explicit VR little endian, with its pixels") {
  const Bytes file = real_file("syntax/CT_small_deflated.dcm");
  const Source source = parsed(file);
  const Output output = output_of(run(file, compiled(), subject(source.patient_id)));
  CHECK(output.result.transfer_syntax_uid == "1.2.840.10008.1.2.1");
  CHECK(std::ranges::equal(output.find(0x7FE00010)->value(),
                           source.data_set.elements.find(tags::pixel_data)->value()));
  CHECK_FALSE(contains(output.bytes, source.patient_id));
  const Bytes plain = TestDataSet::ct().file();
  CHECK(output_of(run(as_deflated(plain), compiled(), subject())).bytes ==
        output_of(run(plain, compiled(), subject())).bytes);
}

TEST_CASE("PS3.5 A.5: a deflated data set that grows beyond the limits is held") {
  TestDataSet large = TestDataSet::ct();
  large.set(0x7FE00010, Vr::ow, std::string(8U << 20U, '\0'));
  CHECK(has_reason(held_of(run(as_deflated(large.file()), compiled(), subject())), HoldReason::unreadable));
}

TEST_CASE("45 CFR 164.514(b)(2)(i)(C): ages of more than 90 years are one category, and the report says so") {
  CHECK(kept_age("089Y") == "089Y");
  CHECK(kept_age("090Y") == "090Y");
  CHECK(kept_age("091Y") == "090Y");
  CHECK(kept_age("104Y") == "090Y");
  CHECK(kept_age("95") == "090Y");
  CHECK(kept_age("011M") == "011M");
  CHECK(kept_age("999M") == "999M");
  CHECK(kept_age("003D") == "003D");
  CHECK(kept_age("ninety-five") == "<absent>");
  CHECK(output_of(run(with_age("045Y"))).find(0x00101010) == nullptr);  // E.1-1 X without the option
  CHECK(capped_age("1200M") == "090Y");
  CHECK_FALSE(capped_age("95 years").has_value());

  const Output output = output_of(run(with_age("097Y"), with({Option::retain_patient_characteristics})));
  const auto& attributes = output.result.report.attributes;
  const auto entry = std::ranges::find(attributes, "PatientAge", &ReportedAttribute::path);
  REQUIRE(entry != attributes.end());
  CHECK(entry->deed == Deed::replaced);
  CHECK(entry->rule == "ages of more than 90 years are 090Y");
}

TEST_CASE("The age in a report is one category too, whatever its unit") {
  const auto age_of = [](std::string_view number, std::string_view unit) {
    ElementWriter value;
    value.add_sequence(0x004008EA, {ElementWriter()
                                        .add(0x00080100, Vr::sh, unit)
                                        .add(0x00080102, Vr::sh, "UCUM")
                                        .add(0x00080104, Vr::lo, "unit")});
    value.add(0x0040A30A, Vr::ds, number);
    ElementWriter item;
    item.add(0x0040A010, Vr::cs, "HAS OBS CONTEXT").add(0x0040A040, Vr::cs, "NUM");
    item.add_sequence(0x0040A043, {ElementWriter()
                                       .add(0x00080100, Vr::sh, "121033")
                                       .add(0x00080102, Vr::sh, "DCM")
                                       .add(0x00080104, Vr::lo, "Subject Age")});
    item.add_sequence(0x0040A300, {value});
    TestDataSet report = TestDataSet::ct();
    for (const std::uint32_t tag : {0x7FE00010U, 0x00280002U, 0x00280004U, 0x00280010U, 0x00280011U,
                                    0x00280100U, 0x00280101U, 0x00280102U, 0x00280103U}) {
      report.erase(tag);
    }
    report.set(0x00080016, Vr::ui, "1.2.840.10008.5.1.4.1.1.88.33").set(0x00080060, Vr::cs, "SR");
    report.set_sequence(0x0040A730, {item});
    const Output output = output_of(
        run(report, with({Option::clean_structured_content, Option::retain_patient_characteristics})));
    const ElementList& content = output.find(0x0040A730)->items().front().elements;
    const ElementList& measured = content.find(Tag(0x0040, 0xA300))->items().front().elements;
    return std::string(measured.find(Tag(0x0040, 0xA30A))->text());
  };
  CHECK(age_of("62", "a") == "62");
  CHECK(age_of("97", "a") == "90");
  CHECK(age_of("1164", "mo") == "1080");
  CHECK(age_of("1000", "mo") == "1000");
  CHECK(age_of("not known", "a") == "90");
}

TEST_CASE("PS3.15 E.3.1: HTJ2K, JPEG XL and video with a mask are held, and the reason says which pixels") {
  DeidentificationRules rules = with({Option::clean_pixel_data});
  rules.masks = {upper_row_mask()};
  for (const char* syntax :
       {"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.110",
        "1.2.840.10008.1.2.4.112", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.107"}) {
    CAPTURE(syntax);
    TestDataSet data_set = TestDataSet::ct();
    data_set.erase(0x7FE00010);
    const Bytes header = data_set.file();
    const auto view = parse_file(header);
    Bytes body(header.begin() + static_cast<std::ptrdiff_t>(view->data_set_offset), header.end());
    const std::string pixels(
        "\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\0\0\0\0\xFE\xFF\0\xE0\x04\0\0\0"
        "\xFF\x4F\xFF\x51\xFE\xFF\xDD\xE0\0\0\0\0",
        40);
    body.insert(body.end(), pixels.begin(), pixels.end());
    const Bytes file = part10(body, syntax, ct_class, "1.2.826.0.1.3680043.9.1.100.1");
    const Held held = held_of(run(file, compiled(rules), subject()));
    REQUIRE(held.causes.size() == 1);
    CHECK(held.causes.front().reason == HoldReason::not_supported);
    CHECK(held.causes.front().path == "PixelData");
    CHECK(held.causes.front().message.find("a mask cannot be carried out") != std::string::npos);
  }
}

}  // namespace trialgate::rules::test
