#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What a header says about something.
enum class Reading : std::uint8_t { absent, empty, malformed, value };

/// A value, or why there is none.
template <class T>
struct Read {
  Reading reading = Reading::absent;
  T value{};

  [[nodiscard]] explicit operator bool() const noexcept { return reading == Reading::value; }
  [[nodiscard]] const T& operator*() const noexcept { return value; }
  [[nodiscard]] const T* operator->() const noexcept { return &value; }
  friend bool operator==(const Read&, const Read&) = default;
};

/// strict: PS3.5 §6.2 to the letter. tolerant: what senders do and nobody can misread (longer strings, NUL
/// padding, leading zeros, ".5", "5.", spaces around a value).
enum class Strictness : std::uint8_t { strict, tolerant };

/// DS: fixed or floating point, finite. Empty (padding only) is Reading::empty.
[[nodiscard]] Read<double> parse_decimal(std::string_view text, Strictness strictness = Strictness::tolerant);
/// IS: within 32 bit when strict. Tolerant also takes a DS without fraction ("3.0").
[[nodiscard]] Read<std::int64_t> parse_integer(std::string_view text,
                                               Strictness strictness = Strictness::tolerant);

/// Views of the values between backslashes, spaces and NULs around each removed. One empty view for an empty
/// text.
[[nodiscard]] std::vector<std::string_view> split_values(std::string_view text);
/// Without spaces and NULs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// DA: "YYYYMMDD", or the ACR-NEMA form "YYYY.MM.DD". A date that the calendar does not have is malformed.
[[nodiscard]] Read<std::chrono::year_month_day> parse_date(std::string_view text);
/// "YYYYMMDD".
[[nodiscard]] std::string format_date(std::chrono::year_month_day date);

/// TM: time of day with the precision that it was given.
struct TimeOfDay {
  std::chrono::microseconds since_midnight{0};  ///< second 60 (leap second) counts on
  std::uint8_t components = 3;                  ///< 1 = HH, 2 = HHMM, 3 = HHMMSS
  std::uint8_t fraction_digits = 0;             ///< 0..6

  friend bool operator==(const TimeOfDay&, const TimeOfDay&) = default;
};
/// TM: "HH[MM[SS[.F{1,6}]]]", or the ACR-NEMA form "HH:MM[:SS[.F]]".
[[nodiscard]] Read<TimeOfDay> parse_time(std::string_view text);

/// DT with the precision that it was given.
struct DateTime {
  std::chrono::year_month_day date;  ///< 1 for a month or day that is not given
  std::uint8_t date_components = 3;  ///< 1 = YYYY, 2 = YYYYMM, 3 = YYYYMMDD
  std::optional<TimeOfDay> time;
  std::optional<std::chrono::minutes> utc_offset;

  friend bool operator==(const DateTime&, const DateTime&) = default;
};
/// DT: "YYYY[MM[DD[HH[MM[SS[.F{1,6}]]]]]][&ZZXX]", offset -1200..+1400.
[[nodiscard]] Read<DateTime> parse_date_time(std::string_view text);

/// UI (PS3.5 §9.1): at most 64 characters, components without leading zero, at least two. Not padded.
[[nodiscard]] bool is_valid_uid(std::string_view text) noexcept;

/// AS: "nnnD", "nnnW", "nnnM", "nnnY", as days (30.4375 a month, 365.25 a year).
[[nodiscard]] Read<double> parse_age_days(std::string_view text);

}  // namespace trialgate::rules
