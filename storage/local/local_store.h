#pragma once

#include "storage/lmdb/environment.h"
#include "storage/local/committer.h"
#include "storage/local/disk_reserve.h"
#include "storage/local/health.h"
#include "storage/local/local_blob_store.h"
#include "storage/store.h"

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>

namespace trialgate::storage {

/// The Store in one local directory: lock, reserve, temp/, blobs/, index/.
class LocalStore final : public Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const StoreConfig& config, FileSystem& files);

  Result<std::unique_ptr<BlobWriter>> create_blob() override;
  const BlobStore& blobs() const override { return *blobs_; }
  void submit(Commit commit) override;
  Result<void> commit(Commit commit) override;
  Result<void> read(const std::function<Result<void>(const ReadTransaction&)>& body) const override;
  Acceptance acceptance() const override;
  std::string failure_reason() const override { return health_.reason(); }
  RecoveryReport recovery() const override;
  Result<void> rescan() override;

 private:
  LocalStore(const StoreConfig& config, FileSystem& files, Directory root);
  Result<void> lay_out();
  Result<void> take_lock();
  Result<void> open_environment();
  Result<void> recover(std::uint64_t temp_files_removed);
  Result<void> publish(std::span<SealedBlob> blobs);

  StoreConfig config_;
  FileSystem& files_;
  Directory root_;
  Directory index_directory_;
  Health health_;
  DiskReserve reserve_;
  std::optional<File> lock_;  ///< held while serving
  std::unique_ptr<LocalBlobStore> blobs_;

  mutable std::shared_mutex environment_mutex_;  ///< readers share; rescan() replaces
  std::unique_ptr<LmdbEnvironment> environment_;

  mutable std::mutex recovery_mutex_;
  RecoveryReport recovery_;

  std::unique_ptr<Committer> committer_;  ///< last, so that it ends first; null when read-only
};

}  // namespace trialgate::storage
