#pragma once

#include "dimse/result.h"
#include "dimse/types.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::dimse {

/// Longest command set that is read. The longest real one, an N- command with a full tag list, is far below.
inline constexpr std::size_t max_command_set_bytes = 64 * 1024;

/// Elements of group 0000 (PS3.7 annex E.1), by element number.
enum class CommandElement : std::uint16_t {
  command_group_length = 0x0000,
  affected_sop_class_uid = 0x0002,
  requested_sop_class_uid = 0x0003,
  command_field = 0x0100,
  message_id = 0x0110,
  message_id_being_responded_to = 0x0120,
  move_destination = 0x0600,
  priority = 0x0700,
  command_data_set_type = 0x0800,
  status = 0x0900,
  offending_element = 0x0901,
  error_comment = 0x0902,
  error_id = 0x0903,
  affected_sop_instance_uid = 0x1000,
  requested_sop_instance_uid = 0x1001,
  event_type_id = 0x1002,
  attribute_identifier_list = 0x1005,
  action_type_id = 0x1008,
  number_of_remaining_sub_operations = 0x1020,
  number_of_completed_sub_operations = 0x1021,
  number_of_failed_sub_operations = 0x1022,
  number_of_warning_sub_operations = 0x1023,
  move_originator_application_entity_title = 0x1030,
  move_originator_message_id = 0x1031,
};

/// Command Field (0000,0100). A response has bit 15 set beside its request's value.
enum class CommandField : std::uint16_t {
  c_store_rq = 0x0001,
  c_get_rq = 0x0010,
  c_find_rq = 0x0020,
  c_move_rq = 0x0021,
  c_echo_rq = 0x0030,
  n_event_report_rq = 0x0100,
  n_get_rq = 0x0110,
  n_set_rq = 0x0120,
  n_action_rq = 0x0130,
  n_create_rq = 0x0140,
  n_delete_rq = 0x0150,
  c_cancel_rq = 0x0FFF,
  c_store_rsp = 0x8001,
  c_get_rsp = 0x8010,
  c_find_rsp = 0x8020,
  c_move_rsp = 0x8021,
  c_echo_rsp = 0x8030,
};
inline constexpr std::uint16_t response_bit = 0x8000;

/// Command Data Set Type (0000,0800): this value says that no data set follows, any other that one does.
inline constexpr std::uint16_t no_data_set = 0x0101;
inline constexpr std::uint16_t data_set_present = 0x0001;

/// A command set (PS3.7 §6.3.1): group 0000 in implicit VR little endian. Pure.
class CommandSet {
 public:
  /// Errors: malformed_command for a group other than 0000, tags that do not ascend, a length beyond the end,
  /// a missing group length or command field, more than max_command_set_bytes. The group length's value is
  /// not tested.
  [[nodiscard]] static Result<CommandSet> parse(std::span<const std::uint8_t> bytes);

  /// With the group length in front; ascending, values padded to even length.
  [[nodiscard]] std::vector<std::uint8_t> encode() const;

  /// nullopt if the element is absent or of another length than two bytes.
  [[nodiscard]] std::optional<std::uint16_t> us(CommandElement element) const;
  /// nullopt if the element is absent; without padding.
  [[nodiscard]] std::optional<std::string> text(CommandElement element) const;
  [[nodiscard]] std::optional<Uid> uid(CommandElement element) const;

  void set_us(CommandElement element, std::uint16_t value);
  void set_text(CommandElement element, std::string_view value);
  void set_uid(CommandElement element, const Uid& value);
  /// VR AT: group and element of each tag.
  void set_tags(CommandElement element, std::span<const std::uint32_t> tags);

  /// Command Field as it is; parse() made sure that there is one.
  [[nodiscard]] std::uint16_t command_field() const;
  [[nodiscard]] bool is_response() const { return (command_field() & response_bit) != 0; }
  /// False only for Command Data Set Type 0101H (PS3.7 §6.3.1); an absent type counts as "follows".
  [[nodiscard]] bool data_set_follows() const;

  bool operator==(const CommandSet&) const = default;

 private:
  std::map<std::uint16_t, std::vector<std::uint8_t>> elements_;  ///< without the group length
};

}  // namespace trialgate::dimse
