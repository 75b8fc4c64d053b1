#include "gateway/commands/progress.h"

#include <ostream>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::chrono::milliseconds refresh{100};
constexpr const char* erase_line = "\r\x1B[K";

}  // namespace

void Progress::begin(std::string label, std::size_t total) {
  end();
  const std::lock_guard lock(mutex_);
  label_ = std::move(label);
  total_ = total;
  done_ = 0;
  last_ = {};
}

void Progress::step() {
  const std::lock_guard lock(mutex_);
  ++done_;
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || (now - last_ < refresh && done_ < total_)) return;
  last_ = now;
  visible_ = true;
  out_ << erase_line << label_ << ' ' << done_ << '/' << total_ << std::flush;
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  if (visible_) out_ << erase_line << std::flush;
  visible_ = false;
}

}  // namespace trialgate::gateway
