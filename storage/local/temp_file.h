#pragma once

#include "storage/blob_store.h"
#include "storage/file_system.h"
#include "storage/local/health.h"

#include <cstdint>
#include <memory>
#include <string>

namespace trialgate::storage {

/// A file in temp/ that is removed when this goes, unless it was renamed away.
class TempFile final : public SealedBlob::Staged {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TempFile>> create(FileSystem& files, const Directory& directory,
                                                                std::string name);
  ~TempFile() override;
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  [[nodiscard]] File& file() noexcept { return file_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The bytes are safe: no descriptor is needed any more.
  void close() noexcept { file_.fd.reset(); }
  /// It has another name now and stays.
  void renamed() noexcept { removed_ = true; }
  /// Removes it now.
  void discard() noexcept;

 private:
  TempFile(FileSystem& files, const Directory& directory, std::string name, File file)
      : files_(files), directory_(directory), name_(std::move(name)), file_(std::move(file)) {}

  FileSystem& files_;
  const Directory& directory_;
  std::string name_;
  File file_;
  bool removed_ = false;
};

/// Writes one blob into a TempFile.
class LocalBlobWriter final : public BlobWriter {
 public:
  LocalBlobWriter(FileSystem& files, Health& health, std::unique_ptr<TempFile> temp)
      : files_(files), health_(health), temp_(std::move(temp)) {}

  Result<void> append(std::span<const std::uint8_t> bytes) override;
  Result<SealedBlob> seal() override;
  std::uint64_t size_bytes() const override { return size_bytes_; }

 private:
  FileSystem& files_;
  Health& health_;
  std::unique_ptr<TempFile> temp_;  ///< null after a failure or seal()
  DigestBuilder digest_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t not_written_out_ = 0;
};

}  // namespace trialgate::storage
