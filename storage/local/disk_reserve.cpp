#include "storage/local/disk_reserve.h"

#include <algorithm>
#include <string>

namespace trialgate::storage {
namespace {

const std::string& reserve_name() {
  static const std::string name = "reserve";
  return name;
}

}  // namespace

std::uint64_t DiskReserve::watermark(const Space& space) const {
  return std::max(space.total_bytes / 100 * limits_.watermark_percent, limits_.watermark_bytes);
}

bool DiskReserve::low() const {
  const auto space = files_.space(root_);
  return !space || space->available_bytes < watermark(*space);
}

void DiskReserve::ensure() {
  if (held_ || limits_.reserve_bytes == 0) return;
  if (const auto existing = files_.open_file(root_, reserve_name())) {
    const auto status = files_.status(*existing);
    held_ = status && status->size_bytes == limits_.reserve_bytes;
    // Of another size: from another configuration, or cut short by a crash while it was made.
    if (held_ || !files_.unlink(root_, reserve_name())) return;
  }
  const auto space = files_.space(root_);
  if (!space || space->available_bytes < watermark(*space) + limits_.reserve_bytes) return;
  auto made = files_.create_file(root_, reserve_name());
  if (!made) return;
  held_ = files_.allocate(*made, limits_.reserve_bytes).has_value();
  if (!held_) (void)files_.unlink(root_, reserve_name());
}

bool DiskReserve::release() {
  if (!held_) return false;
  held_ = !files_.unlink(root_, reserve_name()).has_value();
  return !held_;
}

}  // namespace trialgate::storage
