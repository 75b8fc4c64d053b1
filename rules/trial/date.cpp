#include "rules/trial/date.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace trialgate::rules {
namespace {

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Date> date_of(std::string_view year, std::string_view month, std::string_view day) {
  const auto y = digits(year);
  const auto m = digits(month);
  const auto d = digits(day);
  if (!y || !m || !d) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{*y}, std::chrono::month{static_cast<unsigned>(*m)},
                                        std::chrono::day{static_cast<unsigned>(*d)}};
  if (!ymd.ok()) return std::nullopt;
  return Date{ymd};
}

}  // namespace

std::optional<Date> parse_iso_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  return date_of(text.substr(0, 4), text.substr(5, 2), text.substr(8, 2));
}

std::optional<Date> parse_dicom_date(std::string_view text) {
  constexpr std::string_view padding{" \0", 2};
  const auto first = text.find_first_not_of(padding);
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(padding) - first + 1);
  if (text.size() == 8) return date_of(text.substr(0, 4), text.substr(4, 2), text.substr(6, 2));
  if (text.size() == 10 && text[4] == '.' && text[7] == '.') {
    return date_of(text.substr(0, 4), text.substr(5, 2), text.substr(8, 2));
  }
  return std::nullopt;
}

std::string to_iso_date(Date date) {
  const std::chrono::year_month_day ymd{date};
  std::array<char, 32> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                    static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return {buffer.data(), static_cast<std::size_t>(length)};
}

}  // namespace trialgate::rules
