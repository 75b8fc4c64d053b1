#pragma once

#include "storage/store.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// The body of one STOW-RS request (PS3.18 §10.5.1): multipart/related with one PS3.10 file for each
/// instance, read from the blobs as it is sent. Blocks; one thread at a time.
class StowBody {
 public:
  StowBody();

  /// One more instance. Errors: not_found when a blob is gone; it is left out then.
  [[nodiscard]] storage::Result<void> add(const storage::BlobStore& blobs, const storage::DerivedRow& row);
  /// No further instance.
  void finish();

  /// Of the Content-Type header.
  [[nodiscard]] std::string content_type() const;
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// The next bytes, as many as fit; none at the end. False when stored bytes cannot be read.
  [[nodiscard]] bool read(char* into, std::size_t at_most, std::size_t& count);
  /// From the beginning again.
  void rewind() noexcept;

 private:
  struct Stored {
    storage::Blob blob;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  using Piece = std::variant<std::string, Stored>;

  void append(std::string text);

  std::string boundary_;
  std::vector<Piece> pieces_;
  std::uint64_t size_bytes_ = 0;
  std::size_t piece_ = 0;
  std::uint64_t position_ = 0;  ///< in piece_
};

}  // namespace trialgate::gateway
