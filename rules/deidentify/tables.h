#pragma once

#include "rules/dataset/dictionary.h"
#include "rules/deidentify/rules.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Action codes of PS3.15 Table E.1-1a, as far as the profile's column has them. C and K come from options.
enum class ProfileAction : std::uint8_t { d, z, x, u, z_d, x_z, x_d, x_z_d, x_z_u };
/// "D", "Z/D", "X/Z/U*" ...
[[nodiscard]] std::string_view to_string(ProfileAction action) noexcept;

/// One row of PS3.15 Table E.1-1. The patterns for curves, overlays and private elements are not rows.
struct ConfidentialityRow {
  std::uint32_t tag = 0;
  Vr vr = Vr::un;
  ProfileAction basic = ProfileAction::x;
  std::uint16_t keep = 0;   ///< options whose column says K, bit = DeidentificationOption
  std::uint16_t clean = 0;  ///< options whose column says C

  [[nodiscard]] bool keeps(DeidentificationOption option) const noexcept {
    return (keep >> static_cast<unsigned>(option) & 1U) != 0;
  }
  [[nodiscard]] bool cleans(DeidentificationOption option) const noexcept {
    return (clean >> static_cast<unsigned>(option) & 1U) != 0;
  }
};
/// Sorted by tag.
[[nodiscard]] std::span<const ConfidentialityRow> confidentiality_rows() noexcept;

/// One row of PS3.15 Table E.3.4-1: a concept name of structured reports, and what becomes of items that have
/// it.
struct ContentConceptRow {
  std::string_view scheme;      ///< Coding Scheme Designator
  std::string_view code;        ///< Code Value
  std::string_view value_type;  ///< (0040,A040)
  ProfileAction basic = ProfileAction::x;
  std::uint16_t keep = 0;   ///< options whose column says K, bit = DeidentificationOption
  std::uint16_t clean = 0;  ///< options whose column says C

  [[nodiscard]] bool keeps(DeidentificationOption option) const noexcept {
    return (keep >> static_cast<unsigned>(option) & 1U) != 0;
  }
  [[nodiscard]] bool cleans(DeidentificationOption option) const noexcept {
    return (clean >> static_cast<unsigned>(option) & 1U) != 0;
  }
};
[[nodiscard]] std::span<const ContentConceptRow> content_concept_rows() noexcept;
/// The row of the concept with this value type, or with another one; null when the table does not have it.
[[nodiscard]] const ContentConceptRow* find_content_concept(std::string_view scheme, std::string_view code,
                                                            std::string_view value_type) noexcept;

/// One row of PS3.15 Table E.3.10-1.
struct SafePrivateRow {
  std::uint32_t tag = 0;  ///< group and low byte of the element
  Vr vr = Vr::un;         ///< UN where the table does not say
  std::string_view creator;
};
[[nodiscard]] std::span<const SafePrivateRow> safe_private_rows() noexcept;
/// Null when the table does not have it. The block of `tag` does not matter.
[[nodiscard]] const SafePrivateRow* find_safe_private(Tag tag, std::string_view creator) noexcept;

/// Type of an attribute in an IOD (PS3.5 §7.4); conditional ones count as present.
enum class AttributeType : std::uint8_t { unknown, one, two, three };
/// Type of the attribute at `path` (sequences down to the attribute) in the IOD of a SOP class, by PS3.3 of
/// 2015/16: unknown for IODs, paths and attributes that are younger, and for all but those with a compound
/// action.
[[nodiscard]] AttributeType attribute_type(std::string_view sop_class_uid,
                                           std::span<const Tag> path) noexcept;

/// CID 7050 De-identification Method.
struct MethodCode {
  std::string_view value;
  std::string_view meaning;
};
/// The Basic Application Confidentiality Profile, 113100.
[[nodiscard]] MethodCode profile_code() noexcept;
[[nodiscard]] MethodCode option_code(DeidentificationOption option) noexcept;
/// By its value; an empty one when CID 7050 does not have it.
[[nodiscard]] MethodCode method_code(std::string_view value) noexcept;

inline constexpr std::string_view tables_edition = "PS3.15 2026d";
/// Hex, over everything above. Any thread.
[[nodiscard]] const std::string& tables_sha256();

}  // namespace trialgate::rules
