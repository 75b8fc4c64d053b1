#include "gateway/log/logger.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace trialgate::gateway {
namespace {

std::string_view level_name(dimse::Level level) {
  static constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};
  return names[static_cast<std::size_t>(level)];
}

std::string text_of(const dimse::Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  return std::get<std::string>(field.value);
}

/// Length of the UTF-8 sequence that `text` begins with, if it is a printable character; 0 otherwise.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t length = first >= 0xC2 && first < 0xE0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : 4;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool is_c1_control = first == 0xC2 && byte(1) < 0xA0;
  const bool is_overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool is_surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool is_beyond = first == 0xF4 && byte(1) >= 0x90;
  return is_c1_control || is_overlong || is_surrogate || is_beyond ? 0 : length;
}

/// Peers choose some values: what is no printable UTF-8 becomes '?', byte by byte.
std::string printable(std::string_view value) {
  std::string clean;
  clean.reserve(value.size());
  while (!value.empty()) {
    const std::size_t length = printable_length(value);
    clean += length == 0 ? std::string_view("?") : value.substr(0, length);
    value.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

/// Quotes a value that would break a key=value line.
std::string quoted(std::string value) {
  std::ranges::replace(value, '"', '\'');
  const bool plain = !value.empty() && value.find_first_of(" ='") == std::string::npos;
  return plain ? value : '"' + value + '"';
}

}  // namespace

std::string utc_text(std::chrono::system_clock::time_point at) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> buffer{};
  const std::size_t length = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 12> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros % 1'000'000));
  return std::string(buffer.data(), length) + fraction.data();
}

void Logger::observe(EventObserver* observer) {
  const std::lock_guard lock(observer_mutex_);
  observer_ = observer;
}

void Logger::event(dimse::Level level, std::string_view name, std::span<const dimse::Field> fields) {
  if (level >= dimse::Level::info) {
    const std::lock_guard lock(observer_mutex_);
    if (observer_ != nullptr) observer_->observed(name, fields);
  }
  if (level < threshold_) return;
  const std::string at = utc_text(std::chrono::system_clock::now());
  std::string line;
  if (format_ == LogFormat::json) {
    boost::json::object object{{"at", at}, {"level", level_name(level)}, {"event", name}};
    for (const dimse::Field& field : fields) {
      if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        object[field.key] = *number;
      } else {
        object[field.key] = printable(std::get<std::string>(field.value));
      }
    }
    line = boost::json::serialize(object);
  } else {
    line = at + ' ' + std::string(level_name(level)) + ' ' + std::string(name);
    for (const dimse::Field& field : fields)
      line += ' ' + std::string(field.key) + '=' + quoted(printable(text_of(field)));
  }
  line += '\n';
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), stream_);
  std::fflush(stream_);
}

}  // namespace trialgate::gateway
