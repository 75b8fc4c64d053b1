#pragma once

#include "storage/blob_store.h"
#include "storage/file_system.h"
#include "storage/local/health.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace trialgate::storage {

/// Blobs as files: temp/ for those being written, blobs/<first two hex digits>/<64 hex digits> for published
/// ones, on one file system. Writers and sealed blobs must be gone before their store.
class LocalBlobStore final : public BlobStore {
 public:
  /// `root` is the store directory and must outlive this, as must the others. Makes temp/ and blobs/ when
  /// they are missing; whoever serves calls sync_all() next. Failed syncs are reported to `health`.
  [[nodiscard]] static Result<std::unique_ptr<LocalBlobStore>> open(FileSystem& files, const Directory& root,
                                                                    Health& health);

  Result<std::unique_ptr<BlobWriter>> create() override;
  Result<PublishOutcome> publish(SealedBlob& blob) override;
  Result<Blob> open(const Digest& digest) const override;
  Result<bool> contains(const Digest& digest) const override;
  Result<std::uint64_t> verify(const Digest& digest) const override;
  Result<void> list(const std::function<bool(const Digest&)>& visit,
                    const std::function<void(std::string)>& foreign) const override;

  /// Syncs every directory, so that what an earlier process had renamed but not synced yet is durable before
  /// anything relies on seeing it.
  [[nodiscard]] Result<void> sync_all();
  /// Removes what writers left in temp/; returns how many files. Only while there are no writers.
  [[nodiscard]] Result<std::uint64_t> purge_temporary_files();
  /// Error: not_found, io_error.
  [[nodiscard]] Result<FileStatus> status(const Digest& digest) const;

 private:
  static constexpr std::size_t fan_out = 256;

  LocalBlobStore(FileSystem& files, const Directory& root, Health& health)
      : files_(files), root_(root), health_(health) {}
  Result<const Directory*> directory_of(std::uint8_t prefix) const;
  Result<void> make_durable_directory(std::uint8_t prefix);
  Result<File> open_file(const Digest& digest) const;

  FileSystem& files_;
  const Directory& root_;
  Health& health_;
  Directory temp_;
  Directory blobs_;
  std::atomic<std::uint64_t> next_temp_{1};

  mutable std::mutex directories_mutex_;
  mutable std::array<std::unique_ptr<Directory>, fan_out>
      directories_;  ///< opened when first needed, then kept

  /// One publisher at a time in a directory: nobody may find a name whose sync is still to fail.
  struct Publishing {
    std::mutex mutex;
    bool durable = false;  ///< the directory's own entry in blobs/ is known to be synced
  };
  std::array<Publishing, fan_out> publishing_;
};

}  // namespace trialgate::storage
