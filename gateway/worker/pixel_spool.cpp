#include "gateway/worker/pixel_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace trialgate::gateway {

void PixelSpool::begin() {
  file_.reset();
  size_bytes_ = 0;
}

PartSink::Taken PixelSpool::take(std::span<const std::uint8_t> part) {
  if (part.size() > max_bytes_ - size_bytes_) return Taken::too_much;
  if (!file_) file_ = storage::UniqueFd(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file_) return Taken::no_room;
  while (!part.empty()) {
    const ssize_t written = ::write(file_.get(), part.data(), part.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Taken::no_room;
    part = part.subspan(static_cast<std::size_t>(written));
    size_bytes_ += static_cast<std::uint64_t>(written);
  }
  return Taken::yes;
}

}  // namespace trialgate::gateway
