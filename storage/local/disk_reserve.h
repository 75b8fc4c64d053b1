#pragma once

#include "storage/file_system.h"

#include <cstdint>

namespace trialgate::storage {

/// The watermark and the reserve file of a store directory. Room that is gone for instances is still there
/// for the index: the reserve is removed when LMDB finds the disk full. One thread at a time but for low().
class DiskReserve {
 public:
  struct Limits {
    std::uint32_t watermark_percent = 0;
    std::uint64_t watermark_bytes = 0;
    std::uint64_t reserve_bytes = 0;
  };

  DiskReserve(FileSystem& files, const Directory& root, const Limits& limits)
      : files_(files), root_(root), limits_(limits) {}

  /// Whether less than the watermark is free; also when the file system does not tell.
  [[nodiscard]] bool low() const;
  /// Finds the reserve, or makes it when there is room for it above the watermark. Failing is no error: it is
  /// tried again after the next group.
  void ensure();
  /// Gives the reserve to whoever needs room. False: there was none.
  [[nodiscard]] bool release();
  [[nodiscard]] bool held() const noexcept { return held_; }

 private:
  [[nodiscard]] std::uint64_t watermark(const Space& space) const;

  FileSystem& files_;
  const Directory& root_;
  Limits limits_;
  bool held_ = false;
};

}  // namespace trialgate::storage
