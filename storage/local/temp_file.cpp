#include "storage/local/temp_file.h"

#include <utility>

namespace trialgate::storage {
namespace {

// Big objects are pushed to the disk as they come, so that the sync at their end is short.
constexpr std::uint64_t write_out_step_bytes = std::uint64_t{8} << 20;

}  // namespace

Result<std::unique_ptr<TempFile>> TempFile::create(FileSystem& files, const Directory& directory,
                                                   std::string name) {
  auto file = files.create_file(directory, name);
  if (!file) return file.error();
  return std::unique_ptr<TempFile>(new TempFile(files, directory, std::move(name), std::move(*file)));
}

TempFile::~TempFile() {
  discard();
}

void TempFile::discard() noexcept {
  if (removed_) return;
  removed_ = true;
  close();
  // When even this fails, the next start removes it.
  (void)files_.unlink(directory_, name_);
}

Result<void> LocalBlobWriter::append(std::span<const std::uint8_t> bytes) {
  if (!temp_) return fail(Errc::invalid_argument, "append to a blob that failed or is sealed");
  if (auto written = files_.write(temp_->file(), bytes); !written) {
    temp_.reset();
    return written;
  }
  digest_.update(bytes);
  size_bytes_ += bytes.size();
  not_written_out_ += bytes.size();
  if (not_written_out_ >= write_out_step_bytes) {
    files_.start_write_out(temp_->file());
    not_written_out_ = 0;
  }
  return {};
}

Result<SealedBlob> LocalBlobWriter::seal() {
  if (!temp_) return fail(Errc::invalid_argument, "seal a blob that failed or is sealed");
  if (auto synced = files_.sync_file(temp_->file()); !synced) {
    temp_.reset();
    // No room for delayed allocation concerns this file alone, which is gone; anything else may concern more.
    if (synced.error().code != Errc::no_space) health_.fail(synced.error().message());
    return synced.error();
  }
  temp_->close();
  const Digest digest = digest_.finish();
  return SealedBlob(digest, size_bytes_, std::move(temp_));
}

}  // namespace trialgate::storage
