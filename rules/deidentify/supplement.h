#pragma once

#include "rules/dataset/dictionary.h"
#include "rules/deidentify/rules.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace trialgate::rules {

/// What this project does with attributes that Table E.1-1 does not list and that can tell who, where or
/// when.
enum class SupplementAction : std::uint8_t {
  remove,
  keep,                   ///< although its VR alone would say otherwise
  remove_or_device,       ///< kept with Retain Device Identity
  remove_or_institution,  ///< kept with Retain Institution Identity
  dummy,                  ///< replaced where it has a value
};

struct SupplementRow {
  std::uint32_t tag = 0;
  SupplementAction action = SupplementAction::remove;
};
/// Sorted by tag; none is in Table E.1-1.
[[nodiscard]] std::span<const SupplementRow> supplement_rows() noexcept;

/// UI attributes that name a class, a syntax or a coding scheme, never an instance, a person or a device:
/// their value is kept whatever its root.
[[nodiscard]] bool is_structural_uid(Tag tag) noexcept;

/// Attributes whose value identifies by itself: once removed it must not be anywhere in the output. Names of
/// persons, dates and UIDs are known by their VR and are not listed.
[[nodiscard]] bool is_identifying_text(Tag tag) noexcept;

/// Manufacturer's Model Name begins with a product family of a maker of scanners: words in it name no person,
/// even where a person is called so ("Aquilion ONE").
[[nodiscard]] bool is_product_name(std::string_view model) noexcept;

}  // namespace trialgate::rules
