#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// A day of the Gregorian calendar without time zone, as in a visit schedule or a DA value.
using Date = std::chrono::sys_days;

/// Reads "2026-03-02"; nothing else, and only days that exist.
[[nodiscard]] std::optional<Date> parse_iso_date(std::string_view text);

/// Reads a DA value (PS3.5 §6.2): "20260302", padding allowed, also the retired "2026.03.02". Only days that
/// exist.
[[nodiscard]] std::optional<Date> parse_dicom_date(std::string_view text);

/// "2026-03-02".
[[nodiscard]] std::string to_iso_date(Date date);

}  // namespace trialgate::rules
