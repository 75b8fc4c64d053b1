#include "rules/evaluate/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace trialgate::rules {
namespace {

/// Share of the spacing from which a distance is a hole: 1.5 slices.
constexpr double hole_from_spacings = 1.5;
/// Cosine of the angle to a body axis up to which a plane has its name.
constexpr double named_plane_cosine = 0.9;

/// Slices at one position.
struct Level {
  double distance_mm = 0;
  std::vector<const Slice*> slices;
};

std::vector<Level> levels_of(const Stack& stack) {
  std::vector<Level> levels;
  for (const Slice& slice : stack.slices) {
    if (levels.empty() || slice.distance_mm - levels.back().distance_mm > position_tolerance_mm) {
      levels.push_back({slice.distance_mm, {}});
    }
    levels.back().slices.push_back(&slice);
  }
  return levels;
}

/// The lower median: with few slices and a hole the smaller distance is the spacing.
std::optional<double> median_spacing(const std::vector<Level>& levels) {
  if (levels.size() < 2) return std::nullopt;
  std::vector<double> distances;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    distances.push_back(levels[i].distance_mm - levels[i - 1].distance_mm);
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>((distances.size() - 1) / 2);
  std::ranges::nth_element(distances, middle);
  return *middle;
}

/// The thinnest slice; nothing when one slice does not say or says no length.
std::optional<double> thinnest(const Stack& stack) {
  std::optional<double> least;
  for (const Slice& slice : stack.slices) {
    if (!slice.thickness_mm || !(*slice.thickness_mm > 0)) return std::nullopt;
    least = std::min(least.value_or(*slice.thickness_mm), *slice.thickness_mm);
  }
  return least;
}

void find_holes(const std::vector<Level>& levels, double spacing, Geometry& geometry) {
  double deviation = 0;
  std::size_t count = 0;
  std::size_t slices_before = 0;
  for (std::size_t i = 1; i < levels.size(); ++i) {
    slices_before += levels[i - 1].slices.size();
    const double distance = levels[i].distance_mm - levels[i - 1].distance_mm;
    const double spacings = std::max(1.0, std::round(distance / spacing));
    deviation = std::max(deviation, std::abs(distance - spacings * spacing));
    if (distance < hole_from_spacings * spacing || spacings < 2) continue;
    const auto missing = static_cast<std::size_t>(std::min(spacings - 1, 1e9));
    count += missing;
    geometry.missing.push_back({slices_before, missing, levels[i - 1].distance_mm, levels[i].distance_mm,
                                levels[i - 1].slices.front()->record, levels[i].slices.front()->record});
  }
  geometry.spacing_deviation_mm = deviation;
  if (levels.size() > 2) geometry.missing_count = count;
}

void find_duplicates(const std::vector<Level>& levels, Geometry& geometry) {
  std::size_t count = 0;
  for (const Level& level : levels) {
    if (level.slices.size() < 2) continue;
    count += level.slices.size() - 1;
    DuplicateSlices duplicate{level.distance_mm, {}};
    for (const Slice* const slice : level.slices) duplicate.instances.push_back(slice->record);
    geometry.duplicates.push_back(std::move(duplicate));
  }
  geometry.duplicate_count = count;
}

/// Angle between the normal and the line through the first and the last slice's corner.
std::optional<double> tilt(const Stack& stack, const std::vector<Level>& levels) {
  if (levels.size() < 2) return std::nullopt;
  const Vector3& first = *levels.front().slices.front()->position;
  const Vector3& last = *levels.back().slices.front()->position;
  const Vector3 axis{last[0] - first[0], last[1] - first[1], last[2] - first[2]};
  const double length = std::hypot(axis[0], axis[1], axis[2]);
  const Vector3& n = *stack.normal;
  const Vector3 cross{axis[1] * n[2] - axis[2] * n[1], axis[2] * n[0] - axis[0] * n[2],
                      axis[0] * n[1] - axis[1] * n[0]};
  // The sine keeps its precision near zero, where the cosine has none.
  const double sine = std::min(1.0, std::hypot(cross[0], cross[1], cross[2]) / length);
  return std::asin(sine) * 180.0 / std::numbers::pi;
}

/// The slice's pixel spacing when it makes sense.
std::optional<std::array<double, 2>> valid_pixel_spacing(const Stack& stack) {
  const auto& spacing = stack.slices.front().pixel_spacing_mm;
  if (!spacing || !((*spacing)[0] > 0) || !((*spacing)[1] > 0)) return std::nullopt;
  return spacing;
}

void measure_pixels(const Stack& stack, Geometry& geometry) {
  const auto pixel = valid_pixel_spacing(stack);
  if (!pixel) return;
  const InstanceRecord& record = *stack.slices.front().record;
  const auto rows = record.number("Rows");
  const auto columns = record.number("Columns");
  if (rows && columns) geometry.field_of_view_mm = std::max(*rows * (*pixel)[0], *columns * (*pixel)[1]);
  if (!geometry.spacing_mm) return;
  const auto [least, most] = std::minmax({(*pixel)[0], (*pixel)[1], *geometry.spacing_mm});
  geometry.voxel_anisotropy = most / least;
  geometry.voxel_size_mm = most;
}

}  // namespace

std::string_view orientation_name(const Vector3& normal) noexcept {
  if (std::abs(normal[2]) > named_plane_cosine) return "axial";
  if (std::abs(normal[1]) > named_plane_cosine) return "coronal";
  if (std::abs(normal[0]) > named_plane_cosine) return "sagittal";
  return "oblique";
}

Geometry geometry_of(const Stack& stack) {
  Geometry geometry;
  if (stack.slices.empty()) return geometry;
  if (stack.normal) geometry.orientation = orientation_name(*stack.normal);
  if (stack.normal && stack.unplaced == 0) {
    const auto levels = levels_of(stack);
    geometry.spacing_mm = median_spacing(levels);
    if (geometry.spacing_mm) find_holes(levels, *geometry.spacing_mm, geometry);
    find_duplicates(levels, geometry);
    geometry.tilt_deg = tilt(stack, levels);
    if (const auto thickness = thinnest(stack)) {
      if (geometry.spacing_mm) geometry.gap_mm = *geometry.spacing_mm - *thickness;
      geometry.coverage_mm = levels.back().distance_mm - levels.front().distance_mm + *thickness;
    }
  }
  measure_pixels(stack, geometry);
  return geometry;
}

std::optional<std::pair<double, double>> extent_along(const Stack& stack, const Vector3& normal) {
  std::optional<std::pair<double, double>> extent;
  for (const Slice& slice : stack.slices) {
    if (!slice.position) continue;
    const Vector3& p = *slice.position;
    const double distance = normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2];
    if (!extent) extent.emplace(distance, distance);
    extent->first = std::min(extent->first, distance);
    extent->second = std::max(extent->second, distance);
  }
  return extent;
}

std::optional<double> union_coverage_mm(std::span<const Stack* const> stacks) {
  if (stacks.empty() || !stacks.front()->normal) return std::nullopt;
  std::vector<std::pair<double, double>> extents;
  for (const Stack* const stack : stacks) {
    const auto thickness = thinnest(*stack);
    const auto extent = extent_along(*stack, *stacks.front()->normal);
    if (!thickness || !extent || stack->unplaced != 0) return std::nullopt;
    extents.emplace_back(extent->first - *thickness / 2, extent->second + *thickness / 2);
  }
  std::ranges::sort(extents);
  double covered = 0;
  double reached = extents.front().first;
  for (const auto& [low, high] : extents) {
    if (high <= reached) continue;
    covered += high - std::max(low, reached);
    reached = high;
  }
  return covered;
}

}  // namespace trialgate::rules
