#pragma once

#include "rules/result.h"
#include "rules/trial/test.h"

#include <span>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// The property that a key of a test names: a quantity, a PS3.6 keyword, or a path of keywords ("A.B",
/// "A[1].B", "A[*].B"), made canonical: every sequence with its index. Errors: invalid_configuration, `where`
/// says what is wrong and what may have been meant.
[[nodiscard]] Result<Property> property_named(std::string_view name);

/// Words that a text quantity can have (yes, no; axial, ...); empty: any text.
[[nodiscard]] std::span<const std::string_view> values_of(Quantity quantity) noexcept;

/// A quantity that can only be compared with another time point or series (scanner, software_versions,
/// acquisition_start).
[[nodiscard]] bool only_comparable(Quantity quantity) noexcept;

/// Modalities whose headers have what the quantity is computed from; empty: any.
[[nodiscard]] std::span<const std::string_view> modalities_of(Quantity quantity) noexcept;

/// A number that may be below zero (slices that overlap, a scan before the injection of contrast).
[[nodiscard]] bool can_be_negative(Quantity quantity) noexcept;

/// Names of all quantities, for suggestions.
[[nodiscard]] std::span<const std::string_view> quantity_vocabulary() noexcept;

}  // namespace trialgate::rules
