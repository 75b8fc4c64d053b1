#include "rules/evaluate/geometry.h"

#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;
using doctest::Approx;

namespace {

Geometry only_geometry(const Records& records) {
  const auto stacks = build_stacks(records.views());
  REQUIRE(stacks.size() == 1);
  return geometry_of(stacks.front());
}

Records without(Records records, std::initializer_list<std::size_t> places) {
  Records rest;
  for (std::size_t i = 0; i < records.all().size(); ++i) {
    if (std::ranges::find(places, i) == places.end()) rest.add(records.all()[i]);
  }
  return rest;
}

}  // namespace

TEST_CASE("a regular stack: spacing, gap, coverage, nothing missing, nothing twice") {
  const Geometry g = only_geometry(ct_series(24, 5));
  CHECK(*g.spacing_mm == Approx(5));
  CHECK(*g.gap_mm == Approx(0));
  CHECK(g.missing_count == 0U);
  CHECK(g.duplicate_count == 0U);
  CHECK(*g.spacing_deviation_mm == Approx(0));
  CHECK(*g.tilt_deg == Approx(0));
  CHECK(*g.coverage_mm == Approx(120));
  CHECK(g.orientation == "axial");
  CHECK(*g.field_of_view_mm == Approx(409.6));
  CHECK(*g.voxel_anisotropy == Approx(5 / 0.8));
}

TEST_CASE("overlapping slices have a negative gap") {
  CHECK(*only_geometry(ct_series(20, 2.5)).gap_mm == Approx(-2.5));
}

TEST_CASE("slices with space between them have a gap, whatever Spacing Between Slices says") {
  Records records = ct_series(10, 6);
  for (InstanceRecord& record : records.all()) set(record, "SpacingBetweenSlices", {"5"});
  CHECK(*only_geometry(records).gap_mm == Approx(1));
}

TEST_CASE("the order of instance numbers and of arrival does not matter") {
  Records records = ct_series(24, 5);
  for (std::size_t i = 0; i < 24; ++i) set(records.all()[i], "InstanceNumber", {std::to_string(24 - i)});
  const Geometry flipped = only_geometry(records);
  CHECK(flipped.missing_count == 0U);
  std::ranges::reverse(records.all());
  std::swap(records.all()[3], records.all()[17]);
  CHECK(*only_geometry(records).coverage_mm == Approx(120));
}

TEST_CASE("missing slices are counted and located, instance number gaps alone prove nothing") {
  const Records holes = without(ct_series(24, 5), {11, 12, 20});
  const Geometry g = only_geometry(holes);
  CHECK(g.missing_count == 3U);
  REQUIRE(g.missing.size() == 2);
  // From the feet: slices 24..22 are there, 21 is missing; then 20..14, and 13 and 12 are missing.
  CHECK(g.missing[0].count == 1);
  CHECK(g.missing[0].after == 3);
  CHECK(g.missing[1].count == 2);
  CHECK(g.missing[1].after == 10);
  CHECK(g.missing[1].before_instance->sop_instance_uid == "1.2.3.1.1014");
  CHECK(g.missing[1].after_instance->sop_instance_uid == "1.2.3.1.1011");
  CHECK(g.missing[1].from_mm == Approx(-65));

  Records odd_numbers = ct_series(10, 5);
  for (std::size_t i = 0; i < 10; ++i)
    set(odd_numbers.all()[i], "InstanceNumber", {std::to_string(2 * i + 1)});
  CHECK(only_geometry(odd_numbers).missing_count == 0U);
}

TEST_CASE("one of three slices missing in the middle: the smaller distance is the spacing") {
  const Geometry g = only_geometry(without(ct_series(4, 5), {1}));
  CHECK(*g.spacing_mm == Approx(5));
  CHECK(g.missing_count == 1U);
}

TEST_CASE("a hole of a hundred slices is a hole of a hundred slices") {
  Records records = ct_series(10, 2);
  append(records, ct_series(10, 2, "1.2.3.1", -220));
  for (std::size_t i = 10; i < 20; ++i) records.all()[i].sop_instance_uid += ".2";
  CHECK(only_geometry(records).missing_count == 100U);
}

TEST_CASE("rounded and noisy positions are regular") {
  Records records = ct_series(40, 1.25);
  for (std::size_t i = 0; i < 40; ++i) {
    place(records.all()[i], -200, -200, -1.25 * static_cast<double>(i) + (i % 2 == 0 ? 0.004 : -0.004));
  }
  const Geometry g = only_geometry(records);
  CHECK(g.missing_count == 0U);
  CHECK(g.duplicate_count == 0U);
  CHECK(std::abs(*g.gap_mm + 3.75) < 0.02);
  CHECK(*g.spacing_deviation_mm < 0.02);
}

TEST_CASE("the same position twice is a duplicate") {
  Records records = ct_series(24, 5);
  for (const std::size_t i : {3U, 4U}) {
    InstanceRecord twin = records.all()[i];
    twin.sop_instance_uid += ".9";
    records.add(std::move(twin));
  }
  const Geometry g = only_geometry(records);
  CHECK(g.duplicate_count == 2U);
  REQUIRE(g.duplicates.size() == 2);
  CHECK(g.duplicates[0].instances.size() == 2);
  CHECK(g.missing_count == 0U);
  CHECK(*g.spacing_mm == Approx(5));
}

TEST_CASE("gantry tilt shows in the geometry although the header says 0") {
  Records records = ct_series(24, 5);
  const double angle = 6.8 * std::acos(-1) / 180;
  for (InstanceRecord& record : records.all()) {
    orient(record, {1, 0, 0, 0, std::cos(angle), std::sin(angle)});
    set(record, "GantryDetectorTilt", {"0"});
  }
  const Geometry g = only_geometry(records);
  CHECK(std::abs(*g.tilt_deg - 6.8) < 0.01);
  CHECK(g.missing_count == 0U);
  CHECK(*g.spacing_mm == Approx(5 * std::cos(angle)).epsilon(0.001));
  CHECK(g.orientation == "axial");
}

TEST_CASE("a tilted volume whose stack follows its normal has no gantry tilt") {
  Records records = ct_series(20, 5);
  const double c = std::cos(0.3);
  const double s = std::sin(0.3);
  for (std::size_t i = 0; i < 20; ++i) {
    const double d = 5.0 * static_cast<double>(i);
    orient(records.all()[i], {1, 0, 0, 0, c, s});
    place(records.all()[i], 0, -s * d, c * d);
  }
  CHECK(*only_geometry(records).tilt_deg < 0.01);
}

TEST_CASE("the plane has a name") {
  CHECK(orientation_name({0, 0, 1}) == "axial");
  CHECK(orientation_name({0, 0.1, -0.99}) == "axial");
  CHECK(orientation_name({0, 1, 0}) == "coronal");
  CHECK(orientation_name({-1, 0, 0}) == "sagittal");
  CHECK(orientation_name({0.6, 0.6, 0.53}) == "oblique");
}

TEST_CASE("what one slice cannot tell is not determinable") {
  const Geometry one = only_geometry(ct_series(1));
  CHECK_FALSE(one.spacing_mm.has_value());
  CHECK_FALSE(one.gap_mm.has_value());
  CHECK_FALSE(one.missing_count.has_value());
  CHECK_FALSE(one.tilt_deg.has_value());
  CHECK(one.duplicate_count == 0U);
  CHECK(*one.coverage_mm == Approx(5));
  const Geometry two = only_geometry(ct_series(2));
  CHECK(*two.spacing_mm == Approx(5));
  CHECK_FALSE(two.missing_count.has_value());
}

TEST_CASE("without position, orientation or thickness nothing is guessed") {
  for (const char* const path : {"ImagePositionPatient", "ImageOrientationPatient"}) {
    CAPTURE(path);
    Records records = ct_series(10);
    for (InstanceRecord& record : records.all()) {
      unset(record, path);
      set(record, "SliceLocation", {"1"});
      set(record, "SpacingBetweenSlices", {"5"});
    }
    const Geometry g = only_geometry(records);
    CHECK_FALSE(g.spacing_mm.has_value());
    CHECK_FALSE(g.missing_count.has_value());
    CHECK_FALSE(g.duplicate_count.has_value());
    CHECK_FALSE(g.coverage_mm.has_value());
    CHECK(g.orientation.empty());
  }
  Records records = ct_series(10);
  set(records.all()[4], "SliceThickness", {});
  const Geometry g = only_geometry(records);
  CHECK(*g.spacing_mm == Approx(5));
  CHECK_FALSE(g.gap_mm.has_value());
  CHECK_FALSE(g.coverage_mm.has_value());
}

TEST_CASE("one slice without position makes the whole stack's geometry not determinable") {
  Records records = ct_series(24);
  unset(records.all()[10], "ImagePositionPatient");
  const Geometry g = only_geometry(records);
  CHECK_FALSE(g.missing_count.has_value());
}

TEST_CASE("nonsense in positions is no position") {
  for (const Values& values :
       {Values{"1e300", "0", "0"}, Values{"a", "b", "c"}, Values{"1", "2"}, Values{}}) {
    Records records = ct_series(5);
    for (InstanceRecord& record : records.all()) set(record, "ImagePositionPatient", values);
    CHECK_FALSE(only_geometry(records).spacing_mm.has_value());
  }
  Records records = ct_series(5);
  for (InstanceRecord& record : records.all()) orient(record, {0, 0, 0, 0, 0, 0});
  CHECK_FALSE(only_geometry(records).spacing_mm.has_value());
}

TEST_CASE("PS3.3 C.7.6.16: frames of an enhanced instance are slices") {
  Records records;
  InstanceRecord& record = records.add(ct_slice(1, 0));
  for (const char* const path :
       {"ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"}) {
    unset(record, path);
  }
  for (int i = 0; i < 20; ++i) {
    if (i == 7) continue;
    Frame frame;
    frame.position = {{-200, -200, 3.0 * i}};
    frame.orientation = {{1, 0, 0, 0, 1, 0}};
    frame.pixel_spacing = {{0.8, 0.8}};
    frame.slice_thickness = 3;
    record.frames.push_back(frame);
  }
  const auto stacks = build_stacks(records.views());
  REQUIRE(stacks.size() == 1);
  CHECK(stacks[0].slices.size() == 19);
  CHECK(stacks[0].records.size() == 1);
  const Geometry g = geometry_of(stacks[0]);
  CHECK(g.missing_count == 1U);
  CHECK(g.missing[0].after == 7);
  CHECK(*g.gap_mm == Approx(0));
  CHECK(*g.coverage_mm == Approx(60));
}

TEST_CASE("coverage of chest and abdomen together counts the overlap once and no hole") {
  const Records chest = ct_series(50, 5, "1.2.3.1", 0);
  const Records abdomen = ct_series(60, 5, "1.2.3.2", -230);
  const Records far = ct_series(10, 5, "1.2.3.3", -1000);
  const auto a = build_stacks(chest.views());
  const auto b = build_stacks(abdomen.views());
  const auto c = build_stacks(far.views());
  const std::vector<const Stack*> both{&a[0], &b[0]};
  CHECK(*union_coverage_mm(both) == Approx(530));
  const std::vector<const Stack*> all{&a[0], &b[0], &c[0]};
  CHECK(*union_coverage_mm(all) == Approx(580));
}
