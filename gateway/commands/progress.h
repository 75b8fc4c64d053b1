#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <mutex>
#include <string>

namespace trialgate::gateway {

/// One line on a terminal that says how far long work has come; nothing where `shown` is false. Thread-safe.
class Progress {
 public:
  Progress(std::ostream& out, bool shown) : out_(out), shown_(shown) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { end(); }

  /// Starts a new line: `label` names the work, `total` counts its steps.
  void begin(std::string label, std::size_t total);
  void step();
  /// Removes the line. Before anything else is printed.
  void end();

 private:
  std::ostream& out_;
  const bool shown_;
  std::mutex mutex_;
  std::string label_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  bool visible_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace trialgate::gateway
