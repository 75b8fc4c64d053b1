#pragma once

#include "rules/dataset/data_set.h"

#include <cstdint>
#include <limits>

namespace trialgate::rules {

// Length of a value, item or sequence that a delimitation item ends (PS3.5 §7.1.1).
inline constexpr std::uint32_t undefined_length = std::numeric_limits<std::uint32_t>::max();

[[nodiscard]] inline std::uint16_t read_u16(const std::uint8_t* bytes, bool big_endian) noexcept {
  return big_endian ? static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1])
                    : static_cast<std::uint16_t>(bytes[1] << 8U | bytes[0]);
}

[[nodiscard]] inline std::uint32_t read_u32(const std::uint8_t* bytes, bool big_endian) noexcept {
  const std::uint32_t first = read_u16(bytes, big_endian);
  const std::uint32_t second = read_u16(bytes + 2, big_endian);
  return big_endian ? first << 16U | second : second << 16U | first;
}

[[nodiscard]] inline std::uint64_t read_u64(const std::uint8_t* bytes, bool big_endian) noexcept {
  const std::uint64_t first = read_u32(bytes, big_endian);
  const std::uint64_t second = read_u32(bytes + 4, big_endian);
  return big_endian ? first << 32U | second : second << 32U | first;
}

[[nodiscard]] inline Tag read_tag(const std::uint8_t* bytes, bool big_endian) noexcept {
  return Tag(read_u16(bytes, big_endian), read_u16(bytes + 2, big_endian));
}

}  // namespace trialgate::rules
