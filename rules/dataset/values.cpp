#include "rules/dataset/values.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace trialgate::rules {
namespace {

constexpr std::string_view padding(" \0", 2);
constexpr std::size_t ds_most = 16;
constexpr std::size_t is_most = 12;
// Nothing that is a number needs more; a longer one is an attack or a mistake.
constexpr std::size_t tolerant_most = 64;

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

bool are_digits(std::string_view text) {
  for (const char character : text) {
    if (!is_digit(character)) return false;
  }
  return !text.empty();
}

int number_of(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

/// DS of PS3.5 §6.2: [+-] digits [. digits] [(E|e) [+-] digits]; at least one digit before the exponent.
bool has_decimal_form(std::string_view text) {
  std::size_t at = 0;
  const auto skip_sign = [&] {
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  };
  const auto skip_digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - start;
  };
  skip_sign();
  std::size_t digits = skip_digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'E' || text[at] == 'e')) {
    ++at;
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

/// Text of one value: what strict forbids is left in place so that it is found malformed.
std::string_view one_value(std::string_view text, Strictness strictness) {
  if (strictness == Strictness::tolerant) return trim(text);
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

template <class T>
Read<T> without_value(Reading reading) {
  return {reading, T{}};
}

template <class T>
Read<T> of(T value) {
  return {Reading::value, value};
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(padding);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(padding) - first + 1);
}

std::vector<std::string_view> split_values(std::string_view text) {
  std::vector<std::string_view> values;
  std::size_t start = 0;
  for (;;) {
    const auto end = text.find('\\', start);
    values.push_back(trim(text.substr(start, end == std::string_view::npos ? end : end - start)));
    if (end == std::string_view::npos) return values;
    start = end + 1;
  }
}

Read<double> parse_decimal(std::string_view text, Strictness strictness) {
  text = one_value(text, strictness);
  if (text.empty()) return without_value<double>(Reading::empty);
  const std::size_t most = strictness == Strictness::strict ? ds_most : tolerant_most;
  if (text.size() > most || !has_decimal_form(text)) return without_value<double>(Reading::malformed);
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return without_value<double>(Reading::malformed);
  }
  return of(value);
}

Read<std::int64_t> parse_integer(std::string_view text, Strictness strictness) {
  text = one_value(text, strictness);
  if (text.empty()) return without_value<std::int64_t>(Reading::empty);
  const bool strict = strictness == Strictness::strict;
  if (text.size() > (strict ? is_most : tolerant_most))
    return without_value<std::int64_t>(Reading::malformed);
  if (!strict && !are_digits(text.substr(text.front() == '-' || text.front() == '+' ? 1 : 0))) {
    const auto decimal = parse_decimal(text);
    const bool whole = decimal && std::trunc(*decimal) == *decimal && std::fabs(*decimal) < 1e15;
    return whole ? of(static_cast<std::int64_t>(*decimal)) : without_value<std::int64_t>(Reading::malformed);
  }
  if (text.size() > 1 && text.front() == '+' && is_digit(text[1])) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool in_range = !strict || (value >= std::numeric_limits<std::int32_t>::min() &&
                                    value <= std::numeric_limits<std::int32_t>::max());
  if (error != std::errc{} || end != text.data() + text.size() || !in_range) {
    return without_value<std::int64_t>(Reading::malformed);
  }
  return of(value);
}

Read<std::chrono::year_month_day> parse_date(std::string_view text) {
  using Date = std::chrono::year_month_day;
  text = trim(text);
  if (text.empty()) return without_value<Date>(Reading::empty);
  std::string digits(text);
  if (text.size() == 10 && text[4] == '.' && text[7] == '.') {
    digits = std::string(text.substr(0, 4)).append(text.substr(5, 2)).append(text.substr(8, 2));
  }
  if (digits.size() != 8 || !are_digits(digits)) return without_value<Date>(Reading::malformed);
  const std::string_view view = digits;
  const Date date{std::chrono::year(number_of(view.substr(0, 4))),
                  std::chrono::month(static_cast<unsigned>(number_of(view.substr(4, 2)))),
                  std::chrono::day(static_cast<unsigned>(number_of(view.substr(6, 2))))};
  return date.ok() ? of(date) : without_value<Date>(Reading::malformed);
}

std::string format_date(std::chrono::year_month_day date) {
  char text[16];
  const int length = std::snprintf(text, sizeof text, "%04d%02u%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text, static_cast<std::size_t>(length)};
}

Read<TimeOfDay> parse_time(std::string_view text) {
  text = trim(text);
  if (text.empty()) return without_value<TimeOfDay>(Reading::empty);
  const auto malformed = without_value<TimeOfDay>(Reading::malformed);
  std::string digits(text);
  if (text.size() >= 5 && text[2] == ':') {
    digits.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((i == 2 || i == 5) && text[i] == ':') continue;
      digits += text[i];
    }
  }
  const auto point = digits.find('.');
  const std::string_view whole = std::string_view(digits).substr(0, point);
  const std::string_view fraction =
      point == std::string::npos ? std::string_view{} : std::string_view(digits).substr(point + 1);
  if (!are_digits(whole) || whole.size() % 2 != 0 || whole.size() > 6) return malformed;
  if (point != std::string::npos && (whole.size() != 6 || !are_digits(fraction) || fraction.size() > 6)) {
    return malformed;
  }
  const int hour = number_of(whole.substr(0, 2));
  const int minute = whole.size() >= 4 ? number_of(whole.substr(2, 2)) : 0;
  const int second = whole.size() >= 6 ? number_of(whole.substr(4, 2)) : 0;
  if (hour > 23 || minute > 59 || second > 60) return malformed;
  int micros = fraction.empty() ? 0 : number_of(fraction);
  for (std::size_t i = fraction.size(); i < 6; ++i) micros *= 10;
  TimeOfDay time;
  time.since_midnight = std::chrono::hours(hour) + std::chrono::minutes(minute) +
                        std::chrono::seconds(second) + std::chrono::microseconds(micros);
  time.components = static_cast<std::uint8_t>(whole.size() / 2);
  time.fraction_digits = static_cast<std::uint8_t>(fraction.size());
  return of(time);
}

Read<DateTime> parse_date_time(std::string_view text) {
  text = trim(text);
  if (text.empty()) return without_value<DateTime>(Reading::empty);
  const auto malformed = without_value<DateTime>(Reading::malformed);
  DateTime result;
  const auto sign = text.find_first_of("+-");
  if (sign != std::string_view::npos) {
    const std::string_view offset = text.substr(sign + 1);
    if (offset.size() != 4 || !are_digits(offset)) return malformed;
    const int minutes = number_of(offset.substr(0, 2)) * 60 + number_of(offset.substr(2));
    const bool negative = text[sign] == '-';
    if (number_of(offset.substr(2)) > 59 || minutes > (negative ? 12 : 14) * 60) return malformed;
    result.utc_offset = std::chrono::minutes(negative ? -minutes : minutes);
    text = text.substr(0, sign);
  }
  const std::string_view day = text.substr(0, 8);
  if ((day.size() != 4 && day.size() != 6 && day.size() != 8) || !are_digits(day)) return malformed;
  std::string whole(day);
  result.date_components = static_cast<std::uint8_t>(day.size() / 2 - 1);
  while (whole.size() < 8) whole += "01";
  const auto date = parse_date(whole);
  if (!date) return malformed;
  result.date = *date;
  if (text.size() > 8) {
    const auto time = parse_time(text.substr(8));
    if (!time || text.substr(8).find(':') != std::string_view::npos) return malformed;
    result.time = *time;
  }
  return of(result);
}

bool is_valid_uid(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64) return false;
  std::size_t components = 0;
  std::size_t start = 0;
  for (;;) {
    const auto end = text.find('.', start);
    const std::string_view component = text.substr(start, end == std::string_view::npos ? end : end - start);
    if (!are_digits(component) || (component.size() > 1 && component.front() == '0')) return false;
    ++components;
    if (end == std::string_view::npos) return components >= 2;
    start = end + 1;
  }
}

Read<double> parse_age_days(std::string_view text) {
  text = trim(text);
  if (text.empty()) return without_value<double>(Reading::empty);
  if (text.size() != 4 || !are_digits(text.substr(0, 3))) return without_value<double>(Reading::malformed);
  const double number = number_of(text.substr(0, 3));
  switch (text[3]) {
    case 'D':
      return of(number);
    case 'W':
      return of(number * 7);
    case 'M':
      return of(number * 30.4375);
    case 'Y':
      return of(number * 365.25);
    default:
      return without_value<double>(Reading::malformed);
  }
}

}  // namespace trialgate::rules
