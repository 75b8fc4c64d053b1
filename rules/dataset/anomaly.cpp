#include "rules/dataset/anomaly.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 30> names = {
    "tag_order",
    "duplicate_tag",
    "item_tag_as_element",
    "command_or_meta_element",
    "undefined_vr",
    "vr_mismatch",
    "odd_length",
    "value_overrun",
    "item_overrun",
    "not_an_item",
    "unterminated_sequence",
    "unreadable_sequence",
    "sequence_as_other_vr",
    "undefined_length_not_allowed",
    "fragments_unreadable",
    "delimitation_length",
    "group_length_mismatch",
    "trailing_zeros",
    "trailing_bytes",
    "truncated",
    "second_pixel_data",
    "private_creator_missing",
    "private_creator_not_text",
    "unknown_character_set",
    "undecodable_text",
    "identity_missing",
    "malformed_uid",
    "meta_mismatch",
    "pixel_data_missing",
    "pixel_data_length_mismatch",
};
static_assert(names.size() == static_cast<std::size_t>(AnomalyKind::pixel_data_length_mismatch) + 1);

}  // namespace

std::string_view to_string(AnomalyKind kind) noexcept {
  return names[static_cast<std::size_t>(kind)];
}

std::optional<AnomalyKind> parse_anomaly_kind(std::string_view name) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<AnomalyKind>(found - names.begin());
}

}  // namespace trialgate::rules
