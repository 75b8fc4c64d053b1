#pragma once

#include "storage/store.h"
#include "tests/gateway/worker/synthetic_instance.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace trialgate::gateway::test {

/// Waits for what another thread brings about; long enough for a sanitizer on a busy machine.
inline bool soon(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

/// A real store in a temporary folder, without watermark.
class TestStore {
 public:
  TestStore() { open(); }

  /// Ends the store and opens it again, as a restart does.
  void reopen() {
    store_.reset();
    open();
  }
  void close() { store_.reset(); }
  void open(std::uint64_t watermark_bytes = 0) {
    storage::StoreConfig config;
    config.directory = folder_.path().string();
    config.map_size_bytes = 64U << 20U;
    config.reserve_bytes = 0;
    config.watermark_bytes = watermark_bytes;
    config.watermark_percent = 0;
    auto opened = storage::Store::open(config, files_);
    REQUIRE(opened.has_value());
    store_ = std::move(*opened);
  }

  [[nodiscard]] storage::Store& operator*() { return *store_; }
  [[nodiscard]] storage::Store* operator->() { return store_.get(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

  void commit(std::function<storage::Result<void>(storage::Transaction&)> apply) {
    const auto result = store_->commit(std::move(apply));
    if (!result) FAIL(result.error().message());
  }

  storage::SubmissionRow submission(std::uint64_t id) {
    storage::SubmissionRow found;
    REQUIRE(store_
                ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                  auto row = transaction.index().submission(id);
                  if (row && *row) found = **row;
                  return {};
                })
                .has_value());
    return found;
  }
  void put(const storage::SubmissionRow& row) {
    commit([&](storage::Transaction& transaction) { return transaction.index().put_submission(row); });
  }
  std::vector<storage::DeliveryRow> deliveries(std::uint64_t submission) {
    std::vector<storage::DeliveryRow> rows;
    REQUIRE(store_
                ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                  auto found = transaction.outbox().deliveries_of(submission);
                  if (!found) return found.error();
                  rows = std::move(*found);
                  return {};
                })
                .has_value());
    return rows;
  }
  /// How many deliveries of a submission are in a state.
  std::size_t count(std::uint64_t submission, storage::DeliveryState state) {
    std::size_t count = 0;
    for (const auto& row : deliveries(submission)) count += row.state == state ? 1 : 0;
    return count;
  }
  std::vector<storage::AuditRecord> audit() {
    std::vector<storage::AuditRecord> records;
    REQUIRE(store_
                ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                  auto read = transaction.audit().read(1, 100'000);
                  if (!read) return read.error();
                  records = std::move(*read);
                  return {};
                })
                .has_value());
    return records;
  }
  std::size_t events(std::string_view name) {
    std::size_t count = 0;
    for (const auto& record : audit()) count += record.event == name ? 1 : 0;
    return count;
  }

  /// A blob of its own, as a pack.
  storage::Digest put_pack(const std::string& bytes) {
    auto writer = store_->create_blob();
    REQUIRE(writer.has_value());
    REQUIRE(
        (*writer)->append({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).has_value());
    auto sealed = (*writer)->seal();
    REQUIRE(sealed.has_value());
    const storage::BlobRow row{sealed->digest(), storage::BlobRole::pack, sealed->size_bytes(), {}};
    storage::Commit commit;
    commit.blobs.push_back(std::move(*sealed));
    commit.apply = [row](storage::Transaction& transaction) { return transaction.index().put_blob(row); };
    REQUIRE(store_->commit(std::move(commit)).has_value());
    return row.blob;
  }

 private:
  TemporaryFolder folder_;
  storage::PosixFileSystem files_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace trialgate::gateway::test
