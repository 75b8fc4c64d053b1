#include "rules/trial/test.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

using enum Quantity;

constexpr std::array<std::pair<Quantity, std::string_view>, 34> quantity_names{{
    {slice_count, "slice_count"},
    {slice_spacing, "slice_spacing"},
    {slice_gap, "slice_gap"},
    {missing_slices, "missing_slices"},
    {duplicate_slices, "duplicate_slices"},
    {spacing_deviation, "spacing_deviation"},
    {z_coverage, "z_coverage"},
    {gantry_tilt, "gantry_tilt"},
    {orientation, "orientation"},
    {mixed_orientation, "mixed_orientation"},
    {contrast_given, "contrast_given"},
    {phase_delay, "phase_delay"},
    {lossy_compression, "lossy_compression"},
    {burned_in_annotation, "burned_in_annotation"},
    {scanner, "scanner"},
    {software_versions, "software_versions"},
    {kernel_class, "kernel_class"},
    {voxel_anisotropy, "voxel_anisotropy"},
    {uptake_time, "uptake_time"},
    {field_of_view, "field_of_view"},
    {field_strength, "field_strength"},
    {acquisition_start, "acquisition_start"},
    {suv_computable, "suv_computable"},
    {injected_activity, "injected_activity"},
    {stack_kind, "stack_kind"},
    {voxel_size, "voxel_size"},
    {in_plane_spacing, "in_plane_spacing"},
    {frame_count, "frame_count"},
    {attenuation_corrected, "attenuation_corrected"},
    {decay_corrected, "decay_corrected"},
    {radionuclide, "radionuclide"},
    {laterality, "laterality"},
    {view, "view"},
    {ultrasound_calibrated, "ultrasound_calibrated"},
}};

constexpr std::array<std::pair<Operator, std::string_view>, 14> operator_names{{
    {Operator::equals, "equals"},
    {Operator::one_of, "one_of"},
    {Operator::min, "min"},
    {Operator::max, "max"},
    {Operator::between, "between"},
    {Operator::matches, "matches"},
    {Operator::present, "present"},
    {Operator::absent, "absent"},
    {Operator::contains, "contains"},
    {Operator::excludes, "excludes"},
    {Operator::same_as, "same_as"},
    {Operator::same_as_slot, "same_as_slot"},
    {Operator::after_slot, "after"},
    {Operator::before_slot, "before"},
}};

template <class Table, class Key>
std::string_view name_in(const Table& table, Key key) noexcept {
  const auto* const found = std::ranges::find(table, key, &Table::value_type::first);
  return found == table.end() ? std::string_view{"?"} : found->second;
}

}  // namespace

std::string_view to_string(Quantity quantity) noexcept {
  return name_in(quantity_names, quantity);
}

std::string_view to_string(Operator op) noexcept {
  return name_in(operator_names, op);
}

std::optional<Quantity> quantity_named(std::string_view name) noexcept {
  for (const auto& [quantity, its_name] : quantity_names) {
    if (its_name == name) return quantity;
  }
  return std::nullopt;
}

std::optional<Operator> operator_named(std::string_view name) noexcept {
  for (const auto& [op, its_name] : operator_names) {
    if (its_name == name) return op;
  }
  return std::nullopt;
}

std::string Property::name() const {
  return quantity ? std::string(to_string(*quantity)) : attribute;
}

}  // namespace trialgate::rules
