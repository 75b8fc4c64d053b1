#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What can be computed of a stack of slices, beside the attributes of PS3.6. Geometry is from Image Position
/// (Patient) and Image Orientation (Patient) only; Spacing Between Slices and Slice Location are never used.
enum class Quantity : std::uint8_t {
  slice_count,        ///< slices (frames of multi-frame instances count one by one)
  slice_spacing,      ///< mm, median distance of neighbours along the slice normal
  slice_gap,          ///< mm, spacing less slice thickness; negative: slices overlap
  missing_slices,     ///< number of slices that the regular spacing has no instance for
  duplicate_slices,   ///< number of slices beyond the first at one position
  spacing_deviation,  ///< mm, largest distance of a slice from the regular grid
  z_coverage,         ///< mm, from the first slice's far side to the last's, over all parts of a slot
  gantry_tilt,        ///< degrees between slice normal and stack axis, never negative
  orientation,        ///< axial, coronal, sagittal or oblique
  mixed_orientation,  ///< yes or no: the series holds slices of another orientation, localizers not counted
  contrast_given,     ///< yes or no: an intravenous contrast agent is recorded
  phase_delay,        ///< s, from contrast start to the first acquisition
  lossy_compression,  ///< yes or no, from the attributes and the transfer syntax
  burned_in_annotation,  ///< yes or no
  scanner,               ///< identity: serial number, else station and model, else model
  software_versions,     ///< of the scanner, in any order
  kernel_class,          ///< soft, lung, bone or other, by vendor spelling of Convolution Kernel (0018,1210)
  voxel_anisotropy,      ///< largest edge of a voxel divided by the smallest, spacing taken as its third edge
  uptake_time,           ///< min, from radiopharmaceutical injection to the first acquisition (PET)
  field_of_view,         ///< mm, larger side of rows or columns times their spacing
  field_strength,        ///< T, from Magnetic Field Strength (0018,0087), which some scanners give in gauss
  acquisition_start,     ///< date and time of the first acquisition, to be compared with other series
  suv_computable,        ///< yes or no: the header has all that a body-weight SUV needs, and it agrees (PET)
  injected_activity,     ///< MBq, from Radionuclide Total Dose (0018,1074), which classic PET gives in Bq
  stack_kind,            ///< image, or derived: a reformat, a projection, a map; by content, never by name
  voxel_size,            ///< mm, largest edge of a voxel, spacing taken as its third edge
  in_plane_spacing,      ///< mm, larger side of a pixel: Pixel Spacing, or that at the detector (CR, DX, MG)
  frame_count,           ///< frames of the stack, cine and gated ones included
  attenuation_corrected,  ///< yes or no (PET, NM): series without correction are told by it
  decay_corrected,        ///< yes or no: to the start of the scan or to the injection (PET)
  radionuclide,           ///< F-18, Tc-99m, ...: by code or meaning of Radionuclide Code Sequence (PET, NM)
  laterality,             ///< left, right, both or unpaired
  view,                   ///< View Position (0018,5101), or the meaning of View Code Sequence (CR, DX, MG)
  ultrasound_calibrated,  ///< yes or no: some region gives its physical scale in cm (US)
};

/// "slice_gap". Never empty.
[[nodiscard]] std::string_view to_string(Quantity quantity) noexcept;
/// The quantity of that name, if there is one.
[[nodiscard]] std::optional<Quantity> quantity_named(std::string_view name) noexcept;

/// The thing a test looks at: an attribute or a computed quantity.
struct Property {
  std::optional<Quantity> quantity;  ///< set: computed; not set: the attribute
  std::string attribute;  ///< PS3.6 keyword, or keywords from the outermost sequence on, joined by '.'
  bool numeric = false;   ///< compared as a number (VR DS, IS, US, SS, UL, SL, FL, FD; most quantities)
  std::string unit;       ///< that its numbers are in: "mm", "kV", ...; empty: none or not known

  /// Keyword path or quantity name.
  [[nodiscard]] std::string name() const;

  friend bool operator==(const Property&, const Property&) = default;
};

enum class Operator : std::uint8_t {
  equals,    ///< all values, in order, are the operands
  one_of,    ///< every value is one of the operands
  min,       ///< every value is the operand or more
  max,       ///< every value is the operand or less
  between,   ///< every value is within the two operands, both included
  matches,   ///< some value matches the regular expression (ECMAScript, whole value, case does not count)
  present,   ///< the attribute is there and not empty
  absent,    ///< the attribute is not there, or empty
  contains,  ///< some value contains the operand; case does not count
  excludes,  ///< no value contains the operand; case does not count
  same_as,   ///< equal to what the same slot had at another time point of this subject, within the tolerance
  same_as_slot,  ///< equal to what another slot has in this study, within the tolerance
  after_slot,    ///< acquisition_start: later than that of another slot in this study ("after")
  before_slot,   ///< acquisition_start: earlier than that of another slot in this study ("before")
};

/// True for the operators whose operand is another slot of the same study.
[[nodiscard]] constexpr bool compares_slots(Operator op) noexcept {
  return op == Operator::same_as_slot || op == Operator::after_slot || op == Operator::before_slot;
}
/// "equals" and so on, as written in a trial file.
[[nodiscard]] std::string_view to_string(Operator op) noexcept;
[[nodiscard]] std::optional<Operator> operator_named(std::string_view name) noexcept;

/// How far apart two numbers may be and still count as equal (same_as, equals) or as within a bound.
struct Tolerance {
  double value = 0;
  bool per_cent = false;  ///< of the value compared with; otherwise in the property's unit

  friend bool operator==(const Tolerance&, const Tolerance&) = default;
};

/// One operator with its operands.
struct Condition {
  Operator op = Operator::equals;
  std::vector<std::string>
      texts;  ///< operands as written; for same_as the time point's id or "previous", for *_slot a slot's id
  std::vector<double> numbers;         ///< the same operands as numbers, when the property is numeric
  std::optional<Tolerance> tolerance;  ///< not set: 0.01 for millimetres, else 1e-6 of the operand

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// All conditions on one property.
struct Test {
  Property property;
  std::vector<Condition> conditions;

  friend bool operator==(const Test&, const Test&) = default;
};

/// True when all of `all` hold, none of `none` does, and, unless `any` is empty, one of `any` does.
struct Predicate {
  std::vector<Test> all;
  std::vector<Predicate> none;
  std::vector<Predicate> any;

  [[nodiscard]] bool empty() const noexcept { return all.empty() && none.empty() && any.empty(); }
  friend bool operator==(const Predicate&, const Predicate&) = default;
};

}  // namespace trialgate::rules
