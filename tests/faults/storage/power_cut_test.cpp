// Cuts the power after every single operation of a receiving store and drops what was not synced. What was
// acknowledged must be there when the store is opened again; with any kind of sync taken out it must not.
//
// Modelled: contents and directory entries of the blob files, and the writes and syncs that LMDB makes on its
// data file. Not modelled: the making of the store itself (it begins as a durable one), a medium that reports
// a sync and has not done it, and damage to bytes that were durable.

#include "tests/faults/storage/power_cut.h"

#include "tests/storage/support.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

using namespace trialgate::storage;
using trialgate::storage::testing::Loss;
using trialgate::storage::testing::noise;
using trialgate::storage::testing::ok;
using trialgate::storage::testing::TraceEntry;

namespace {

namespace fs = std::filesystem;

// Opening a restored store need not be durable itself.
class UnsyncedFileSystem final : public testing::ForwardingFileSystem {
 public:
  Result<void> sync_file(File&) override { return {}; }
  Result<void> sync_directory(const Directory&) override { return {}; }
};

using Acknowledged = std::map<std::string, std::vector<std::uint8_t>>;

struct Run {
  testing::TemporaryDirectory directory{testing::memory_directory()};
  std::unique_ptr<testing::PowerCut> start;
  std::vector<TraceEntry> trace;
};

Commit receive_commit(Store& store, testing::TracingFileSystem& files, const std::string& uid,
                      const std::vector<std::uint8_t>& bytes, const std::function<void()>& answered) {
  Commit commit;
  commit.blobs.push_back(testing::seal(store, bytes).value());
  commit.apply = [=, digest = commit.blobs[0].digest()](Transaction& transaction) -> Result<void> {
    if (auto put = transaction.index().put_instance(testing::instance_row(uid, digest)); !put) return put;
    const auto appended = transaction.audit().append(testing::audit_record("instance.received"));
    if (!appended) return appended.error();
    return {};
  };
  commit.done = [=, &files](Result<void> result) {
    if (result) files.acknowledge(uid, bytes);
    answered();
  };
  return commit;
}

// Receives instances one by one and in groups, some of them twice, and keeps the trace.
void record(Run& run, testing::TracingFileSystem::Syncs syncs, unsigned instances) {
  testing::TracingFileSystem files(run.directory.path(), std::move(syncs));
  const auto store = Store::open(testing::small_store(run.directory.path()), files).value();
  run.start = std::make_unique<testing::PowerCut>(run.directory.path());
  const testing::ObserveLmdb observe(run.directory / "index" / "data.mdb", files);
  files.start();
  std::mutex mutex;
  std::condition_variable answered;
  unsigned waiting = 0;
  for (unsigned i = 0; i < instances; ++i) {
    const unsigned which = i % 7 == 6 ? i - 3 : i;  // every seventh comes a second time
    const std::string uid = "1." + std::to_string(which);
    {
      const std::scoped_lock lock(mutex);
      ++waiting;
    }
    store->submit(receive_commit(*store, files, uid, noise(which, 300 + which * 97), [&] {
      const std::scoped_lock lock(mutex);
      --waiting;
      answered.notify_one();
    }));
    // Groups of one, then of whatever was submitted while the one before was at work.
    std::unique_lock lock(mutex);
    const unsigned together = i < instances / 3 ? 0 : 3;
    answered.wait(lock, [&] { return waiting <= together; });
  }
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return waiting == 0; });
  run.trace = files.take();
}

// Number of acknowledged instances that a store restored into `path` does not give back.
std::size_t lost_in(const std::string& path, const Acknowledged& acknowledged) {
  UnsyncedFileSystem files;
  const auto opened = Store::open(testing::small_store(path), files);
  if (!opened) return std::max<std::size_t>(acknowledged.size(), 1);
  const Store& store = **opened;
  std::size_t lost = store.recovery().missing_blobs.size();
  for (const auto& [uid, bytes] : acknowledged) {
    const Digest digest = Digest::of(bytes);
    bool has_row = false;
    const auto read = store.read([&](const ReadTransaction& transaction) -> Result<void> {
      const auto row = transaction.index().instance(uid, digest);
      if (!row) return row.error();
      has_row = row->has_value();
      return {};
    });
    const auto kept = testing::content(store, digest);
    if (!read || !has_row || !kept || *kept != bytes) ++lost;
  }
  const auto verification = store.verify_audit();
  if (!verification || !verification->ok() || verification->head.seq < acknowledged.size()) ++lost;
  if (!fs::is_empty(fs::path(path) / "temp")) ++lost;
  return lost;
}

struct Tally {
  std::size_t states = 0;
  std::size_t states_with_loss = 0;
  std::size_t boundaries = 0;
};

// Cuts the power after each entry of the trace, in each of the ways given.
Tally cut_everywhere(const Run& run, unsigned random_variants) {
  Tally tally;
  testing::PowerCut medium = *run.start;
  Acknowledged acknowledged;
  const testing::TemporaryDirectory restored(testing::memory_directory());
  for (const TraceEntry& entry : run.trace) {
    medium.apply(entry);
    if (entry.kind == TraceEntry::Kind::acknowledged) acknowledged[entry.path] = entry.bytes;
    ++tally.boundaries;
    for (unsigned variant = 0; variant <= random_variants; ++variant) {
      const std::string target = restored.path() + "/store";
      medium.restore(target, {variant == 0, variant % 2 == 0 ? 4096U : 512U, tally.states});
      ++tally.states;
      if (lost_in(target, acknowledged) > 0) ++tally.states_with_loss;
      fs::remove_all(target);
    }
  }
  return tally;
}

Tally cut_without(testing::TracingFileSystem::Syncs syncs) {
  Run run;
  record(run, std::move(syncs), 8);
  return cut_everywhere(run, 0);
}

}  // namespace

TEST_CASE("whenever the power goes, what was acknowledged is there afterwards") {
  Run run;
  record(run, {}, 36);
  const Tally tally = cut_everywhere(run, 5);
  MESSAGE(tally.boundaries << " boundaries, " << tally.states << " states after a power cut");
  CHECK(tally.states >= 2'000);
  CHECK(tally.states_with_loss == 0);
  CHECK(testing::lmdb_calls_seen() > 0);
}

TEST_CASE("negative control: without any fsync of files and directories the loss is seen") {
  testing::TracingFileSystem::Syncs none;
  none.files = false;
  none.directories = [](const std::string&) { return false; };
  CHECK(cut_without(none).states_with_loss > 0);
}

TEST_CASE("negative control: without the fsync of blob files the loss is seen") {
  testing::TracingFileSystem::Syncs syncs;
  syncs.files = false;
  CHECK(cut_without(syncs).states_with_loss > 0);
}

TEST_CASE("negative control: without the fsync of the directory of a blob the loss is seen") {
  testing::TracingFileSystem::Syncs syncs;
  syncs.directories = [](const std::string& path) { return !path.starts_with("blobs/"); };
  CHECK(cut_without(syncs).states_with_loss > 0);
}

TEST_CASE("negative control: without the fsync of the parent of a new directory the loss is seen") {
  testing::TracingFileSystem::Syncs syncs;
  syncs.directories = [](const std::string& path) { return path != "blobs"; };
  CHECK(cut_without(syncs).states_with_loss > 0);
}

TEST_CASE("negative control: without the syncs of LMDB the loss is seen") {
  testing::TracingFileSystem::Syncs syncs;
  syncs.lmdb = false;
  CHECK(cut_without(syncs).states_with_loss > 0);
}
