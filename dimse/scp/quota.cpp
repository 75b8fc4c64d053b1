#include "dimse/scp/quota.h"

namespace trialgate::dimse {

Quota::Unit::~Unit() {
  if (!counts_) return;
  const std::lock_guard lock(counts_->mutex);
  const auto found = counts_->in_use.find(name_);
  if (--found->second == 0) counts_->in_use.erase(found);
}

std::optional<Quota::Unit> Quota::take(const std::string& name, std::size_t limit) {
  const std::lock_guard lock(counts_->mutex);
  const auto found = counts_->in_use.find(name);
  const std::size_t used = found == counts_->in_use.end() ? 0 : found->second;
  if (used >= limit) return std::nullopt;
  ++counts_->in_use[name];
  return Unit(counts_, name);
}

std::size_t Quota::in_use(const std::string& name) const {
  const std::lock_guard lock(counts_->mutex);
  const auto found = counts_->in_use.find(name);
  return found == counts_->in_use.end() ? 0 : found->second;
}

}  // namespace trialgate::dimse
