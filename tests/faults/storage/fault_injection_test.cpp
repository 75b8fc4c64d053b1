// ENOSPC and EIO at every single operation of the receive path, one after the other: no false success,
// nothing left in temp/, and the store goes on. LMDB's own writes and syncs count as operations too.

#include "tests/faults/storage/lmdb_io.h"
#include "tests/storage/forwarding_file_system.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>

using namespace trialgate::storage;
using trialgate::storage::testing::bytes_of;
using trialgate::storage::testing::ok;
using trialgate::storage::testing::receive;

namespace {

namespace fs = std::filesystem;

// Decides which operation fails, over both kinds of I/O.
class FaultPlan {
 public:
  virtual ~FaultPlan() = default;
  // An errno value: this operation fails with it.
  virtual std::optional<int> next(const std::string& operation) = 0;
};

// Fails exactly one operation.
class FailOnce final : public FaultPlan {
 public:
  FailOnce(std::uint64_t at, int error) : at_(at), error_(error) {}
  std::optional<int> next(const std::string& operation) override {
    if (++count_ != at_) return {};
    failed_ = operation;
    return error_;
  }
  // Which operation failed; empty: there were not so many.
  [[nodiscard]] const std::string& failed() const { return failed_; }

 private:
  std::uint64_t at_;
  int error_;
  std::uint64_t count_ = 0;
  std::string failed_;
};

// A disk without room: everything that needs some fails, until the reserve file is given up, from when on
// LMDB finds room; after free() all do.
class FullDisk final : public FaultPlan {
 public:
  std::optional<int> next(const std::string& operation) override {
    if (operation == "unlink reserve") reserve_given_ = true;
    const bool needs_room = operation == "create" || operation == "write" || operation == "make_directory" ||
                            (operation == "lmdb_write" && !reserve_given_);
    return full_ && needs_room ? std::optional<int>(ENOSPC) : std::nullopt;
  }
  void fill() { full_ = true; }
  void free() { full_ = false; }
  [[nodiscard]] bool reserve_given() const { return reserve_given_; }

 private:
  bool full_ = false;
  bool reserve_given_ = false;
};

class FaultyFileSystem final : public testing::ForwardingFileSystem, public testing::LmdbIoObserver {
 public:
  // None: nothing fails.
  void use(FaultPlan* plan) { plan_ = plan; }

  Result<Directory> open_directory(const Directory& parent, const std::string& name) override {
    if (auto error = ask("open_directory")) return fail_errno(*error, "open", name);
    return ForwardingFileSystem::open_directory(parent, name);
  }
  Result<bool> make_directory(const Directory& parent, const std::string& name) override {
    if (auto error = ask("make_directory")) return fail_errno(*error, "make", name);
    return ForwardingFileSystem::make_directory(parent, name);
  }
  Result<File> create_file(const Directory& parent, const std::string& name) override {
    if (auto error = ask("create")) return fail_errno(*error, "create", name);
    return ForwardingFileSystem::create_file(parent, name);
  }
  Result<void> write(File& file, std::span<const std::uint8_t> bytes) override {
    if (auto error = ask("write")) {
      // As a disk does that fills up on the way.
      (void)ForwardingFileSystem::write(file, bytes.first(bytes.size() / 2));
      return fail_errno(*error, "write", file.path);
    }
    return ForwardingFileSystem::write(file, bytes);
  }
  Result<void> sync_file(File& file) override {
    if (auto error = ask("sync_file")) return fail_errno(*error, "sync", file.path);
    return ForwardingFileSystem::sync_file(file);
  }
  Result<RenameOutcome> rename_no_replace(const Directory& from, const std::string& from_name,
                                          const Directory& to, const std::string& to_name) override {
    if (auto error = ask("rename")) return fail_errno(*error, "rename", to_name);
    return ForwardingFileSystem::rename_no_replace(from, from_name, to, to_name);
  }
  Result<void> sync_directory(const Directory& directory) override {
    if (auto error = ask("sync_directory")) return fail_errno(*error, "sync", directory.path);
    return ForwardingFileSystem::sync_directory(directory);
  }
  Result<void> unlink(const Directory& parent, const std::string& name) override {
    if (auto error = ask("unlink " + name)) return fail_errno(*error, "remove", name);
    return ForwardingFileSystem::unlink(parent, name);
  }
  Result<Space> space(const Directory& directory) override {
    if (auto error = ask("space")) return fail_errno(*error, "ask for room on", directory.path);
    return ForwardingFileSystem::space(directory);
  }
  std::optional<int> on_write(std::uint64_t, std::span<const std::uint8_t>, bool synchronous) override {
    return ask(synchronous ? "lmdb_write_meta" : "lmdb_write");
  }
  std::optional<int> on_sync() override { return ask("lmdb_sync"); }

 private:
  std::optional<int> ask(const std::string& operation) {
    FaultPlan* const plan = plan_;
    return plan == nullptr ? std::nullopt : plan->next(operation);
  }

  std::atomic<FaultPlan*> plan_ = nullptr;
};

std::size_t files_in(const fs::path& path) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

std::size_t rows_of(const Store& store, const std::string& uid) {
  std::size_t count = 0;
  const auto read = store.read([&](const ReadTransaction& transaction) -> Result<void> {
    const auto rows = transaction.index().instances(uid);
    if (!rows) return rows.error();
    count = rows->size();
    return {};
  });
  REQUIRE(ok(read));
  return count;
}

// Sees that `received` is true: rows and bytes are there.
void check_kept(const Store& store, const std::string& uid, const std::vector<std::uint8_t>& bytes) {
  CHECK(rows_of(store, uid) == 1);
  const auto kept = testing::content(store, Digest::of(bytes));
  REQUIRE(ok(kept));
  CHECK(*kept == bytes);
}

// One receive with one failing operation, then everything that must still work. Returns which operation it
// was.
std::string fail_one(std::uint64_t at, int error) {
  const testing::TemporaryDirectory directory(testing::memory_directory());
  FaultyFileSystem files;
  auto store = Store::open(testing::small_store(directory.path()), files).value();
  const testing::ObserveLmdb observe(directory / "index" / "data.mdb", files);
  const auto before = testing::noise(7, 5'000);
  REQUIRE(ok(receive(*store, "1.0", before)));
  const auto bytes = testing::noise(at, 40'000);

  FailOnce plan(at, error);
  files.use(&plan);
  const auto received = receive(*store, "1.1", bytes);
  files.use(nullptr);
  INFO("operation " << at << " (" << plan.failed() << ") failing with errno " << error);

  if (received) check_kept(*store, "1.1", bytes);
  if (plan.failed().starts_with("sync_") && error == EIO) CHECK_FALSE(ok(received));
  if (plan.failed().starts_with("lmdb_") && error == EIO) CHECK_FALSE(ok(received));
  const bool temp_may_stay = plan.failed().starts_with("unlink");
  CHECK(files_in(directory / "temp") <= (temp_may_stay ? 1 : 0));

  if (store->acceptance() == Acceptance::failed) {
    CHECK_FALSE(store->failure_reason().empty());
    const auto refused = receive(*store, "1.2", bytes_of("refused"));
    REQUIRE_FALSE(ok(refused));
    CHECK(refused.error().code == Errc::not_accepting);
    const auto rows = store->commit([](Transaction&) -> Result<void> { return {}; });
    REQUIRE_FALSE(ok(rows));
    CHECK(rows.error().code == Errc::not_accepting);
    REQUIRE(ok(store->rescan()));
    CHECK(store->failure_reason().empty());
  }
  CHECK(store->acceptance() == Acceptance::accepting);
  CHECK(ok(receive(*store, "1.1", bytes)));
  CHECK(ok(receive(*store, "1.3", bytes_of("next"))));
  for (int start = 0; start < 2; ++start) {
    check_kept(*store, "1.0", before);
    check_kept(*store, "1.1", bytes);
    check_kept(*store, "1.3", bytes_of("next"));
    CHECK(store->verify_audit().value().ok());
    CHECK(store->recovery().missing_blobs.empty());
    store.reset();
    store = Store::open(testing::small_store(directory.path()), files).value();
    CHECK(files_in(directory / "temp") == 0);
  }
  return plan.failed();
}

void fail_every_operation(int error) {
  std::set<std::string> kinds;
  std::uint64_t at = 1;
  for (;; ++at) {
    const std::string operation = fail_one(at, error);
    if (operation.empty()) break;
    kinds.insert(operation);
  }
  MESSAGE((at - 1) << " operations failed once each");
  for (const char* kind : {"create", "write", "sync_file", "make_directory", "rename", "sync_directory",
                           "lmdb_write", "lmdb_sync", "lmdb_write_meta"}) {
    INFO("operation " << std::string(kind));
    CHECK(kinds.count(kind) == 1);
  }
}

}  // namespace

TEST_CASE("ENOSPC at any operation of the receive path is no false success and passes") {
  fail_every_operation(ENOSPC);
}

TEST_CASE("EIO at any operation of the receive path is no false success, and a re-scan ends it") {
  fail_every_operation(EIO);
}

TEST_CASE("no room for appending or sealing a blob leaves no temporary file and no failed state") {
  for (const std::uint64_t at : {2U, 3U, 4U}) {  // after space: create, write, sync
    const testing::TemporaryDirectory directory(testing::memory_directory());
    FaultyFileSystem files;
    const auto store = Store::open(testing::small_store(directory.path()), files).value();
    FailOnce plan(at, ENOSPC);
    files.use(&plan);
    const auto received = receive(*store, "1.1", testing::noise(1, 1'000));
    files.use(nullptr);
    INFO(plan.failed());
    REQUIRE_FALSE(ok(received));
    CHECK(received.error().code == Errc::no_space);
    CHECK(files_in(directory / "temp") == 0);
    CHECK(store->acceptance() == Acceptance::accepting);
  }
}

TEST_CASE(
    "on a full disk the reserve lets audit and queue commits through, and receiving resumes by itself") {
  const testing::TemporaryDirectory directory(testing::memory_directory());
  FaultyFileSystem files;
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  const testing::ObserveLmdb observe(directory / "index" / "data.mdb", files);
  REQUIRE(fs::exists(directory / "reserve"));
  FullDisk disk;
  disk.fill();
  files.use(&disk);
  const auto received = receive(*store, "1.1", bytes_of("a"));
  REQUIRE_FALSE(ok(received));
  CHECK(received.error().code == Errc::no_space);
  int applied = 0;
  CHECK(ok(store->commit([&](Transaction& transaction) -> Result<void> {
    ++applied;
    DeliveryRow row;
    row.destination = "archive";
    if (const auto queued = transaction.outbox().enqueue(row); !queued) return queued.error();
    const auto appended = transaction.audit().append(testing::audit_record("disk.full"));
    if (!appended) return appended.error();
    return {};
  })));
  CHECK(applied == 2);
  CHECK(disk.reserve_given());
  CHECK(store->verify_audit().value().head.seq == 1);
  disk.free();
  CHECK(ok(receive(*store, "1.1", bytes_of("a"))));
  CHECK(fs::exists(directory / "reserve"));
}

TEST_CASE("without a reserve a full disk fails the commit as no_space and nothing else") {
  const testing::TemporaryDirectory directory(testing::memory_directory());
  FaultyFileSystem files;
  StoreConfig config = testing::small_store(directory.path());
  config.reserve_bytes = 0;
  const auto store = Store::open(config, files).value();
  const testing::ObserveLmdb observe(directory / "index" / "data.mdb", files);
  FullDisk disk;
  disk.fill();
  files.use(&disk);
  const auto append = [&] {
    return store->commit([](Transaction& transaction) -> Result<void> {
      const auto appended = transaction.audit().append(testing::audit_record("disk.full"));
      if (!appended) return appended.error();
      return {};
    });
  };
  for (int i = 0; i < 3; ++i) {
    const auto refused = append();
    REQUIRE_FALSE(ok(refused));
    CHECK(refused.error().code == Errc::no_space);
  }
  CHECK(store->acceptance() == Acceptance::accepting);
  disk.free();
  CHECK(ok(append()));
  CHECK(store->verify_audit().value().head.seq == 1);
}

TEST_CASE("a failed sync of a directory withdraws the name, so that no later sender finds it") {
  const testing::TemporaryDirectory directory(testing::memory_directory());
  FaultyFileSystem files;
  const auto store = Store::open(testing::small_store(directory.path()), files).value();
  class FailDirectorySyncs final : public FaultPlan {
   public:
    std::optional<int> next(const std::string& operation) override {
      return operation == "sync_directory" ? std::optional<int>(EIO) : std::nullopt;
    }
  } plan;
  files.use(&plan);
  const auto received = receive(*store, "1.1", bytes_of("a"));
  REQUIRE_FALSE(ok(received));
  CHECK_FALSE(store->blobs().contains(Digest::of(bytes_of("a"))).value());
  CHECK(store->acceptance() == Acceptance::failed);
  CHECK_FALSE(ok(store->rescan()));
  CHECK(store->acceptance() == Acceptance::failed);
  files.use(nullptr);
  REQUIRE(ok(store->rescan()));
  CHECK(ok(receive(*store, "1.1", bytes_of("a"))));
}

TEST_CASE("the faults above did reach LMDB") {
  CHECK(testing::lmdb_calls_seen() > 0);
}
