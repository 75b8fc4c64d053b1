#include "gateway/deliver/derived_source.h"

#include "gateway/receive/offload.h"

#include <algorithm>

namespace trialgate::gateway {
namespace {

constexpr std::size_t buffer_bytes = 1024 * 1024;

}  // namespace

storage::Result<std::unique_ptr<DerivedSource>> DerivedSource::open(
    const storage::BlobStore& blobs, const std::vector<storage::Extent>& data_set,
    boost::asio::thread_pool& disk) {
  std::unique_ptr<DerivedSource> source(new DerivedSource(disk));
  for (const storage::Extent& extent : data_set) {
    auto blob = blobs.open(extent.blob);
    if (!blob) return blob.error();
    source->size_bytes_ += extent.length;
    source->pieces_.push_back({std::move(*blob), extent.offset, extent.length});
  }
  return source;
}

bool DerivedSource::refill() {
  std::uint64_t left = 0;
  for (std::size_t i = piece_; i < pieces_.size(); ++i) left += pieces_[i].length;
  left -= piece_position_;
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_bytes)));
  given_ = 0;
  std::size_t filled = 0;
  while (filled < buffer_.size()) {
    const Piece& piece = pieces_[piece_];
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer_.size() - filled, piece.length - piece_position_));
    auto got = piece.blob.read_at(piece.offset + piece_position_, std::span(buffer_).subspan(filled, wanted));
    if (!got || *got != wanted) return false;
    filled += wanted;
    piece_position_ += wanted;
    if (piece_position_ == piece.length) {
      ++piece_;
      piece_position_ = 0;
    }
  }
  return true;
}

dimse::Task<dimse::Result<std::span<const std::uint8_t>>> DerivedSource::read(std::size_t at_most) {
  if (given_ == buffer_.size()) {
    auto fill = [this] { return refill(); };
    const bool filled = co_await offload(disk_, fill);
    if (!filled) co_return dimse::fail(dimse::Errc::io_error, "stored bytes cannot be read");
  }
  const std::size_t count = std::min(at_most, buffer_.size() - given_);
  const std::span<const std::uint8_t> bytes = std::span(buffer_).subspan(given_, count);
  given_ += count;
  co_return bytes;
}

}  // namespace trialgate::gateway
