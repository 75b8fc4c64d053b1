#pragma once

#include "rules/evaluate/stacks.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// A hole in a regular stack.
struct MissingSlices {
  std::size_t after = 0;  ///< number (from 1) of the slice before the hole, in the order of the stack
  std::size_t count = 0;  ///< slices that would fill it
  double from_mm = 0;     ///< positions along the normal of the slices on both sides
  double to_mm = 0;
  const InstanceRecord* before_instance = nullptr;
  const InstanceRecord* after_instance = nullptr;
};

/// Slices at the position of another one.
struct DuplicateSlices {
  double at_mm = 0;
  std::vector<const InstanceRecord*> instances;  ///< all at that position, at least two
};

/// What position and orientation say about one stack. A member without value is not determinable.
struct Geometry {
  std::optional<double>
      spacing_mm;  ///< median distance of neighbours that are not at one position; needs two positions
  std::optional<double> gap_mm;  ///< spacing less the thinnest slice; negative: overlap
  std::vector<MissingSlices> missing;
  std::optional<std::size_t> missing_count;  ///< needs three positions: two cannot show a hole
  std::vector<DuplicateSlices> duplicates;
  std::optional<std::size_t> duplicate_count;  ///< slices beyond the first at each position
  std::optional<double>
      spacing_deviation_mm;           ///< largest distance of a neighbour from a whole number of spacings
  std::optional<double> tilt_deg;     ///< between normal and stack axis, 0..90; needs two positions
  std::optional<double> coverage_mm;  ///< first to last position plus thickness
  std::string_view orientation;       ///< axial, coronal, sagittal, oblique; empty: not determinable
  std::optional<double> field_of_view_mm;  ///< larger side of the image
  std::optional<double> voxel_anisotropy;  ///< largest voxel edge by the smallest; needs the spacing
  std::optional<double> voxel_size_mm;     ///< largest voxel edge; needs the spacing
};

/// Computes everything at once. Pure.
[[nodiscard]] Geometry geometry_of(const Stack& stack);

/// Length of the union of the stacks' extents along the normal of the first one, each with its slice
/// thickness, in mm. Nothing when one of the stacks has no geometry. Holes between stacks do not count.
[[nodiscard]] std::optional<double> union_coverage_mm(std::span<const Stack* const> stacks);

/// First and last position along `normal`, in mm. Nothing without positions.
[[nodiscard]] std::optional<std::pair<double, double>> extent_along(const Stack& stack,
                                                                    const Vector3& normal);

/// Axial when the normal is within about 25 degrees of the head-feet axis, and so on.
[[nodiscard]] std::string_view orientation_name(const Vector3& normal) noexcept;

}  // namespace trialgate::rules
