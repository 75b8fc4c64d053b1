#include "rules/deidentify/dates.h"

#include "rules/dataset/values.h"

#include <array>
#include <cstdio>

namespace trialgate::rules {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;

std::optional<std::string> date_text(sys_days day) {
  const std::chrono::year_month_day date(day);
  if (!date.ok() || static_cast<int>(date.year()) < 1 || static_cast<int>(date.year()) > 9999) {
    return std::nullopt;
  }
  return format_date(date);
}

/// Applies `shift_one` to every value and joins them again.
template <class ShiftOne>
std::optional<std::string> shift_values(std::string_view text, ShiftOne shift_one) {
  std::string result;
  bool first = true;
  for (const std::string_view value : split_values(text)) {
    if (!first) result += '\\';
    first = false;
    if (value.empty()) continue;
    const std::optional<std::string> shifted = shift_one(value);
    if (!shifted) return std::nullopt;
    result += *shifted;
  }
  return result;
}

/// Where the UTC offset of a DT value starts; its end when it has none.
std::size_t offset_position(std::string_view value) noexcept {
  const std::size_t found = value.find_first_of("+-");
  return found == std::string_view::npos ? value.size() : found;
}

std::optional<std::string> shift_date_time(std::string_view value, std::int32_t shift,
                                           std::optional<minutes> local_offset) {
  const Read<DateTime> read = parse_date_time(value);
  if (!read || read->date_components != 3) return std::nullopt;
  sys_days day(read->date);
  std::string_view time = value.substr(8, offset_position(value) - 8);
  std::string_view offset = value.substr(offset_position(value));
  std::string moved_time;
  if (read->utc_offset && local_offset) {
    offset = {};
    const minutes difference = *local_offset - *read->utc_offset;
    if (difference != minutes(0)) {
      // Without minutes a difference of half an hour cannot be written.
      if (!read->time || read->time->components < 2) return std::nullopt;
      const auto hours = (value[8] - '0') * 10 + (value[9] - '0');
      const auto since_midnight =
          minutes(hours * 60 + (value[10] - '0') * 10 + (value[11] - '0')) + difference;
      const auto day_change = std::chrono::floor<days>(since_midnight);
      const auto of_day = static_cast<int>((since_midnight - day_change).count());
      day += day_change;
      std::array<char, 24> digits{};
      std::snprintf(digits.data(), digits.size(), "%02d%02d", of_day / 60, of_day % 60);
      moved_time = digits.data();
      moved_time += time.substr(4);
      time = moved_time;
    }
  }
  const std::optional<std::string> date = date_text(day + days(shift));
  if (!date) return std::nullopt;
  return *date + std::string(time) + std::string(offset);
}

}  // namespace

std::optional<std::string> shift_date_values(std::string_view text, std::int32_t shift) {
  return shift_values(text, [shift](std::string_view value) -> std::optional<std::string> {
    const auto date = parse_date(value);
    if (!date) return std::nullopt;
    return date_text(sys_days(*date) + days(shift));
  });
}

std::optional<std::string> shift_date_time_values(std::string_view text, std::int32_t shift,
                                                  std::optional<minutes> local_offset) {
  return shift_values(text, [shift, local_offset](std::string_view value) {
    return shift_date_time(value, shift, local_offset);
  });
}

std::optional<minutes> parse_utc_offset(std::string_view text) noexcept {
  text = trim(text);
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int number = 0;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  const minutes offset(number / 100 * 60 + number % 100);
  if (number % 100 > 59 || offset > minutes(14 * 60)) return std::nullopt;
  return text[0] == '-' ? -offset : offset;
}

}  // namespace trialgate::rules
