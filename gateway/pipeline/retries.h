#pragma once

#include "storage/rows.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace trialgate::gateway {

/// When a step that failed on a submission may be tried again, and whether its failure is news. A submission
/// that has another version or state is another matter. Thread-safe.
class Retries {
 public:
  using Clock = std::chrono::steady_clock;

  Retries(Clock::duration first, Clock::duration longest) : first_(first), longest_(longest) {}

  [[nodiscard]] bool may_try(const storage::SubmissionRow& row) const;
  /// The wait doubles with each failure in a row, up to the longest. True when it failed otherwise than the
  /// last time: worth a line in the log.
  bool failed(const storage::SubmissionRow& row, const std::string& why);
  void succeeded(const storage::SubmissionRow& row);
  /// What held them back may be over: all may be tried at once.
  void hurry();

 private:
  using Step = std::tuple<std::uint64_t, std::uint32_t, storage::SubmissionState>;

  struct Entry {
    Clock::time_point next;
    Clock::duration wait;
    std::string why;
  };

  static Step step_of(const storage::SubmissionRow& row) { return {row.id, row.version, row.state}; }

  const Clock::duration first_;
  const Clock::duration longest_;
  mutable std::mutex mutex_;
  std::map<Step, Entry> entries_;
};

}  // namespace trialgate::gateway
