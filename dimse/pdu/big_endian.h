#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::dimse {

/// Reads big-endian integers off the front of a span; everything fails softly when the span is too short.
class BigEndianReader {
 public:
  explicit BigEndianReader(std::span<const std::uint8_t> bytes) noexcept : rest_(bytes) {}

  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  [[nodiscard]] std::optional<std::span<const std::uint8_t>> take(std::size_t count) noexcept {
    if (count > rest_.size()) return std::nullopt;
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  [[nodiscard]] std::optional<std::uint8_t> u8() noexcept {
    const auto b = take(1);
    if (!b) return std::nullopt;
    return (*b)[0];
  }
  [[nodiscard]] std::optional<std::uint16_t> u16() noexcept {
    const auto b = take(2);
    if (!b) return std::nullopt;
    return static_cast<std::uint16_t>((*b)[0] << 8 | (*b)[1]);
  }
  [[nodiscard]] std::optional<std::uint32_t> u32() noexcept {
    const auto b = take(4);
    if (!b) return std::nullopt;
    return std::uint32_t{(*b)[0]} << 24 | std::uint32_t{(*b)[1]} << 16 | std::uint32_t{(*b)[2]} << 8 |
           (*b)[3];
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Appends big-endian integers to a buffer.
class BigEndianWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value));
  }
  void text(std::string_view value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  void bytes(std::span<const std::uint8_t> value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }

  /// Starts an item of `type` whose 16-bit length end_item() fills in.
  [[nodiscard]] std::size_t begin_item(std::uint8_t type) {
    u8(type);
    u8(0);
    u16(0);
    return bytes_.size();
  }
  void end_item(std::size_t begin) {
    const std::size_t length = bytes_.size() - begin;
    bytes_[begin - 2] = static_cast<std::uint8_t>(length >> 8);
    bytes_[begin - 1] = static_cast<std::uint8_t>(length);
  }
  /// Fills in the 32-bit length of a PDU whose header stands at the front.
  void end_pdu() {
    const std::size_t length = bytes_.size() - 6;
    for (std::size_t i = 0; i < 4; ++i) bytes_[2 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
  }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace trialgate::dimse
