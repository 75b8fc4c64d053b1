#include "rules/evaluate/stacks.h"

#include "rules/evaluate/geometry.h"
#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

std::vector<std::size_t> sizes(const std::vector<Stack>& stacks) {
  std::vector<std::size_t> list;
  for (const Stack& stack : stacks) list.push_back(stack.slices.size());
  std::ranges::sort(list);
  return list;
}

using Sizes = std::vector<std::size_t>;

/// Two passes over the same ten positions; `change` makes the second one different.
template <class Change>
Records two_phases(Change change) {
  Records records = ct_series(10);
  Records second = ct_series(10);
  for (std::size_t i = 0; i < 10; ++i) {
    InstanceRecord& record = second.all()[i];
    record.sop_instance_uid += ".2";
    set(record, "InstanceNumber", {std::to_string(i + 11)});
    change(record);
  }
  append(records, std::move(second));
  return records;
}

}  // namespace

TEST_CASE("a series without peculiarities is one stack") {
  CHECK(sizes(build_stacks(ct_series(24).views())) == Sizes{24});
  CHECK(build_stacks({}).empty());
}

TEST_CASE("each series is a stack of its own") {
  Records records = ct_series(10, 5, "1.2.3.1");
  append(records, ct_series(12, 5, "1.2.3.2"));
  const auto stacks = build_stacks(records.views());
  REQUIRE(stacks.size() == 2);
  CHECK(stacks[0].series_uid == "1.2.3.1");
}

TEST_CASE("phases, echoes, b-values, kernels and image types that share positions are told apart") {
  struct {
    const char* path;
    Values values;
  } const discriminators[] = {
      {"AcquisitionNumber", {"2"}},
      {"TemporalPositionIdentifier", {"2"}},
      {"EchoTime", {"80"}},
      {"DiffusionBValue", {"1000"}},
      {"ConvolutionKernel", {"B70f"}},
      {"ImageType", {"DERIVED", "SECONDARY", "AXIAL"}},
      {"AcquisitionTime", {"101702"}},
  };
  for (const auto& discriminator : discriminators) {
    CAPTURE(discriminator.path);
    const Records records =
        two_phases([&](InstanceRecord& record) { set(record, discriminator.path, discriminator.values); });
    const auto stacks = build_stacks(records.views());
    CHECK(sizes(stacks) == Sizes{10, 10});
    for (const Stack& stack : stacks) CHECK(geometry_of(stack).duplicate_count == 0U);
  }
}

TEST_CASE("the same positions with nothing to tell them apart are duplicates") {
  const Records records = two_phases([](InstanceRecord&) {});
  const auto stacks = build_stacks(records.views());
  REQUIRE(sizes(stacks) == Sizes{20});
  CHECK(geometry_of(stacks[0]).duplicate_count == 10U);
}

TEST_CASE("acquisitions at different table positions stay one stack") {
  Records records = ct_series(20);
  for (std::size_t i = 10; i < 20; ++i) {
    set(records.all()[i], "AcquisitionNumber", {"2"});
    set(records.all()[i], "AcquisitionTime", {"101600"});
  }
  CHECK(sizes(build_stacks(records.views())) == Sizes{20});
}

TEST_CASE("step and shoot: an acquisition number and a time for every slice is one stack") {
  Records records = ct_series(20);
  for (std::size_t i = 0; i < 20; ++i) {
    set(records.all()[i], "AcquisitionNumber", {std::to_string(i + 1)});
    set(records.all()[i], "AcquisitionTime", {std::to_string(101500 + i)});
  }
  CHECK(sizes(build_stacks(records.views())) == Sizes{20});
}

TEST_CASE("dynamic series with a time for every image are split by time") {
  Records records = two_phases([](InstanceRecord&) {});
  for (std::size_t i = 0; i < 20; ++i) set(records.all()[i], "AcquisitionTime", {std::to_string(101500 + i)});
  CHECK(sizes(build_stacks(records.views())) == Sizes{10, 10});
}

TEST_CASE("orientations are split and counted, localizers are not counted") {
  Records records = ct_series(20);
  InstanceRecord localizer = ct_slice(100, 0);
  set(localizer, "ImageType", {"ORIGINAL", "PRIMARY", "LOCALIZER"});
  orient(localizer, {1, 0, 0, 0, 0, -1});
  records.add(localizer);
  auto stacks = build_stacks(records.views());
  CHECK(sizes(stacks) == Sizes{1, 20});
  for (const Stack& stack : stacks) CHECK(stack.series_orientations == 1);
  for (int i = 0; i < 3; ++i) {
    InstanceRecord coronal = ct_slice(200 + i, 0);
    orient(coronal, {1, 0, 0, 0, 0, -1});
    place(coronal, 0, 10.0 * i, 0);
    records.add(coronal);
  }
  stacks = build_stacks(records.views());
  CHECK(sizes(stacks) == Sizes{1, 3, 20});
  CHECK(stacks[0].series_orientations == 2);
}

TEST_CASE("direction cosines that differ by rounding are one orientation") {
  Records records = ct_series(20);
  for (std::size_t i = 0; i < 20; i += 2) orient(records.all()[i], {0.9999997, 0.0004, 0, 0, 0.9999, 0.0003});
  CHECK(sizes(build_stacks(records.views())) == Sizes{20});
}

TEST_CASE("an instance that is there twice counts once") {
  Records records = ct_series(10);
  auto views = records.views();
  views.push_back(views[4]);
  CHECK(sizes(build_stacks(views)) == Sizes{10});
}

TEST_CASE("localizers, dose reports, screen saves, derived images and documents are recognised") {
  struct {
    const char* sop_class;
    Values image_type;
    const char* description;
    StackKind kind;
  } const cases[] = {
      {"1.2.840.10008.5.1.4.1.1.2", {"ORIGINAL", "PRIMARY", "AXIAL"}, "", StackKind::image},
      {"1.2.840.10008.5.1.4.1.1.2", {"ORIGINAL", "PRIMARY", "LOCALIZER"}, "", StackKind::localizer},
      {"1.2.840.10008.5.1.4.1.1.2", {"ORIGINAL", "PRIMARY", "SCOUT"}, "", StackKind::localizer},
      {"1.2.840.10008.5.1.4.1.1.2", {"DERIVED", "SECONDARY", "MPR"}, "", StackKind::derived},
      {"1.2.840.10008.5.1.4.1.1.2", {"ORIGINAL", "PRIMARY", "AXIAL", "MIP"}, "", StackKind::derived},
      {"1.2.840.10008.5.1.4.1.1.2", {"ORIGINAL", "SECONDARY", "SCREEN SAVE"}, "", StackKind::screen_save},
      {"1.2.840.10008.5.1.4.1.1.7", {"DERIVED", "SECONDARY"}, "", StackKind::screen_save},
      {"1.2.840.10008.5.1.4.1.1.7", {"DERIVED", "SECONDARY"}, "Dose Report", StackKind::dose_report},
      {"1.2.840.10008.5.1.4.1.1.7",
       {"DERIVED", "SECONDARY", "OTHER", "CSA REPORT"},
       "Patient Protocol",
       StackKind::dose_report},
      {"1.2.840.10008.5.1.4.1.1.88.67", {}, "", StackKind::dose_report},
  };
  for (const auto& expected : cases) {
    CAPTURE(expected.sop_class);
    InstanceRecord record = ct_slice(1, 0);
    record.sop_class_uid = expected.sop_class;
    set(record, "ImageType", expected.image_type);
    set(record, "SeriesDescription", {expected.description});
    CHECK(kind_of(record) == expected.kind);
  }
  InstanceRecord key_objects = ct_slice(1, 0);
  key_objects.sop_class_uid = "1.2.840.10008.5.1.4.1.1.88.59";
  key_objects.pixel_data.present = false;
  unset(key_objects, "Rows");
  unset(key_objects, "Columns");
  CHECK(kind_of(key_objects) == StackKind::not_an_image);
}
