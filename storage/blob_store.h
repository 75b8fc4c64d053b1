#pragma once

#include "storage/digest.h"
#include "storage/file_system.h"
#include "storage/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::storage {

/// A range of a blob. A derived instance is a list of these.
struct Extent {
  Digest blob;
  std::uint64_t offset = 0;  ///< bytes from the start of the blob
  std::uint64_t length = 0;  ///< bytes

  friend bool operator==(const Extent&, const Extent&) = default;
};

/// A blob that is complete and durable but not yet visible under its name. Whoever destroys it unpublished
/// discards the bytes. Movable between threads.
class SealedBlob {
 public:
  /// Where an implementation keeps the staged bytes; its destructor discards them.
  class Staged {
   public:
    virtual ~Staged() = default;
  };

  SealedBlob(const Digest& digest, std::uint64_t size_bytes, std::unique_ptr<Staged> staged)
      : digest_(digest), size_bytes_(size_bytes), staged_(std::move(staged)) {}

  [[nodiscard]] const Digest& digest() const noexcept { return digest_; }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Null once published.
  [[nodiscard]] Staged* staged() const noexcept { return staged_.get(); }
  /// For implementations: the staged bytes are gone from where they were (published or discarded).
  void drop_staged() noexcept { staged_.reset(); }

 private:
  Digest digest_;
  std::uint64_t size_bytes_;
  std::unique_ptr<Staged> staged_;
};

/// Takes the bytes of one new blob as they come and hashes them on the way. One thread at a time, calls block
/// on disk. After any failure the staged bytes are already gone and every further call fails. Destroyed
/// without seal(): discarded.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;

  /// Errors: no_space, io_error.
  [[nodiscard]] virtual Result<void> append(std::span<const std::uint8_t> bytes) = 0;
  /// Makes the bytes durable (fsync). To be called once. Errors: no_space, io_error; a failed fsync also puts
  /// the store in Acceptance::failed.
  [[nodiscard]] virtual Result<SealedBlob> seal() = 0;

  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

/// A published blob, open for reading. The descriptor stays good whatever happens to the name.
struct Blob {
  UniqueFd fd;
  std::uint64_t size_bytes = 0;

  /// Reads up to `into.size()` bytes at `offset`; fewer only at the end. Error: io_error.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> into) const;
};

enum class PublishOutcome {
  published,
  already_known,  ///< the same bytes were there before; the staged copy was dropped
};

/// Immutable byte sequences named by their SHA-256. Nothing is ever overwritten. Calls may come from any
/// thread.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  /// Errors: no_space, io_error.
  [[nodiscard]] virtual Result<std::unique_ptr<BlobWriter>> create() = 0;

  /// Makes a sealed blob durable under its digest: when it returns success, the blob survives a power cut. A
  /// failed sync withdraws the new name. Blocks on disk; blobs of several threads are published side by side.
  /// Errors: no_space, io_error, invalid_argument (sealed by another store).
  [[nodiscard]] virtual Result<PublishOutcome> publish(SealedBlob& blob) = 0;

  /// Error: not_found, io_error.
  [[nodiscard]] virtual Result<Blob> open(const Digest& digest) const = 0;
  [[nodiscard]] virtual Result<bool> contains(const Digest& digest) const = 0;

  /// Reads the blob again, from the medium where the kernel allows it, and compares its SHA-256 with its
  /// name. Returns its size. Errors: corrupt (differs), not_found, io_error.
  [[nodiscard]] virtual Result<std::uint64_t> verify(const Digest& digest) const = 0;

  /// Calls `visit` with every digest in ascending order until it returns false. Names that are no digest, or
  /// not in their place, go to `foreign` (a path inside the store). Does not read contents.
  [[nodiscard]] virtual Result<void> list(const std::function<bool(const Digest&)>& visit,
                                          const std::function<void(std::string)>& foreign) const = 0;
};

}  // namespace trialgate::storage
