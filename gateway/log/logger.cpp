#include "gateway/log/logger.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

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

/// Quotes a value that would break a key=value line; control characters become '?': peers choose some values.
std::string quoted(std::string value) {
  bool plain = !value.empty();
  for (char& c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    if (c == '"') c = '\'';
    if (c == ' ' || c == '=') plain = false;
  }
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

void Logger::event(dimse::Level level, std::string_view name, std::span<const dimse::Field> fields) {
  if (!enabled(level)) return;
  const std::string at = utc_text(std::chrono::system_clock::now());
  std::string line;
  if (format_ == LogFormat::json) {
    boost::json::object object{{"at", at}, {"level", level_name(level)}, {"event", name}};
    for (const dimse::Field& field : fields) {
      if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        object[field.key] = *number;
      } else {
        object[field.key] = std::get<std::string>(field.value);
      }
    }
    line = boost::json::serialize(object);
  } else {
    line = at + ' ' + std::string(level_name(level)) + ' ' + std::string(name);
    for (const dimse::Field& field : fields)
      line += ' ' + std::string(field.key) + '=' + quoted(text_of(field));
  }
  line += '\n';
  const std::lock_guard lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), stream_);
  std::fflush(stream_);
}

}  // namespace trialgate::gateway
