#include "gateway/pipeline/examiner.h"

#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace trialgate::gateway {
namespace {

constexpr std::size_t most_under_way = 512;
/// Commits that examine compete with those that receive: few large ones leave the disk to the senders.
constexpr std::size_t most_in_one_commit = 64;

/// Stands in for the Study Instance UID of an instance that cannot be read; unique, and no UID.
std::string study_of_unreadable(const storage::Digest& blob) {
  return "unreadable-" + blob.hex().substr(0, 40);
}

storage::Result<storage::SubmissionRow> join_submission(storage::Transaction& transaction,
                                                        const storage::InstanceRow& instance,
                                                        storage::UtcTime now) {
  auto found = transaction.index().submission(instance.site, instance.study_uid);
  if (!found) return found.error();
  if (!*found) {
    auto id = transaction.index().allocate_submission_id();
    if (!id) return id.error();
    storage::SubmissionRow fresh;
    fresh.id = *id;
    fresh.site = instance.site;
    fresh.study_uid = instance.study_uid;
    fresh.version = 1;
    fresh.instance_count = 1;
    fresh.last_arrival = instance.received_at;
    fresh.entered_state_at = now;
    if (auto put = transaction.index().put_submission(fresh); !put) return put.error();
    Act act{now, "trialgate", "submission.opened", "first instance of this study from this site", {}};
    if (auto recorded = record_act(transaction, fresh, act); !recorded) return recorded.error();
    return fresh;
  }
  storage::SubmissionRow row = **found;
  ++row.instance_count;
  row.last_arrival = std::max(row.last_arrival, instance.received_at);
  if (row.state == storage::SubmissionState::receiving || row.state == storage::SubmissionState::withdrawn) {
    if (auto put = transaction.index().put_submission(row); !put) return put.error();
    return row;
  }
  Act act{now, "trialgate", "submission.reopened", "an instance arrived after the study was judged", {}};
  if (auto reopened = reopen(transaction, row, act); !reopened) return reopened.error();
  return row;
}

storage::Result<void> record_examination(storage::Transaction& transaction, const storage::InstanceRow& seen,
                                         const ExaminationResult& examined, std::uint64_t& submission) {
  auto row = transaction.index().instance(seen.sop_instance_uid, seen.blob);
  if (!row) return row.error();
  if (!*row || (*row)->state != storage::InstanceState::received) return {};
  storage::InstanceRow instance = **row;
  instance.state = examined.state;
  instance.study_uid = examined.study_uid;
  instance.series_uid = examined.series_uid;
  const storage::UtcTime now = utc_now();
  auto joined = join_submission(transaction, instance, now);
  if (!joined) return joined.error();
  instance.submission = submission = joined->id;
  if (auto put = transaction.index().put_instance(instance); !put) return put;

  storage::AuditRecord audit;
  audit.at = now;
  audit.actor = "trialgate";
  audit.event = examined.record.empty() ? "instance.unreadable" : "instance.examined";
  audit.reason = examined.reason;
  audit.site = instance.site;
  audit.submission = joined->id;
  audit.object = instance.blob;
  audit.sop_instance_uid = instance.sop_instance_uid;
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  if (examined.record.empty()) return {};
  return transaction.index().put_record(instance.blob, examined.record);
}

std::vector<std::string> extra_paths(const TrialSet& trials) {
  std::set<std::string> paths;
  for (const TrialInForce& trial : trials)
    paths.insert(trial.trial->attribute_paths.begin(), trial.trial->attribute_paths.end());
  return {paths.begin(), paths.end()};
}

}  // namespace

Examiner::Examiner(storage::Store& store, InstanceWorkers& workers, const TrialBook& trials, Logger& log,
                   std::function<void()> progress)
    : store_(store), workers_(workers), trials_(trials), log_(log), progress_(std::move(progress)) {}

Examiner::~Examiner() {
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return under_way_.empty(); });
}

bool Examiner::step() {
  std::size_t room = 0;
  std::uint64_t after = 0;
  {
    const std::lock_guard lock(mutex_);
    room = most_under_way - std::min(most_under_way, under_way_.size());
    after = cursor_;
  }
  if (room == 0) return false;
  std::vector<storage::InstanceRow> rows;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto next = transaction.index().next_unexamined(room, after);
    if (!next) return next.error();
    rows = std::move(*next);
    return {};
  });
  if (!read) {
    log_.event(dimse::Level::error, "store.read_failed", {{"why", read.error().message()}});
    return false;
  }
  const std::vector<std::string> paths = extra_paths(*trials_.current());
  for (const storage::InstanceRow& row : rows) {
    {
      const std::lock_guard lock(mutex_);
      cursor_ = std::max(cursor_, row.arrival);
      if (!under_way_.emplace(row.arrival, row.site).second) continue;
    }
    auto blob = store_.blobs().open(row.blob);
    if (!blob) {
      log_.event(dimse::Level::error, "instance.blob_missing",
                 {{"sop_instance_uid", row.sop_instance_uid}, {"why", blob.error().message()}});
      finish(row, WorkerFailure{WorkerFailure::Kind::unreadable, 0, "the stored bytes cannot be opened"});
      continue;
    }
    workers_.examine(std::move(blob->fd), paths,
                     [this, row](ExamineOutcome outcome) { finish(row, std::move(outcome)); });
  }
  const std::lock_guard lock(mutex_);
  behind_ = rows.size() == room;
  return behind_ && under_way_.size() < most_under_way;
}

void Examiner::finish(const storage::InstanceRow& row, ExamineOutcome outcome) {
  auto examined = std::make_shared<ExaminationResult>();
  if (const auto* record = std::get_if<rules::InstanceRecord>(&outcome);
      record != nullptr && !record->study_uid.empty()) {
    examined->state = storage::InstanceState::examined;
    examined->study_uid = record->study_uid;
    examined->series_uid = record->series_uid;
    examined->record = boost::json::serialize(to_json(*record));
  } else if (record != nullptr) {
    examined->study_uid = study_of_unreadable(row.blob);
    examined->reason = "no Study Instance UID";
  } else {
    const auto& failure = std::get<WorkerFailure>(outcome);
    if (!failure.blames_instance()) {
      give_back(row);
      return;
    }
    examined->study_uid = study_of_unreadable(row.blob);
    examined->reason = failure.reason;
  }
  if (examined->state == storage::InstanceState::unreadable) {
    log_.event(dimse::Level::warn, "instance.unreadable",
               {{"site", row.site}, {"sop_instance_uid", row.sop_instance_uid}, {"why", examined->reason}});
  }
  {
    const std::lock_guard lock(mutex_);
    finished_.push_back({row, std::move(examined), std::make_shared<std::uint64_t>(0)});
  }
  record_when_due();
}

void Examiner::record_when_due() {
  std::vector<Finished> batch;
  {
    const std::lock_guard lock(mutex_);
    const bool all = finished_.size() + recording_ >= under_way_.size();
    if (finished_.empty() || (!all && finished_.size() < most_in_one_commit)) return;
    recording_ += finished_.size();
    batch.swap(finished_);
  }
  record(std::move(batch));
}

void Examiner::record(std::vector<Finished> batch) {
  auto shared = std::make_shared<const std::vector<Finished>>(std::move(batch));
  storage::Commit commit;
  commit.apply = [shared](storage::Transaction& transaction) -> storage::Result<void> {
    for (const Finished& one : *shared) {
      auto recorded = record_examination(transaction, one.row, *one.examined, *one.submission);
      if (!recorded) return recorded;
    }
    return {};
  };
  commit.done = [this, shared](storage::Result<void> result) {
    if (!result) {
      log_.event(
          dimse::Level::error, "instance.examination_not_recorded",
          {{"instances", static_cast<std::int64_t>(shared->size())}, {"why", result.error().message()}});
    }
    {
      const std::lock_guard lock(mutex_);
      recording_ -= shared->size();
      for (const Finished& one : *shared) {
        if (result && *one.submission != 0) contributors_[*one.submission].insert(one.row.association_id);
      }
    }
    settle(*shared, !result);
  };
  store_.submit(std::move(commit));
}

void Examiner::give_back(const storage::InstanceRow& row) {
  // Those that wait to be recorded may have waited for this one: they go first, while under_way_ still keeps
  // the destructor from running.
  {
    const std::lock_guard lock(mutex_);
    ++recording_;
  }
  record_when_due();
  {
    const std::lock_guard lock(mutex_);
    --recording_;
  }
  settle({{row, nullptr, nullptr}}, true);
}

void Examiner::settle(const std::vector<Finished>& settled, bool again) {
  // A copy: once under_way_ is empty the destructor may run, and nothing of this object is used after the
  // notification.
  const std::function<void()> progress = progress_;
  {
    const std::lock_guard lock(mutex_);
    for (const Finished& one : settled) {
      if (again) cursor_ = std::min(cursor_, one.row.arrival - 1);
      under_way_.erase(one.row.arrival);
    }
    settled_.notify_all();
  }
  progress();
}

bool Examiner::is_behind(const std::string& site) const {
  const std::lock_guard lock(mutex_);
  if (behind_) return true;
  return std::ranges::any_of(under_way_, [&](const auto& entry) { return entry.second == site; });
}

std::set<std::uint64_t> Examiner::contributors(std::uint64_t submission) const {
  const std::lock_guard lock(mutex_);
  const auto found = contributors_.find(submission);
  return found == contributors_.end() ? std::set<std::uint64_t>{} : found->second;
}

void Examiner::forget(std::uint64_t submission) {
  const std::lock_guard lock(mutex_);
  contributors_.erase(submission);
}

}  // namespace trialgate::gateway
