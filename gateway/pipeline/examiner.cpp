#include "gateway/pipeline/examiner.h"

#include "gateway/catalogue/recorder.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/examined_record.h"
#include "gateway/pipeline/transition.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace trialgate::gateway {
namespace {

constexpr std::size_t most_under_way = 512;
/// Commits that examine compete with those that receive: few large ones leave the disk to the senders.
constexpr std::size_t most_in_one_commit = 64;
/// How long a result waits for company.
constexpr std::chrono::milliseconds longest_gathering{200};
/// After a failure that is the node's own: workers, descriptors, disk.
constexpr std::chrono::seconds rest{2};
constexpr std::size_t longest_uid = 64;  // PS3.5 §9.1

/// Stands in for the Study Instance UID of an instance that cannot be read; unique, and no UID.
std::string study_of_unreadable(const storage::Digest& blob) {
  return "unreadable-" + blob.hex().substr(0, 40);
}

/// What the index takes as a key; that a UID has the right form is for the rules to say.
bool is_usable_uid(const std::string& uid) {
  return !uid.empty() && uid.size() <= longest_uid &&
         std::ranges::all_of(uid, [](char c) { return c > 0x20 && c < 0x7F; });
}

ExaminationResult result_of(const ExamineOutcome& outcome, const storage::Digest& blob,
                            std::string_view fingerprint) {
  ExaminationResult result;
  const auto* const examined = std::get_if<ExaminedInstance>(&outcome);
  const rules::InstanceRecord* const record = examined == nullptr ? nullptr : &examined->record;
  if (record != nullptr && is_usable_uid(record->study_uid)) {
    result.state = storage::InstanceState::examined;
    result.study_uid = record->study_uid;
    result.series_uid = is_usable_uid(record->series_uid) ? record->series_uid : std::string();
    result.record = encode(*record, fingerprint);
    result.attributes = examined->attributes;
    return result;
  }
  result.study_uid = study_of_unreadable(blob);
  result.reason =
      record != nullptr ? "no usable Study Instance UID" : std::get<WorkerFailure>(outcome).reason;
  return result;
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

/// Adds to `catalogued` what queries may find from now on.
storage::Result<void> record_examination(storage::Transaction& transaction, const storage::InstanceRow& seen,
                                         const ExaminationResult& examined, std::uint64_t& submission,
                                         std::vector<CataloguedInstance>& catalogued) {
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
  // Of two instances with one UID the first is the one that can be asked for.
  if (!instance.conflict) {
    catalogued.push_back({submission, instance.study_uid, instance.series_uid, instance.sop_instance_uid,
                          examined.attributes});
  }
  return transaction.index().put_record(instance.blob, examined.record);
}

}  // namespace

Examiner::Examiner(storage::Store& store, InstanceWorkers& workers, const TrialBook& trials, Logger& log,
                   std::function<void()> progress)
    : store_(store), workers_(workers), trials_(trials), log_(log), progress_(std::move(progress)) {}

Examiner::~Examiner() {
  {
    const std::lock_guard lock(mutex_);
    gathering_until_ = {};
  }
  record_when_due();
  std::unique_lock lock(mutex_);
  settled_.wait(lock, [this] { return under_way_.empty(); });
}

bool Examiner::step() {
  std::size_t room = 0;
  std::uint64_t after = 0;
  record_when_due();
  {
    const std::lock_guard lock(mutex_);
    if (Clock::now() < resume_at_) return false;
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
  const ExaminedPaths paths = examined_paths(*trials_.current());
  for (const storage::InstanceRow& row : rows) {
    {
      const std::lock_guard lock(mutex_);
      cursor_ = std::max(cursor_, row.arrival);
      if (!under_way_.emplace(row.arrival, row.site).second) continue;
    }
    auto blob = store_.blobs().open(row.blob);
    if (!blob) {
      log_.event(dimse::Level::error, "instance.not_opened",
                 {{"sop_instance_uid", row.sop_instance_uid}, {"why", blob.error().message()}});
      const bool gone = blob.error().code == make_error_code(storage::Errc::not_found);
      finish(row,
             WorkerFailure{gone ? WorkerFailure::Kind::unreadable : WorkerFailure::Kind::unavailable, 0,
                           gone ? "the stored bytes are missing" : "the stored bytes cannot be opened"},
             paths.fingerprint);
      continue;
    }
    workers_.examine(std::move(blob->fd), paths.paths,
                     [this, row, fingerprint = paths.fingerprint](ExamineOutcome outcome) {
                       finish(row, std::move(outcome), fingerprint);
                     });
  }
  const std::lock_guard lock(mutex_);
  behind_ = rows.size() == room;
  return behind_ && under_way_.size() < most_under_way;
}

void Examiner::finish(const storage::InstanceRow& row, ExamineOutcome outcome,
                      const std::string& fingerprint) {
  const auto* failure = std::get_if<WorkerFailure>(&outcome);
  if (failure != nullptr && !failure->blames_instance()) {
    if (failure->kind != WorkerFailure::Kind::shut_down) {
      log_.event(dimse::Level::error, "instance.not_examined",
                 {{"sop_instance_uid", row.sop_instance_uid}, {"why", failure->reason}});
    }
    settle({{row, nullptr, nullptr}}, true);
    return;
  }
  auto examined = std::make_shared<const ExaminationResult>(result_of(outcome, row.blob, fingerprint));
  if (examined->state == storage::InstanceState::unreadable) {
    log_.event(dimse::Level::warn, "instance.unreadable",
               {{"site", row.site}, {"sop_instance_uid", row.sop_instance_uid}, {"why", examined->reason}});
  }
  {
    const std::lock_guard lock(mutex_);
    if (finished_.empty()) gathering_until_ = Clock::now() + longest_gathering;
    finished_.push_back({row, std::move(examined), std::make_shared<std::uint64_t>(0)});
  }
  record_when_due();
}

std::vector<Examiner::Finished> Examiner::take_due() {
  std::vector<Finished> batch;
  const bool all = finished_.size() + recording_ >= under_way_.size();
  const bool due = all || finished_.size() >= most_in_one_commit || Clock::now() >= gathering_until_;
  if (finished_.empty() || !due) return batch;
  recording_ += finished_.size();
  batch.swap(finished_);
  return batch;
}

void Examiner::record_when_due() {
  std::vector<Finished> batch;
  {
    const std::lock_guard lock(mutex_);
    batch = take_due();
  }
  if (!batch.empty()) record(std::move(batch));
}

void Examiner::record(std::vector<Finished> batch) {
  auto shared = std::make_shared<const std::vector<Finished>>(std::move(batch));
  storage::Commit commit;
  commit.apply = [shared](storage::Transaction& transaction) -> storage::Result<void> {
    std::vector<CataloguedInstance> catalogued;
    for (const Finished& one : *shared) {
      auto recorded = record_examination(transaction, one.row, *one.examined, *one.submission, catalogued);
      if (!recorded) return recorded;
    }
    return catalogue_instances(transaction.catalogue(), {storage::ShelfKind::received, {}}, catalogued);
  };
  commit.done = [this, shared](storage::Result<void> result) {
    if (result) {
      settle(*shared, false);
      return;
    }
    if (shared->size() > 1) {
      // One that cannot be recorded must not keep the others back.
      for (const Finished& one : *shared) record({one});
      return;
    }
    log_.event(
        dimse::Level::error, "instance.examination_not_recorded",
        {{"sop_instance_uid", shared->front().row.sop_instance_uid}, {"why", result.error().message()}});
    settle(*shared, true);
  };
  store_.submit(std::move(commit));
}

void Examiner::settle(const std::vector<Finished>& settled, bool again) {
  // A copy: once under_way_ is empty the destructor may run, and nothing of this object is used after that.
  const std::function<void()> progress = progress_;
  std::vector<Finished> due;
  {
    const std::lock_guard lock(mutex_);
    for (const Finished& one : settled) {
      if (again) {
        cursor_ = std::min(cursor_, one.row.arrival - 1);
      } else if (*one.submission != 0) {
        contributors_[*one.submission].insert(one.row.association_id);
      }
      if (one.examined) --recording_;
      under_way_.erase(one.row.arrival);
    }
    if (again) resume_at_ = Clock::now() + rest;
    // The rest may have waited for these alone. What is taken here stays under way until it is recorded.
    due = take_due();
    settled_.notify_all();
  }
  if (!due.empty()) record(std::move(due));
  progress();
}

void Examiner::defer() {
  const std::lock_guard lock(mutex_);
  behind_ = true;
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
