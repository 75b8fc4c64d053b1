#include "storage/local/local_blob_store.h"

#include "storage/local/temp_file.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace trialgate::storage {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string directory_name(std::uint8_t prefix) {
  return {hex_digits[prefix >> 4], hex_digits[prefix & 15]};
}

std::uint8_t prefix_of(const Digest& digest) {
  return digest.bytes()[0];
}

}  // namespace

Result<std::unique_ptr<LocalBlobStore>> LocalBlobStore::open(FileSystem& files, const Directory& root,
                                                             Health& health) {
  std::unique_ptr<LocalBlobStore> store(new LocalBlobStore(files, root, health));
  for (const auto& [name, directory] :
       {std::pair("temp", &store->temp_), std::pair("blobs", &store->blobs_)}) {
    if (auto made = files.make_directory(root, name); !made) return made.error();
    auto opened = files.open_directory(root, name);
    if (!opened) return opened.error();
    *directory = std::move(*opened);
  }
  return store;
}

Result<std::unique_ptr<BlobWriter>> LocalBlobStore::create() {
  // temp/ was emptied at start-up and one process writes there: a number is unique enough.
  auto temp = TempFile::create(files_, temp_, std::to_string(next_temp_++));
  if (!temp) return temp.error();
  return std::unique_ptr<BlobWriter>(std::make_unique<LocalBlobWriter>(files_, health_, std::move(*temp)));
}

Result<const Directory*> LocalBlobStore::directory_of(std::uint8_t prefix) const {
  const std::scoped_lock lock(directories_mutex_);
  std::unique_ptr<Directory>& kept = directories_[prefix];
  if (!kept) {
    auto opened = files_.open_directory(blobs_, directory_name(prefix));
    if (!opened) return opened.error();
    kept = std::make_unique<Directory>(std::move(*opened));
  }
  return kept.get();
}

Result<void> LocalBlobStore::make_durable_directory(std::uint8_t prefix) {
  if (auto made = files_.make_directory(blobs_, directory_name(prefix)); !made) return made.error();
  auto synced = files_.sync_directory(blobs_);
  if (!synced) health_.fail(synced.error().message());
  return synced;
}

Result<PublishOutcome> LocalBlobStore::publish(SealedBlob& blob) {
  auto* const temp = dynamic_cast<TempFile*>(blob.staged());
  if (temp == nullptr) return fail(Errc::invalid_argument, "publish a blob that is not staged here");
  const std::uint8_t prefix = prefix_of(blob.digest());
  Publishing& publishing = publishing_[prefix];
  const std::scoped_lock alone(publishing.mutex);
  if (!publishing.durable) {
    if (auto made = make_durable_directory(prefix); !made) return made.error();
    publishing.durable = true;
  }
  const auto directory = directory_of(prefix);
  if (!directory) return directory.error();

  const auto renamed = files_.rename_no_replace(temp_, temp->name(), **directory, blob.digest().hex());
  if (!renamed) return renamed.error();
  const bool fresh = *renamed == RenameOutcome::renamed;
  if (fresh) temp->renamed();
  blob.drop_staged();
  // The directory of a known digest is synced too: that a name is visible does not tell that it is durable.
  if (const auto synced = files_.sync_directory(**directory); !synced) {
    health_.fail(synced.error().message());
    // Without this a later sender of the same bytes would find the name and be told that it is durable.
    if (fresh) (void)files_.unlink(**directory, blob.digest().hex());
    return synced.error();
  }
  return fresh ? PublishOutcome::published : PublishOutcome::already_known;
}

Result<File> LocalBlobStore::open_file(const Digest& digest) const {
  const auto directory = directory_of(prefix_of(digest));
  if (!directory) return directory.error();
  return files_.open_file(**directory, digest.hex());
}

Result<Blob> LocalBlobStore::open(const Digest& digest) const {
  auto file = open_file(digest);
  if (!file) return file.error();
  const auto status = files_.status(*file);
  if (!status) return status.error();
  return Blob{std::move(file->fd), status->size_bytes};
}

Result<FileStatus> LocalBlobStore::status(const Digest& digest) const {
  const auto file = open_file(digest);
  if (!file) return file.error();
  return files_.status(*file);
}

Result<bool> LocalBlobStore::contains(const Digest& digest) const {
  const auto file = open_file(digest);
  if (file) return true;
  if (file.error().code == Errc::not_found) return false;
  return file.error();
}

Result<std::uint64_t> LocalBlobStore::verify(const Digest& digest) const {
  constexpr std::size_t chunk_bytes = std::size_t{256} << 10;
  const auto file = open_file(digest);
  if (!file) return file.error();
  files_.drop_cached(*file);
  DigestBuilder builder;
  std::vector<std::uint8_t> chunk(chunk_bytes);
  std::uint64_t size = 0;
  for (;;) {
    const auto got = files_.read_at(*file, size, chunk);
    if (!got) return got.error();
    if (*got == 0) break;
    builder.update(std::span(chunk).first(*got));
    size += *got;
  }
  if (builder.finish() != digest)
    return fail(Errc::corrupt, "the bytes of " + file->path + " do not match its name");
  return size;
}

Result<void> LocalBlobStore::list(const std::function<bool(const Digest&)>& visit,
                                  const std::function<void(std::string)>& foreign) const {
  auto names = files_.list(blobs_);
  if (!names) return names.error();
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    const auto prefix = Digest::from_hex(name + std::string(62, '0'));
    if (name.size() != 2 || !prefix) {
      foreign("blobs/" + name);
      continue;
    }
    const auto directory = directory_of(prefix_of(*prefix));
    if (!directory) return directory.error();
    auto files = files_.list(**directory);
    if (!files) return files.error();
    std::sort(files->begin(), files->end());
    for (const std::string& file : *files) {
      const auto digest = Digest::from_hex(file);
      if (!digest || prefix_of(*digest) != prefix_of(*prefix)) {
        foreign("blobs/" + name + "/" + file);
      } else if (!visit(*digest)) {
        return {};
      }
    }
  }
  return {};
}

Result<void> LocalBlobStore::sync_all() {
  const auto names = files_.list(blobs_);
  if (!names) return names.error();
  std::vector<std::uint8_t> synced_prefixes;
  for (const std::string& name : *names) {
    const auto prefix = Digest::from_hex(name + std::string(62, '0'));
    if (name.size() != 2 || !prefix) continue;
    const auto directory = directory_of(prefix_of(*prefix));
    if (!directory) return directory.error();
    if (auto synced = files_.sync_directory(**directory); !synced) return synced;
    synced_prefixes.push_back(prefix_of(*prefix));
  }
  if (auto synced = files_.sync_directory(blobs_); !synced) return synced;
  for (const std::uint8_t prefix : synced_prefixes) {
    const std::scoped_lock alone(publishing_[prefix].mutex);
    publishing_[prefix].durable = true;
  }
  return files_.sync_directory(root_);
}

Result<std::uint64_t> LocalBlobStore::purge_temporary_files() {
  const auto names = files_.list(temp_);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (auto removed = files_.unlink(temp_, name); !removed) return removed.error();
  }
  return names->size();
}

}  // namespace trialgate::storage
