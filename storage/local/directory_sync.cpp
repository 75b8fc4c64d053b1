#include "storage/local/directory_sync.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace trialgate::storage {

DirectorySync::~DirectorySync() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  offered_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

std::vector<Result<void>> DirectorySync::sync(std::span<const Directory* const> directories) {
  if (directories.empty()) return {};
  std::unique_lock lock(mutex_);
  const std::size_t wanted = std::min(directories.size() - 1, max_helpers);
  while (helpers_.size() < wanted && start_helper()) {
  }
  directories_ = directories;
  results_.assign(directories.size(), Result<void>());
  next_ = 0;
  done_ = 0;
  for (std::size_t i = 0; i < wanted; ++i) offered_.notify_one();
  work(lock);
  finished_.wait(lock, [this] { return done_ == directories_.size(); });
  directories_ = {};
  next_ = 0;
  return std::move(results_);
}

bool DirectorySync::start_helper() {
  // A process that has no threads left syncs with those that it has.
  try {
    helpers_.emplace_back([this] { help(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void DirectorySync::help() {
  std::unique_lock lock(mutex_);
  for (;;) {
    offered_.wait(lock, [this] { return stopping_ || next_ < directories_.size(); });
    if (stopping_) return;
    work(lock);
  }
}

void DirectorySync::work(std::unique_lock<std::mutex>& lock) {
  while (next_ < directories_.size()) {
    const std::size_t mine = next_++;
    const Directory& directory = *directories_[mine];
    lock.unlock();
    auto synced = files_.sync_directory(directory);
    lock.lock();
    results_[mine] = std::move(synced);
    if (++done_ == directories_.size()) finished_.notify_one();
  }
}

}  // namespace trialgate::storage
