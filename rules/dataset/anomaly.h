#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// What is wrong with a data set that could still be read.
enum class AnomalyKind : std::uint8_t {
  // structure (PS3.5 §7)
  tag_order,  ///< a tag is not greater than the one before it
  duplicate_tag,
  item_tag_as_element,      ///< group FFFE where a data element belongs
  command_or_meta_element,  ///< group 0000, 0002 or 0004 in the data set of an instance
  undefined_vr,             ///< the two letters are no VR
  vr_mismatch,              ///< the VR on the wire cannot hold what the dictionary says
  odd_length,
  value_overrun,          ///< a value ends behind its item or the data set
  item_overrun,           ///< an item ends behind its sequence
  not_an_item,            ///< bytes in a sequence that are no item
  unterminated_sequence,  ///< undefined length without delimitation item
  unreadable_sequence,    ///< items could not be enumerated: the element is kept as bytes
  sequence_as_other_vr,   ///< items in an element whose VR is not SQ (or implicit UN), read as items
  undefined_length_not_allowed,
  fragments_unreadable,      ///< encapsulated pixel data whose fragments do not add up
  delimitation_length,       ///< a delimitation item with a length
  group_length_mismatch,     ///< retired, dropped on writing
  trailing_zeros,            ///< zero bytes after the last element
  trailing_bytes,            ///< other bytes after the last element
  truncated,                 ///< the data set ends inside an element: nothing behind it was read
  second_pixel_data,         ///< more than one of the pixel data elements
  private_creator_missing,   ///< private elements without a reservation of their block
  private_creator_not_text,  ///< a private creator element that is no LO
  // content, found by examine()
  unknown_character_set,
  undecodable_text,
  identity_missing,  ///< a SOP Class, SOP Instance, Study or Series Instance UID absent or empty
  malformed_uid,
  meta_mismatch,       ///< file meta information says another instance
  pixel_data_missing,  ///< image description without pixel data
  pixel_data_length_mismatch,
};

/// Real senders do `tolerable` things; a `fatal` one means that bytes may not be what they seem, so that
/// nobody can vouch for the result of de-identification.
enum class Severity : std::uint8_t { tolerable, fatal };

/// One thing wrong, and where. Holds no value of the data set.
struct Anomaly {
  AnomalyKind kind = AnomalyKind::tag_order;
  Severity severity = Severity::fatal;
  std::uint64_t offset = 0;  ///< bytes from the start of the data set
  std::string path;          ///< "(0040,0275)[0].(0040,0007)"

  friend bool operator==(const Anomaly&, const Anomaly&) = default;
};

/// Snake case name, stable: stored in instance records.
[[nodiscard]] std::string_view to_string(AnomalyKind kind) noexcept;
[[nodiscard]] std::optional<AnomalyKind> parse_anomaly_kind(std::string_view name) noexcept;

}  // namespace trialgate::rules
