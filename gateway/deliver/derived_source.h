#pragma once

#include "dimse/scu/requestor.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace trialgate::gateway {

/// A data set read extent by extent from the blobs that hold it: a derived instance's, or a received one's.
/// Reading happens on the disk pool. Used by one association's coroutine.
class DerivedSource final : public dimse::InstanceSource {
 public:
  /// Opens every blob; blocks. Errors: not_found when a blob is gone.
  [[nodiscard]] static storage::Result<std::unique_ptr<DerivedSource>> open(
      const storage::BlobStore& blobs, const std::vector<storage::Extent>& data_set,
      boost::asio::thread_pool& disk);
  [[nodiscard]] static storage::Result<std::unique_ptr<DerivedSource>> open(const storage::BlobStore& blobs,
                                                                            const storage::DerivedRow& row,
                                                                            boost::asio::thread_pool& disk) {
    return open(blobs, row.data_set, disk);
  }

  [[nodiscard]] std::uint64_t size_bytes() const override { return size_bytes_; }
  dimse::Task<dimse::Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override;

 private:
  struct Piece {
    storage::Blob blob;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  explicit DerivedSource(boost::asio::thread_pool& disk) : disk_(disk) {}
  [[nodiscard]] bool refill();

  boost::asio::thread_pool& disk_;
  std::vector<Piece> pieces_;
  std::uint64_t size_bytes_ = 0;
  std::size_t piece_ = 0;  ///< next piece to read from
  std::uint64_t piece_position_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::size_t given_ = 0;  ///< bytes of buffer_ that were handed out
};

}  // namespace trialgate::gateway
