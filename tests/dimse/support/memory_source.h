#pragma once

#include "dimse/scu/requestor.h"
#include "tests/dimse/support/bytes.h"

#include <algorithm>

namespace trialgate::test {

/// A data set in memory, given in pieces of at most `piece` bytes; it fails where the test says.
class MemorySource final : public dimse::InstanceSource {
 public:
  explicit MemorySource(Bytes data, std::size_t piece = SIZE_MAX) : data_(std::move(data)), piece_(piece) {}

  std::size_t fail_at = SIZE_MAX;
  std::size_t end_at = SIZE_MAX;

  [[nodiscard]] std::uint64_t size_bytes() const override { return data_.size(); }

  dimse::Task<dimse::Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override {
    if (position_ >= fail_at) co_return dimse::fail(dimse::Errc::source_failed, "test");
    const std::size_t end = std::min(data_.size(), end_at);
    const std::size_t count = std::min({at_most, piece_, end - position_});
    const auto bytes = std::span<const std::uint8_t>(data_).subspan(position_, count);
    position_ += count;
    co_return bytes;
  }

 private:
  Bytes data_;
  std::size_t piece_;
  std::size_t position_ = 0;
};

}  // namespace trialgate::test
