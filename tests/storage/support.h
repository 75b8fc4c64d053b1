#pragma once

#include "storage/store.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::storage::testing {

/// A fresh directory that goes with everything in it.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "trialgate-storage-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Where a test works that makes thousands of stores and models durability itself: in memory, if there is
/// such a file system.
inline std::filesystem::path memory_directory() {
  return ::access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm")
                                         : std::filesystem::temp_directory_path();
}

/// A small store without a watermark, so that a full test machine does not matter.
inline StoreConfig small_store(const std::string& directory, Access access = Access::serve) {
  StoreConfig config;
  config.directory = directory;
  config.access = access;
  config.map_size_bytes = std::uint64_t{256} << 20;
  config.watermark_percent = 0;
  config.watermark_bytes = 0;
  config.reserve_bytes = std::uint64_t{1} << 20;
  return config;
}

inline std::vector<std::uint8_t> bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

/// Reproducible bytes, other for another seed.
inline std::vector<std::uint8_t> noise(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

inline UtcTime at(std::int64_t seconds) {
  return UtcTime(std::chrono::seconds(seconds));
}

inline InstanceRow instance_row(std::string uid, const Digest& blob, std::uint64_t size_bytes = 0) {
  InstanceRow row;
  row.sop_instance_uid = std::move(uid);
  row.blob = blob;
  row.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
  row.transfer_syntax_uid = "1.2.840.10008.1.2.1";
  row.site = "SITE03";
  row.calling_ae = "PACS";
  row.called_ae = "TRIALGATE";
  row.peer = "192.0.2.7";
  row.received_at = at(1'780'000'000);
  row.size_bytes = size_bytes;
  return row;
}

inline AuditRecord audit_record(std::string event, std::int64_t seconds = 1'780'000'000) {
  AuditRecord record;
  record.at = at(seconds);
  record.actor = "PACS";
  record.event = std::move(event);
  record.site = "SITE03";
  return record;
}

/// For doctest, which would print the value of a Result that it is given.
template <class T>
bool ok(const Result<T>& result) {
  return result.has_value();
}
inline bool ok(bool value) {
  return value;
}
template <class T>
bool ok(const std::optional<T>& value) {
  return value.has_value();
}

/// Writes and seals one blob.
inline Result<SealedBlob> seal(Store& store, std::span<const std::uint8_t> bytes) {
  auto writer = store.create_blob();
  if (!writer) return writer.error();
  if (auto appended = (*writer)->append(bytes); !appended) return appended.error();
  return (*writer)->seal();
}

/// The whole receive path: blob, instance row and audit record. Success means acknowledged.
inline Result<Digest> receive(Store& store, const std::string& uid, std::span<const std::uint8_t> bytes) {
  auto sealed = seal(store, bytes);
  if (!sealed) return sealed.error();
  const Digest digest = sealed->digest();
  const std::uint64_t size = sealed->size_bytes();
  Commit commit;
  commit.blobs.push_back(std::move(*sealed));
  commit.apply = [=](Transaction& transaction) -> Result<void> {
    if (auto put = transaction.index().put_instance(instance_row(uid, digest, size)); !put) return put;
    AuditRecord record = audit_record("instance.received");
    record.object = digest;
    record.sop_instance_uid = uid;
    const auto appended = transaction.audit().append(record);
    if (!appended) return appended.error();
    return {};
  };
  if (auto committed = store.commit(std::move(commit)); !committed) return committed.error();
  return digest;
}

/// Whole content of a published blob.
inline Result<std::vector<std::uint8_t>> content(const Store& store, const Digest& digest) {
  const auto blob = store.blobs().open(digest);
  if (!blob) return blob.error();
  std::vector<std::uint8_t> bytes(blob->size_bytes);
  const auto got = blob->read_at(0, bytes);
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

}  // namespace trialgate::storage::testing
