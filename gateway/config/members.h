#pragma once

#include "dimse/types.h"
#include "rules/trial/yaml_reader.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace trialgate::gateway {

/// Reads one member of a map when it is there; the default stays otherwise.
class Members {
 public:
  Members(rules::YamlMap& map, rules::YamlErrors& errors, std::filesystem::path folder)
      : map_(map), errors_(errors), folder_(std::move(folder)) {}

  void text(std::string_view key, std::string& target) {
    if (const auto node = map_.take(key)) target = rules::read_text(*node, key, errors_).value_or(target);
  }
  void ae_title(std::string_view key, std::string& target) {
    const auto node = map_.take(key);
    if (!node) return;
    const auto value = rules::read_text(*node, key, errors_);
    if (!value) return;
    if (!dimse::AeTitle(*value).is_valid()) {
      errors_.add(*node, std::string(key) + " is not an AE title; expected 1 to 16 characters, no backslash");
    }
    target = *value;
  }
  void path(std::string_view key, std::filesystem::path& target) {
    std::string value;
    text(key, value);
    if (!value.empty()) target = folder_ / value;
  }
  template <class Integer>
  void integer(std::string_view key, Integer& target, int min, int max) {
    const auto node = map_.take(key);
    if (!node) return;
    if (const auto value = rules::read_integer(*node, key, errors_, min, max))
      target = static_cast<Integer>(*value);
  }
  template <class Duration>
  void seconds(std::string_view key, Duration& target, double min, double max) {
    const auto node = map_.take(key);
    if (!node) return;
    const auto value = rules::read_number(*node, key, errors_);
    if (!value) return;
    if (!in_range(*node, key, *value, min, max, " seconds")) return;
    target = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*value));
  }
  /// Days, fractions allowed.
  void days(std::string_view key, std::chrono::seconds& target, double min, double max) {
    const auto node = map_.take(key);
    if (!node) return;
    const auto value = rules::read_number(*node, key, errors_);
    if (!value || !in_range(*node, key, *value, min, max, " days")) return;
    target = std::chrono::seconds(std::llround(*value * 86'400));
  }
  void gibibytes(std::string_view key, std::uint64_t& bytes) {
    const auto node = map_.take(key);
    if (!node) return;
    const auto value = rules::read_number(*node, key, errors_);
    if (!value || !in_range(*node, key, *value, 0, 1'000'000, " GiB")) return;
    bytes = static_cast<std::uint64_t>(*value * static_cast<double>(1ULL << 30));
  }
  void flag(std::string_view key, bool& target) {
    if (const auto node = map_.take(key)) target = rules::read_flag(*node, key, errors_).value_or(target);
  }

 private:
  bool in_range(const YAML::Node& node, std::string_view key, double value, double min, double max,
                const char* unit) {
    if (value >= min && value <= max) return true;
    std::ostringstream range;
    range << key << " is out of range; expected " << min << " to " << max << unit;
    errors_.add(node, range.str());
    return false;
  }

  rules::YamlMap& map_;
  rules::YamlErrors& errors_;
  std::filesystem::path folder_;
};

/// Calls `read` with every entry of the list under `key`, if there is one.
template <class Read>
void each_of(rules::YamlMap& map, std::string_view key, rules::YamlErrors& errors, Read read) {
  const auto list = map.take(key);
  if (!list) return;
  if (!list->IsSequence()) {
    errors.add(*list,
               std::string(key) + " is not a list; expected one entry a line, each beginning with '-'");
    return;
  }
  for (const YAML::Node& entry : *list) read(entry);
}

}  // namespace trialgate::gateway
