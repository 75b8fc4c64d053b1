#include "dimse/message/command_set.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

constexpr std::size_t element_header_bytes = 8;  // group 2, element 2, length 4: implicit VR little endian

std::uint16_t load_u16(std::span<const std::uint8_t> at) {
  return static_cast<std::uint16_t>(at[0] | at[1] << 8);
}

std::uint32_t load_u32(std::span<const std::uint8_t> at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
         std::uint32_t{at[3]} << 24;
}

void put_u16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}

void put_u32(std::vector<std::uint8_t>& out, std::size_t value) {
  put_u16(out, value & 0xFFFF);
  put_u16(out, value >> 16);
}

Failure malformed(std::string where) {
  return fail(Errc::malformed_command, std::move(where));
}

}  // namespace

Result<CommandSet> CommandSet::parse(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > max_command_set_bytes) return malformed("command set too long");
  CommandSet set;
  int previous = -1;
  bool group_length = false;
  while (!bytes.empty()) {
    if (bytes.size() < element_header_bytes) return malformed("element header");
    if (load_u16(bytes) != 0x0000) return malformed("group other than 0000");
    const std::uint16_t element = load_u16(bytes.subspan(2));
    const std::uint32_t length = load_u32(bytes.subspan(4));
    bytes = bytes.subspan(element_header_bytes);
    if (length > bytes.size()) return malformed("element length");
    if (element <= previous) return malformed("element order");
    previous = element;
    const auto value = bytes.first(length);
    bytes = bytes.subspan(length);
    if (element == 0) {
      group_length = true;
    } else {
      set.elements_.emplace_hint(set.elements_.end(), element,
                                 std::vector<std::uint8_t>(value.begin(), value.end()));
    }
  }
  if (!group_length) return malformed("missing group length");
  if (!set.us(CommandElement::command_field)) return malformed("missing command field");
  return set;
}

std::vector<std::uint8_t> CommandSet::encode() const {
  std::size_t length = 0;
  for (const auto& [element, value] : elements_) length += element_header_bytes + value.size();
  std::vector<std::uint8_t> out;
  out.reserve(element_header_bytes + 4 + length);
  put_u16(out, 0);
  put_u16(out, 0);
  put_u32(out, 4);
  put_u32(out, length);
  for (const auto& [element, value] : elements_) {
    put_u16(out, 0);
    put_u16(out, element);
    put_u32(out, value.size());
    out.insert(out.end(), value.begin(), value.end());
  }
  return out;
}

std::optional<std::uint16_t> CommandSet::us(CommandElement element) const {
  const auto found = elements_.find(static_cast<std::uint16_t>(element));
  if (found == elements_.end() || found->second.size() != 2) return std::nullopt;
  return load_u16(found->second);
}

std::optional<std::string> CommandSet::text(CommandElement element) const {
  const auto found = elements_.find(static_cast<std::uint16_t>(element));
  if (found == elements_.end()) return std::nullopt;
  std::string value(found->second.begin(), found->second.end());
  while (!value.empty() && (value.back() == ' ' || value.back() == '\0')) value.pop_back();
  return value;
}

std::optional<Uid> CommandSet::uid(CommandElement element) const {
  auto value = text(element);
  if (!value) return std::nullopt;
  return Uid(std::move(*value));
}

void CommandSet::set_us(CommandElement element, std::uint16_t value) {
  elements_[static_cast<std::uint16_t>(element)] = {static_cast<std::uint8_t>(value),
                                                    static_cast<std::uint8_t>(value >> 8)};
}

void CommandSet::set_text(CommandElement element, std::string_view value) {
  std::vector<std::uint8_t> bytes(value.begin(), value.end());
  if (bytes.size() % 2 != 0) bytes.push_back(' ');
  elements_[static_cast<std::uint16_t>(element)] = std::move(bytes);
}

void CommandSet::set_uid(CommandElement element, const Uid& value) {
  std::vector<std::uint8_t> bytes(value.value().begin(), value.value().end());
  if (bytes.size() % 2 != 0) bytes.push_back(0);
  elements_[static_cast<std::uint16_t>(element)] = std::move(bytes);
}

void CommandSet::set_tags(CommandElement element, std::span<const std::uint32_t> tags) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint32_t tag : tags) {
    for (const unsigned shift : {16U, 24U, 0U, 8U}) bytes.push_back(static_cast<std::uint8_t>(tag >> shift));
  }
  elements_[static_cast<std::uint16_t>(element)] = std::move(bytes);
}

std::uint16_t CommandSet::command_field() const {
  return us(CommandElement::command_field).value_or(0);
}

bool CommandSet::data_set_follows() const {
  return us(CommandElement::command_data_set_type) != no_data_set;
}

}  // namespace trialgate::dimse
