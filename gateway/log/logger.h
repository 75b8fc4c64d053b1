#pragma once

#include "dimse/log.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// "2026-03-02T08:15:30.123456Z".
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point at);

enum class LogFormat { text, json };

/// Hears of every event of level info and above, whatever the log's own threshold.
class EventObserver {
 public:
  virtual ~EventObserver() = default;
  /// On the thread that logs: must not block, must not log.
  virtual void observed(std::string_view name, std::span<const dimse::Field> fields) = 0;
};

/// One line an event on a stream: `2026-03-02T08:15:30.123456Z info assoc.accept id=17 calling=SITE03`, or
/// the same as one JSON object. Thread-safe; a line is written whole. Callers pass UIDs, AE titles and
/// counts, never a patient attribute.
class Logger final : public dimse::Log {
 public:
  /// `stream` outlives the logger.
  Logger(std::FILE* stream, LogFormat format, dimse::Level threshold)
      : stream_(stream), format_(format), threshold_(threshold) {}

  void event(dimse::Level level, std::string_view name, std::span<const dimse::Field> fields) override;
  [[nodiscard]] bool enabled(dimse::Level level) const override {
    return level >= std::min(threshold_, dimse::Level::info);
  }
  /// From now on; null: nobody. Returns when the former one is not being called any more.
  void observe(EventObserver* observer);

  /// The same, with the fields written in place.
  void event(dimse::Level level, std::string_view name, std::initializer_list<dimse::Field> fields) {
    event(level, name, std::span<const dimse::Field>(fields.begin(), fields.size()));
  }

 private:
  std::FILE* stream_;
  LogFormat format_;
  dimse::Level threshold_;
  std::mutex mutex_;
  std::mutex observer_mutex_;
  EventObserver* observer_ = nullptr;  ///< guarded by observer_mutex_
};

}  // namespace trialgate::gateway
