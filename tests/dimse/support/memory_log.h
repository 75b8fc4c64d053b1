#pragma once

#include "dimse/log.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::test {

/// Keeps every event as one line, `name key=value ...`.
class MemoryLog final : public dimse::Log {
 public:
  void event(dimse::Level, std::string_view name, std::span<const dimse::Field> fields) override {
    std::string line(name);
    for (const dimse::Field& field : fields) {
      line.append(" ").append(field.key).append("=");
      if (const auto* number = std::get_if<std::int64_t>(&field.value)) line.append(std::to_string(*number));
      if (const auto* text = std::get_if<std::string>(&field.value)) line.append(*text);
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  [[nodiscard]] bool has(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(),
                       [part](const std::string& line) { return line.find(part) != std::string::npos; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace trialgate::test
