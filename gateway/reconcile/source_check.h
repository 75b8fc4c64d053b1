#pragma once

#include "gateway/config/node_config.h"
#include "gateway/log/logger.h"
#include "rules/evaluate/evaluate.h"
#include "storage/store.h"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace trialgate::gateway {

/// Compares a complete study with what the site's own PACS has of it, before it is judged: by C-FIND, for the
/// series of which anything arrived. What came of it is a document of the submission's version. A PACS that
/// does not answer is asked three times; then the study is judged without it, and the verdict says so.
class SourceCheck {
 public:
  /// `settled` is called, on the check's thread, when a comparison was recorded.
  SourceCheck(storage::Store& store, const NodeConfig& config, Logger& log, std::function<void()> settled);
  /// Breaks off a query under way.
  ~SourceCheck();
  SourceCheck(const SourceCheck&) = delete;
  SourceCheck& operator=(const SourceCheck&) = delete;

  /// The submission can be judged: its site has no PACS to ask, or the comparison is recorded. Otherwise it
  /// is begun.
  [[nodiscard]] bool is_settled(const storage::SubmissionRow& row);

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::pair<std::uint64_t, std::uint32_t>;  ///< submission, version
  struct Waiting {
    storage::SubmissionRow row;
    unsigned attempts = 0;
    Clock::time_point not_before{};
  };

  void run();
  [[nodiscard]] std::optional<Waiting> next();
  void check(Waiting waiting);
  [[nodiscard]] const SitePacs* pacs_of(const std::string& site) const;

  storage::Store& store_;
  const NodeConfig& config_;
  Logger& log_;
  std::function<void()> settled_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  std::set<Key> known_;                        ///< queued or being asked
  boost::asio::io_context* asking_ = nullptr;  ///< of the query under way
  bool stopping_ = false;
  std::thread thread_;
};

/// What a comparison found; nothing when none was made for this version.
[[nodiscard]] storage::Result<std::optional<rules::SourceComparison>> read_source_comparison(
    const storage::ReadTransaction& transaction, std::uint64_t submission, std::uint32_t version);

}  // namespace trialgate::gateway
