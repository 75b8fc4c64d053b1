#include "storage/local/committer.h"

#include "storage/lmdb/store_transaction.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace trialgate::storage {
namespace {

// How many blobs rescan() reads again.
constexpr std::size_t recent_blobs_kept = 64;

// A command that was killed while it read would keep LMDB from reusing pages until the next start.
constexpr std::uint64_t groups_between_reader_checks = 1'024;

Failure not_accepting(const Health& health) {
  return fail(Errc::not_accepting, health.reason());
}

Result<void> run_apply(const Commit& commit, Transaction& transaction) {
  if (!commit.apply) return {};
  // The caller's code: whatever it throws must not end the thread that every other commit needs.
  try {
    return commit.apply(transaction);
  } catch (const std::exception& thrown) {
    return fail(Errc::index_error, std::string("the commit threw: ") + thrown.what());
  }
}

}  // namespace

Committer::Committer(const Parts& parts) : parts_(parts), thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::scoped_lock lock(queue_mutex_);
    stopping_ = true;
  }
  queued_.notify_one();
  thread_.join();
}

void Committer::submit(Commit commit) {
  {
    const std::scoped_lock lock(queue_mutex_);
    queue_.push_back(std::move(commit));
  }
  queued_.notify_one();
}

void Committer::run() {
  for (;;) {
    Group group;
    {
      std::unique_lock lock(queue_mutex_);
      queued_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && group.size() < parts_.max_batch) {
        group.push_back({std::move(queue_.front()), {}});
        queue_.pop_front();
      }
    }
    process(group);
    for (Member& member : group) {
      if (member.commit.done) member.commit.done(std::move(member.outcome));
    }
  }
}

void Committer::process(Group& group) {
  const std::scoped_lock working(work_mutex_);
  bool committed = false;
  if (!parts_.health.failed()) {
    committed = write_rows(group);
    parts_.reserve.ensure();
    if (++groups_ % groups_between_reader_checks == 0) (void)parts_.environment->clear_stale_readers();
  }
  if (committed) {
    remember_blobs(group);
    return;
  }
  // Whoever has no failure of his own yet was not committed.
  for (Member& member : group) {
    if (member.outcome) member.outcome = not_accepting(parts_.health);
  }
}

// True when every member without an outcome of its own is durable.
bool Committer::write_rows(Group& group) {
  bool map_full = false;
  while (!parts_.health.failed() && std::any_of(group.begin(), group.end(), [](const Member& member) {
    return member.outcome.has_value();
  })) {
    Failure failure;
    switch (write_rows_once(group, failure, map_full)) {
      case Attempt::committed:
        map_full_ = map_full;
        return true;
      case Attempt::member_failed:
        break;
      case Attempt::disk_full:
        // The reserve was kept for this moment. It is not made again before the group is done.
        if (parts_.reserve.release()) break;
        [[fallthrough]];
      case Attempt::failed:
        for (Member& member : group) {
          if (member.outcome) member.outcome = failure;
        }
        map_full_ = map_full_ || map_full;
        return false;
    }
  }
  map_full_ = map_full_ || map_full;
  return false;
}

Committer::Attempt Committer::write_rows_once(Group& group, Failure& failure, bool& map_full) {
  auto transaction = LmdbTransaction::begin(*parts_.environment, LmdbTransaction::Mode::write);
  if (!transaction) {
    failure = transaction.error();
    parts_.health.fail(failure.message());
    return Attempt::failed;
  }
  if (const Attempt applied = apply_all(group, *transaction, map_full); applied != Attempt::committed)
    return applied;
  const auto committed = transaction->commit();
  if (committed) return Attempt::committed;
  failure = committed.error();
  map_full = map_full || transaction->map_full();
  if (transaction->disk_full()) return Attempt::disk_full;
  // LMDB does not tell a failed write from a failed sync; after either nothing is known about the medium.
  if (failure.code != Errc::no_space) parts_.health.fail(failure.message());
  return Attempt::failed;
}

// A member that fails gets its outcome, and the transaction must be begun anew without it. Those before it
// will then run as they did, because nothing before them has changed.
Committer::Attempt Committer::apply_all(Group& group, LmdbTransaction& transaction, bool& map_full) {
  LmdbStoreTransaction views(transaction);
  for (Member& member : group) {
    if (!member.outcome) continue;
    auto applied = run_apply(member.commit, views);
    // An LMDB error that apply() swallowed has spoiled the transaction all the same.
    if (applied && transaction.failure()) applied = *transaction.failure();
    if (applied) continue;
    map_full = map_full || transaction.map_full();
    if (transaction.disk_full() && parts_.reserve.held()) return Attempt::disk_full;
    member.outcome = applied.error();
    return Attempt::member_failed;
  }
  return Attempt::committed;
}

void Committer::remember_blobs(const Group& group) {
  for (const Member& member : group) {
    if (!member.outcome) continue;
    for (const SealedBlob& blob : member.commit.blobs) recent_.push_back(blob.digest());
  }
  while (recent_.size() > recent_blobs_kept) recent_.pop_front();
}

}  // namespace trialgate::storage
