#include "storage/local/local_store.h"

#include "storage/lmdb/store_transaction.h"
#include "storage/local/recovery.h"

#include <future>
#include <utility>

namespace trialgate::storage {
namespace {

Result<void> check(const StoreConfig& config) {
  constexpr std::uint64_t least_map = std::uint64_t{1} << 20;
  if (config.directory.empty()) return fail(Errc::invalid_argument, "the store directory is not named");
  if (config.map_size_bytes < least_map)
    return fail(Errc::invalid_argument, "the index map is smaller than 1 MiB");
  if (config.watermark_percent > 99) return fail(Errc::invalid_argument, "the watermark is above 99 percent");
  if (config.max_batch == 0) return fail(Errc::invalid_argument, "the largest group is 0");
  return {};
}

DiskReserve::Limits limits_of(const StoreConfig& config) {
  // The reserve belongs to the serving process; two would take turns in making and removing it.
  const std::uint64_t reserve_bytes = config.access == Access::serve ? config.reserve_bytes : 0;
  return {config.watermark_percent, config.watermark_bytes, reserve_bytes};
}

}  // namespace

LocalStore::LocalStore(const StoreConfig& config, FileSystem& files, Directory root)
    : config_(config), files_(files), root_(std::move(root)), reserve_(files, root_, limits_of(config)) {}

Result<std::unique_ptr<Store>> LocalStore::open(const StoreConfig& config, FileSystem& files) {
  if (auto ok = check(config); !ok) return ok.error();
  auto root = files.open_root(config.directory);
  if (!root) return root.error();
  std::unique_ptr<LocalStore> store(new LocalStore(config, files, std::move(*root)));
  if (config.access == Access::serve) {
    if (auto locked = store->take_lock(); !locked) return locked.error();
  }
  if (auto laid_out = store->lay_out(); !laid_out) return laid_out.error();
  if (auto opened = store->open_environment(); !opened) return opened.error();
  if (config.access == Access::serve) {
    const auto purged = store->blobs_->purge_temporary_files();
    if (!purged) return purged.error();
    store->reserve_.ensure();
    if (auto recovered = store->recover(*purged); !recovered) return recovered.error();
  }
  if (config.access != Access::read_only) {
    store->committer_ = std::make_unique<Committer>(
        Committer::Parts{store->environment_, store->reserve_, store->health_, config.max_batch});
  }
  return std::unique_ptr<Store>(std::move(store));
}

Result<void> LocalStore::take_lock() {
  auto locked = files_.lock(root_, "lock");
  if (!locked) {
    if (locked.error().code != Errc::in_use) return locked.error();
    return fail(Errc::in_use, "the store " + root_.path + " is served by another process, which holds " +
                                  root_.path + "/lock");
  }
  lock_ = std::move(*locked);
  return {};
}

Result<void> LocalStore::lay_out() {
  if (config_.access == Access::serve) {
    if (auto made = files_.make_directory(root_, "index"); !made) return made.error();
  }
  auto index = files_.open_directory(root_, "index");
  if (!index) {
    if (index.error().code != Errc::not_found) return index.error();
    return fail(Errc::not_found, root_.path + " holds no store");
  }
  index_directory_ = std::move(*index);
  auto blobs = LocalBlobStore::open(files_, root_, health_);
  if (!blobs) return blobs.error();
  blobs_ = std::move(*blobs);
  return {};
}

Result<void> LocalStore::open_environment() {
  const auto mode = config_.access == Access::read_only ? LmdbEnvironment::Mode::read_only
                                                        : LmdbEnvironment::Mode::read_write;
  auto opened = LmdbEnvironment::open(index_directory_.path, config_.map_size_bytes, mode);
  if (!opened) return opened.error();
  environment_ = std::move(*opened);
  // LMDB syncs its file, but not the directory in which it has just made it.
  if (config_.access == Access::serve) return files_.sync_directory(index_directory_);
  return {};
}

Result<void> LocalStore::recover(std::uint64_t temp_files_removed) {
  const auto stale = environment_->clear_stale_readers();
  if (!stale) return stale.error();
  if (auto synced = blobs_->sync_all(); !synced) return synced;
  auto report = scan_for_orphans(*blobs_, *environment_);
  if (!report) return report.error();
  report->temp_files_removed = temp_files_removed;
  report->stale_readers_cleared = *stale;
  const std::scoped_lock lock(recovery_mutex_);
  recovery_ = std::move(*report);
  return {};
}

Result<std::unique_ptr<BlobWriter>> LocalStore::create_blob() {
  if (config_.access != Access::serve) {
    return fail(Errc::invalid_argument, "only the process that serves the store writes blobs");
  }
  switch (acceptance()) {
    case Acceptance::failed:
      return fail(Errc::not_accepting, health_.reason());
    case Acceptance::disk_low:
      return fail(Errc::no_space,
                  "the free space at " + root_.path + " is below the watermark, or its index is full");
    case Acceptance::accepting:
      break;
  }
  return blobs_->create();
}

void LocalStore::submit(Commit commit) {
  const bool may_publish = config_.access == Access::serve || commit.blobs.empty();
  if (!committer_ || !may_publish) {
    if (commit.done) commit.done(fail(Errc::invalid_argument, "this process may not commit that"));
    return;
  }
  if (auto published = publish(commit.blobs); !published) {
    // What was not published goes before the answer, so that whoever has it finds no trace of the attempt.
    commit.blobs.clear();
    if (commit.done) commit.done(published.error());
    return;
  }
  committer_->submit(std::move(commit));
}

Result<void> LocalStore::publish(std::span<SealedBlob> blobs) {
  for (SealedBlob& blob : blobs) {
    if (health_.failed()) return fail(Errc::not_accepting, health_.reason());
    if (auto published = blobs_->publish(blob); !published) return published.error();
  }
  return {};
}

Result<void> LocalStore::commit(Commit commit) {
  // Shared, because the committer may still be inside set_value when the waiter has its result.
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  auto outcome = promise->get_future();
  commit.done = [promise, done = std::move(commit.done)](Result<void> result) {
    if (done) done(result);
    promise->set_value(std::move(result));
  };
  submit(std::move(commit));
  return outcome.get();
}

Result<void> LocalStore::read(const std::function<Result<void>(const ReadTransaction&)>& body) const {
  const std::shared_lock lock(environment_mutex_);
  if (!environment_) return fail(Errc::not_accepting, health_.reason());
  auto transaction = LmdbTransaction::begin(*environment_, LmdbTransaction::Mode::read);
  if (!transaction) return transaction.error();
  const LmdbStoreTransaction views(*transaction);
  return body(views);
}

Acceptance LocalStore::acceptance() const {
  if (health_.failed()) return Acceptance::failed;
  const bool map_full = committer_ && committer_->map_full();
  return map_full || reserve_.low() ? Acceptance::disk_low : Acceptance::accepting;
}

RecoveryReport LocalStore::recovery() const {
  const std::scoped_lock lock(recovery_mutex_);
  return recovery_;
}

Result<void> LocalStore::rescan() {
  if (config_.access != Access::serve) {
    return fail(Errc::invalid_argument, "only the process that serves the store re-scans it");
  }
  const auto paused = committer_->paused();
  const std::unique_lock lock(environment_mutex_);
  // From here to the end nothing may be acknowledged, whatever the state was before.
  if (!health_.failed()) health_.fail("a re-scan is running");
  environment_.reset();
  if (auto opened = open_environment(); !opened) return opened;
  if (auto recovered = recover(0); !recovered) return recovered;
  for (const Digest& digest : committer_->recent_blobs()) {
    if (const auto verified = blobs_->verify(digest); !verified) return verified.error();
  }
  health_.clear();
  return {};
}

}  // namespace trialgate::storage
