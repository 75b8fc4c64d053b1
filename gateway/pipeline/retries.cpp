#include "gateway/pipeline/retries.h"

#include <algorithm>

namespace trialgate::gateway {

bool Retries::may_try(const storage::SubmissionRow& row) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(step_of(row));
  return found == entries_.end() || found->second.next <= Clock::now();
}

bool Retries::failed(const storage::SubmissionRow& row, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = entries_.try_emplace(step_of(row), Entry{{}, first_, why});
  const bool news = fresh || entry->second.why != why;
  entry->second.wait = news ? first_ : std::min(entry->second.wait * 2, longest_);
  entry->second.why = why;
  entry->second.next = Clock::now() + entry->second.wait;
  return news;
}

void Retries::succeeded(const storage::SubmissionRow& row) {
  const std::lock_guard lock(mutex_);
  entries_.erase(step_of(row));
}

void Retries::hurry() {
  const std::lock_guard lock(mutex_);
  for (auto& [step, entry] : entries_) {
    entry.next = {};
    entry.wait = first_;
  }
}

}  // namespace trialgate::gateway
