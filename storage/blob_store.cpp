#include "storage/blob_store.h"

namespace trialgate::storage {

Result<std::size_t> Blob::read_at(std::uint64_t offset, std::span<std::uint8_t> into) const {
  return read_fd_at(fd.get(), offset, into, "a blob");
}

}  // namespace trialgate::storage
