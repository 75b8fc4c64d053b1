#pragma once

#include "gateway/worker/worker_pool.h"
#include "storage/file_system.h"

#include <cstdint>
#include <filesystem>

namespace trialgate::gateway {

/// New pixel data on their way from a worker to where they are kept: a file without a name, made when the
/// first part comes. One job's; its callback takes the file.
class PixelSpool final : public PartSink {
 public:
  /// `max_bytes`: what a pixel data value can have at most.
  PixelSpool(std::filesystem::path folder, std::uint64_t max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  void begin() override;
  [[nodiscard]] Taken take(std::span<const std::uint8_t> part) override;

  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Open for reading; none when nothing came.
  [[nodiscard]] storage::UniqueFd take_file() { return std::move(file_); }

 private:
  std::filesystem::path folder_;
  std::uint64_t max_bytes_;
  storage::UniqueFd file_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace trialgate::gateway
