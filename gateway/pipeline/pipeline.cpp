#include "gateway/pipeline/pipeline.h"

#include "gateway/deliver/dispatcher.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"

#include <algorithm>

namespace trialgate::gateway {
namespace {

constexpr std::chrono::milliseconds look_again{250};
constexpr std::chrono::milliseconds gather{20};
constexpr std::chrono::seconds trial_look{1};
constexpr std::chrono::seconds retry_after{5};
/// An association that stays open and silent does not hold a study back for ever.
constexpr int open_association_patience = 10;

}  // namespace

void Pipeline::Signal::wake() {
  const std::lock_guard lock(mutex);
  woken = true;
  condition.notify_all();
}

Pipeline::Runner::Runner(Signal& signal, std::function<bool()> step)
    : signal_(signal), step_(std::move(step)), thread_([this] { run(); }) {}

Pipeline::Runner::~Runner() {
  {
    const std::lock_guard lock(signal_.mutex);
    signal_.stopping = true;
    signal_.condition.notify_all();
  }
  thread_.join();
}

void Pipeline::Runner::run() {
  while (true) {
    {
      std::unique_lock lock(signal_.mutex);
      signal_.condition.wait_for(lock, look_again, [this] { return signal_.woken || signal_.stopping; });
      // Wake-ups come with every instance; a short wait turns many of them into one round.
      if (signal_.woken) signal_.condition.wait_for(lock, gather, [this] { return signal_.stopping; });
      if (signal_.stopping) return;
      signal_.woken = false;
    }
    while (step_()) {
      const std::lock_guard lock(signal_.mutex);
      if (signal_.stopping) return;
    }
  }
}

Pipeline::Pipeline(storage::Store& store, InstanceWorkers& workers, TrialBook& trials,
                   const Reception& reception, Forwarder& forwarder, const NodeConfig& config, Logger& log)
    : store_(store),
      trials_(trials),
      reception_(reception),
      forwarder_(forwarder),
      config_(config),
      log_(log),
      examiner_(store, workers, trials, log, [this] { intake_signal_.wake(); }),
      judge_(store, trials, log),
      deriver_(store, workers, trials, config.key_file, log),
      intake_(intake_signal_, [this] { return intake(); }),
      release_(release_signal_, [this] { return release(); }) {}

Pipeline::~Pipeline() = default;

void Pipeline::wake() {
  intake_signal_.wake();
  release_signal_.wake();
}

bool Pipeline::intake() {
  reload_trials();
  const bool more = examiner_.step();
  const storage::UtcTime now = utc_now();
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::receiving)) {
    if (is_complete(row, now)) complete(row);
  }
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::examined)) {
    if (!may_try(row.id)) continue;
    if (auto judged = judge_.judge(row); !judged) {
      note_failure(row, "judge", judged.error());
    } else {
      release_signal_.wake();
    }
  }
  return more;
}

bool Pipeline::release() {
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::released)) {
    if (!may_try(row.id)) continue;
    if (auto derived = deriver_.derive(row); !derived) note_failure(row, "de-identify", derived.error());
  }
  bool dispatched_any = false;
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::deidentified)) {
    if (!may_try(row.id)) continue;
    auto dispatched = dispatch(store_, *trials_.current(), row);
    if (!dispatched) note_failure(row, "dispatch", dispatched.error());
    dispatched_any = dispatched_any || (dispatched && *dispatched);
  }
  if (dispatched_any) forwarder_.wake();
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::delivering)) {
    auto concluded = conclude(store_, row);
    if (!concluded) note_failure(row, "conclude", concluded.error());
    if (concluded && *concluded) {
      log_.event(dimse::Level::info, "submission.confirmed",
                 {{"submission", static_cast<std::int64_t>(row.id)}, {"study_uid", row.study_uid}});
    }
  }
  return false;
}

void Pipeline::reload_trials() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_trial_look_) return;
  next_trial_look_ = now + trial_look;
  for (const TrialReload& reload : trials_.poll()) {
    storage::AuditRecord audit;
    audit.at = utc_now();
    audit.actor = "trialgate";
    if (reload.now_in_force) {
      audit.event = "trial.reloaded";
      audit.reason =
          "charter " + reload.now_in_force->charter.version + ", rules " + reload.now_in_force->rules_sha256;
      log_.event(dimse::Level::info, "trial.reloaded",
                 {{"trial", reload.now_in_force->protocol_id}, {"rules", reload.now_in_force->rules_sha256}});
    } else {
      audit.event = "trial.reload_refused";
      audit.reason = reload.errors.front().to_string();
      for (const rules::ConfigError& error : reload.errors) {
        log_.event(dimse::Level::error, "trial.reload_refused", {{"why", error.to_string()}});
      }
    }
    auto recorded = store_.commit([&audit](storage::Transaction& transaction) -> storage::Result<void> {
      auto appended = transaction.audit().append(audit);
      if (!appended) return appended.error();
      return {};
    });
    if (!recorded)
      log_.event(dimse::Level::error, "audit.not_recorded", {{"why", recorded.error().message()}});
  }
}

bool Pipeline::is_complete(const storage::SubmissionRow& row, storage::UtcTime now) const {
  std::chrono::milliseconds quiet = config_.quiet.value_or(std::chrono::milliseconds(0));
  if (!config_.quiet) {
    // The trial may not be known before the study is judged: then the most patient one decides.
    for (const TrialInForce& trial : *trials_.current()) {
      quiet = std::max(quiet, std::chrono::milliseconds(std::chrono::seconds(trial.trial->quiet_seconds)));
    }
  }
  const auto silence = now - std::max(row.last_arrival, row.entered_state_at);
  if (silence < quiet || examiner_.is_behind(row.site)) return false;
  if (silence >= open_association_patience * quiet) return true;
  const std::set<std::uint64_t> contributors = examiner_.contributors(row.id);
  return std::ranges::none_of(contributors, [this](std::uint64_t id) { return reception_.is_open(id); });
}

void Pipeline::complete(const storage::SubmissionRow& row) {
  auto recorded = store_.commit([&row](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    if (current->last_arrival != row.last_arrival) return {};
    Act act{utc_now(),
            "trialgate",
            "submission.complete",
            std::to_string(current->instance_count) + " instances",
            {}};
    return enter(transaction, *current, storage::SubmissionState::examined, act);
  });
  if (!recorded) {
    note_failure(row, "complete", recorded.error());
    return;
  }
  examiner_.forget(row.id);
}

std::vector<storage::SubmissionRow> Pipeline::in_state(storage::SubmissionState state) const {
  std::vector<storage::SubmissionRow> rows;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) {
    return transaction.index().submissions_in(state, [&](const storage::SubmissionRow& row) {
      rows.push_back(row);
      return true;
    });
  });
  if (!read) log_.event(dimse::Level::error, "store.read_failed", {{"why", read.error().message()}});
  return rows;
}

bool Pipeline::may_try(std::uint64_t submission) const {
  const std::lock_guard lock(mutex_);
  const auto found = retry_at_.find(submission);
  return found == retry_at_.end() || found->second <= std::chrono::steady_clock::now();
}

void Pipeline::note_failure(const storage::SubmissionRow& row, const char* step,
                            const storage::Failure& failure) {
  const bool moved_on = failure.code == make_error_code(storage::Errc::invalid_argument);
  if (moved_on) return;
  log_.event(dimse::Level::error, "submission.step_failed",
             {{"submission", static_cast<std::int64_t>(row.id)},
              {"step", std::string(step)},
              {"why", failure.message()}});
  const std::lock_guard lock(mutex_);
  retry_at_[row.id] = std::chrono::steady_clock::now() + retry_after;
}

}  // namespace trialgate::gateway
