#pragma once

#include "rules/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What a trial's secret key makes of UIDs and dates: the same on every node and every day, with no table to
/// keep. Everything is HMAC-SHA-256, so that nobody without the key can test a guess (PS3.15 §E.1.1 Note 3).
/// Immutable; any thread.
class Identity {
 public:
  static constexpr std::size_t min_key_bytes = 32;

  /// Errors: invalid_configuration for a key that is too short.
  [[nodiscard]] static Result<Identity> create(std::span<const std::uint8_t> key);

  /// "2.25." and 128 bits of the HMAC as a decimal number, in the form of a UUID (PS3.5 §B.2). Padding of
  /// `uid` does not count. UIDs that the standard registers are returned as they are.
  [[nodiscard]] std::string new_uid(std::string_view uid) const;
  /// Days to add to every date of the subject: -max_days..max_days without 0.
  [[nodiscard]] std::int32_t shift_days(std::string_view subject_id, std::int32_t max_days) const;
  /// 64 bits of the HMAC in hex capitals: valid in AE, CS, SH and every longer text. Padding does not count.
  [[nodiscard]] std::string hash(std::string_view text) const;
  /// First 8 hex digits of an HMAC over a constant: tells keys apart in reports, tells nothing about the key.
  [[nodiscard]] std::string key_check() const;

 private:
  explicit Identity(std::vector<std::uint8_t> key) noexcept : key_(std::move(key)) {}

  std::vector<std::uint8_t> key_;
};

/// Registered in PS3.6 Annex A: the same for everyone, so that it identifies nobody. `uid` is not padded.
[[nodiscard]] bool is_registered_uid(std::string_view uid) noexcept;

}  // namespace trialgate::rules
