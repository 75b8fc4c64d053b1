#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/examine/instance_record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::rules {

using Vector3 = std::array<double, 3>;

/// One slice: a single-frame instance, or one frame of a multi-frame one.
struct Slice {
  const InstanceRecord* record = nullptr;
  std::size_t frame = 0;                                  ///< from 0
  std::optional<Vector3> position;                        ///< Image Position (Patient), mm
  std::optional<std::array<double, 6>> orientation;       ///< Image Orientation (Patient), unit vectors
  std::optional<double> thickness_mm;                     ///< Slice Thickness
  std::optional<std::array<double, 2>> pixel_spacing_mm;  ///< row spacing first
  std::string acquisition;  ///< Acquisition Number and time: tells phases apart that share positions
  double distance_mm = 0;   ///< along the stack's normal; only when the stack has one
};

/// Slices of one series that belong together: one orientation, image type, echo, b-value, kernel and temporal
/// position. Acquisitions are split only where their extents overlap, so that a scan in two table positions
/// stays one stack and an arterial and a venous phase become two.
struct Stack {
  std::string series_uid;
  std::string modality;
  StackKind kind = StackKind::image;
  std::vector<Slice> slices;                   ///< ascending along the normal; else by instance number
  std::vector<const InstanceRecord*> records;  ///< of the slices, each once
  std::optional<Vector3>
      normal;                ///< unit vector; none when no slice of the stack has position and orientation
  std::size_t unplaced = 0;  ///< slices without position or orientation
  std::size_t series_orientations =
      1;  ///< orientations among the images of the series, localizers not counted
  std::string frame_of_reference_uid;
};

/// What one instance is, by SOP class, Image Type (0008,0008) and pixel description. Building stacks knows
/// more: CT slices that are not across the body are derived, and a few MR slices in three planes are a
/// localizer.
[[nodiscard]] StackKind kind_of(const InstanceRecord& record);

/// Splits instances into stacks, ordered by Series Instance UID. The order of `records` does not matter; an
/// instance that is there twice counts once.
[[nodiscard]] std::vector<Stack> build_stacks(std::vector<const InstanceRecord*> records);

/// How far two direction cosines may be apart and still be the same orientation (rounding to four digits and
/// more).
inline constexpr double orientation_tolerance = 1e-3;
/// Distance along the normal below which two slices are at one position, in mm.
inline constexpr double position_tolerance_mm = 0.01;

}  // namespace trialgate::rules
