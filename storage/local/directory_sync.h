#pragma once

#include "storage/file_system.h"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace trialgate::storage {

/// Syncs several directories at the same time. A group of blobs lands in about as many directories as it has
/// blobs; one after the other their syncs would be most of the time that the group takes.
class DirectorySync {
 public:
  explicit DirectorySync(FileSystem& files) : files_(files) {}
  ~DirectorySync();
  DirectorySync(const DirectorySync&) = delete;
  DirectorySync& operator=(const DirectorySync&) = delete;

  /// One result for each directory, in order, when all are done. One caller at a time.
  [[nodiscard]] std::vector<Result<void>> sync(std::span<const Directory* const> directories);

 private:
  static constexpr std::size_t max_helpers = 7;

  bool start_helper();
  void help();
  void work(std::unique_lock<std::mutex>& lock);

  FileSystem& files_;
  std::mutex mutex_;
  std::condition_variable offered_;
  std::condition_variable finished_;
  std::span<const Directory* const> directories_;
  std::vector<Result<void>> results_;
  std::size_t next_ = 0;  ///< first directory that nobody has taken
  std::size_t done_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> helpers_;  ///< started when first needed
};

}  // namespace trialgate::storage
