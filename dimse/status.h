#pragma once

#include <cstdint>

namespace trialgate::dimse {

/// DIMSE status codes (PS3.7 annex C, PS3.4 table B.2-1) that this node sends or tells apart.
namespace status {
inline constexpr std::uint16_t success = 0x0000;
inline constexpr std::uint16_t processing_failure = 0x0110;
inline constexpr std::uint16_t duplicate_sop_instance = 0x0111;
inline constexpr std::uint16_t invalid_sop_instance = 0x0117;
inline constexpr std::uint16_t sop_class_not_supported = 0x0122;
inline constexpr std::uint16_t not_authorized = 0x0124;
inline constexpr std::uint16_t unrecognized_operation = 0x0211;
inline constexpr std::uint16_t mistyped_argument = 0x0212;
inline constexpr std::uint16_t resource_limitation = 0x0213;  ///< N- services
inline constexpr std::uint16_t out_of_resources = 0xA700;
inline constexpr std::uint16_t unable_to_calculate_matches = 0xA701;       ///< C-MOVE, C-GET
inline constexpr std::uint16_t unable_to_perform_sub_operations = 0xA702;  ///< C-MOVE, C-GET
inline constexpr std::uint16_t move_destination_unknown = 0xA801;
inline constexpr std::uint16_t data_set_does_not_match_sop_class = 0xA900;
inline constexpr std::uint16_t cannot_understand = 0xC000;
inline constexpr std::uint16_t cancel = 0xFE00;
inline constexpr std::uint16_t pending = 0xFF00;
inline constexpr std::uint16_t pending_keys_not_supported =
    0xFF01;  ///< C-FIND: an optional key was not matched
inline constexpr std::uint16_t coercion_of_data_elements = 0xB000;
inline constexpr std::uint16_t sub_operations_failed =
    0xB000;  ///< C-MOVE, C-GET: one or more failed or warned
inline constexpr std::uint16_t elements_discarded = 0xB006;
inline constexpr std::uint16_t data_set_does_not_match_sop_class_warning = 0xB007;
}  // namespace status

enum class StatusClass { success, warning, failure, cancel, pending };

/// The class of a status (PS3.7 annex C). Codes that the standard leaves open are failures.
[[nodiscard]] constexpr StatusClass classify(std::uint16_t code) noexcept {
  if (code == status::success) return StatusClass::success;
  if (code == status::pending || code == status::pending_keys_not_supported) return StatusClass::pending;
  if (code == status::cancel) return StatusClass::cancel;
  if ((code & 0xF000) == 0xB000 || code == 0x0001 || code == 0x0107 || code == 0x0116)
    return StatusClass::warning;
  return StatusClass::failure;
}

}  // namespace trialgate::dimse
