#pragma once

#include "storage/digest.h"
#include "storage/result.h"
#include "storage/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::storage {

/// Builds a key whose byte order is the order of its parts: integers big-endian, texts ended by a NUL byte.
class Key {
 public:
  Key& u8(std::uint8_t value) { return integer(value, 1); }
  Key& u32(std::uint32_t value) { return integer(value, 4); }
  Key& u64(std::uint64_t value) { return integer(value, 8); }
  /// Times before 1970 sort before those after.
  Key& time(UtcTime value) {
    return u64(static_cast<std::uint64_t>(value.time_since_epoch().count()) ^ (std::uint64_t{1} << 63));
  }
  Key& text(std::string_view value) {
    bytes_.append(value).push_back('\0');
    return *this;
  }
  /// Without an end mark: only as the last part.
  Key& raw(std::string_view value) {
    bytes_.append(value);
    return *this;
  }
  Key& digest(const Digest& value) {
    for (const std::uint8_t byte : value.bytes()) bytes_.push_back(static_cast<char>(byte));
    return *this;
  }
  template <class Enum>
  Key& enumerator(Enum value) {
    return u8(static_cast<std::uint8_t>(value));
  }

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  Key& integer(std::uint64_t value, unsigned size) {
    for (unsigned i = size; i-- > 0;) bytes_.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
    return *this;
  }

  std::string bytes_;
};

/// The big-endian integer in the first 8 (4) bytes; there must be so many.
[[nodiscard]] inline std::uint64_t read_big_endian(std::string_view bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}
[[nodiscard]] inline std::uint64_t read_u64(std::string_view bytes) {
  return read_big_endian(bytes, 8);
}
[[nodiscard]] inline std::uint32_t read_u32(std::string_view bytes) {
  return static_cast<std::uint32_t>(read_big_endian(bytes, 4));
}

/// Inverse of Key::time.
[[nodiscard]] inline UtcTime read_time(std::string_view bytes) {
  return UtcTime(
      std::chrono::microseconds(static_cast<std::int64_t>(read_u64(bytes) ^ (std::uint64_t{1} << 63))));
}

/// What may stand in a key. `what` names it in the Failure. Keys of LMDB end at 511 bytes.
[[nodiscard]] inline Result<void> check_key_text(std::string_view value, std::string_view what,
                                                 std::size_t max_bytes = 128) {
  if (value.size() <= max_bytes && value.find('\0') == std::string_view::npos) return {};
  return fail(Errc::invalid_argument, std::string(what) + " is too long or holds a NUL byte");
}
/// A UID has at most 64 bytes (PS3.5 §9.1).
[[nodiscard]] inline Result<void> check_key_uid(std::string_view value, std::string_view what) {
  return check_key_text(value, what, 64);
}

}  // namespace trialgate::storage
