#include "gateway/pipeline/pipeline.h"

#include "gateway/commit/confirmation.h"
#include "gateway/deliver/dispatcher.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "gateway/worklist/performed_steps.h"

#include <algorithm>

namespace trialgate::gateway {
namespace {

constexpr std::chrono::milliseconds look_again{50};
constexpr std::chrono::milliseconds gather{20};
constexpr std::chrono::milliseconds pause_in_receiving{30};
constexpr std::chrono::seconds examination_waits{5};
constexpr std::chrono::seconds trial_look{1};
constexpr std::chrono::milliseconds performed_look{1000};
/// What waits for reports stands still for long.
constexpr std::chrono::milliseconds confirmation_look{500};
constexpr std::chrono::seconds retry_first{5};
constexpr std::chrono::seconds retry_longest{300};
/// Without any trial there is none that says how long.
constexpr std::chrono::seconds quiet_without_trial{60};
/// An association that stays open and silent does not hold a study back for ever.
constexpr int open_association_patience = 10;

}  // namespace

Pipeline::Runner::Runner(WakeUp& wake_up, std::function<bool()> step)
    : wake_up_(wake_up), step_(std::move(step)), thread_([this] { run(); }) {}

Pipeline::Runner::~Runner() {
  wake_up_.stop();
  thread_.join();
}

void Pipeline::Runner::run() {
  while (wake_up_.wait(look_again, gather)) {
    while (step_() && !wake_up_.is_stopping()) {
    }
  }
}

Pipeline::Pipeline(storage::Store& store, InstanceWorkers& workers, TrialBook& trials,
                   const Reception& reception, Forwarder& forwarder, CommitmentUser& commitments,
                   const NodeConfig& config, PipelineWakeUps& wake_ups, Logger& log)
    : store_(store),
      trials_(trials),
      reception_(reception),
      forwarder_(forwarder),
      commitments_(commitments),
      config_(config),
      log_(log),
      wake_ups_(wake_ups),
      examiner_(store, workers, trials, log, [&wake_ups] { wake_ups.intake.set(); }),
      source_check_(store, config, log, [&wake_ups] { wake_ups.intake.set(); }),
      judge_(store, workers, trials, config, log),
      deriver_(store, workers, trials, config.key_file, log),
      retries_(retry_first, retry_longest),
      intake_(wake_ups.intake, [this] { return intake(); }),
      release_(wake_ups.release, [this] { return release(); }) {}

Pipeline::~Pipeline() = default;

bool Pipeline::intake() {
  reload_trials();
  bool more = false;
  if (may_examine()) {
    more = examiner_.step();
  } else {
    examiner_.defer();
  }
  const storage::UtcTime now = utc_now();
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::receiving)) {
    if (is_complete(row, now)) complete(row);
  }
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::examined)) {
    if (!retries_.may_try(row) || !source_check_.is_settled(row)) continue;
    if (settle(row, "judge", judge_.judge(row))) wake_ups_.release.set();
  }
  return more;
}

bool Pipeline::may_examine() {
  const auto now = std::chrono::steady_clock::now();
  if (reception_.activity().idle_for() >= pause_in_receiving) {
    receiving_since_.reset();
    return true;
  }
  if (!receiving_since_) receiving_since_ = now;
  return now - *receiving_since_ >= examination_waits;
}

bool Pipeline::release() {
  dispatch_deidentified();
  conclude_delivering();
  confirm_delivered();
  // One study at a time, so that the next one does not wait for its dispatch behind all others.
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::released)) {
    if (!retries_.may_try(row)) continue;
    settle(row, "de-identify", deriver_.derive(row));
    return true;
  }
  return false;
}

void Pipeline::dispatch_deidentified() {
  bool any = false;
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::deidentified)) {
    if (!retries_.may_try(row)) continue;
    const auto dispatched = dispatch(store_, *trials_.current(), row);
    settle(row, "dispatch", dispatched ? storage::Result<void>() : dispatched.error());
    any = any || (dispatched && *dispatched);
  }
  if (any) forwarder_.wake();
}

void Pipeline::conclude_delivering() {
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::delivering)) {
    if (!retries_.may_try(row)) continue;
    const auto concluded = conclude(store_, row);
    settle(row, "conclude", concluded ? storage::Result<void>() : concluded.error());
    if (concluded && *concluded) next_confirmation_ = {};
  }
}

void Pipeline::confirm_delivered() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_confirmation_) return;
  next_confirmation_ = now + confirmation_look;
  for (const storage::SubmissionRow& row : in_state(storage::SubmissionState::delivered)) {
    if (!retries_.may_try(row)) continue;
    const auto outcome = confirm(store_, config_, row);
    settle(row, "confirm", outcome ? storage::Result<void>() : outcome.error());
    if (outcome && *outcome == Confirmed::asked) commitments_.wake();
    if (outcome && *outcome == Confirmed::confirmed) {
      log_.event(dimse::Level::info, "submission.confirmed",
                 {{"submission", static_cast<std::int64_t>(row.id)}, {"study_uid", row.study_uid}});
    }
  }
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
      retries_.hurry();
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

bool Pipeline::is_complete(const storage::SubmissionRow& row, storage::UtcTime now) {
  if (!is_quiet(row, now)) return false;
  const auto look = performed_looks_.find(row.id);
  if (look != performed_looks_.end() && std::chrono::steady_clock::now() < look->second) return false;
  if (waits_for_performed(row, now)) {
    performed_looks_[row.id] = std::chrono::steady_clock::now() + performed_look;
    return false;
  }
  performed_looks_.erase(row.id);
  return true;
}

bool Pipeline::waits_for_performed(const storage::SubmissionRow& row, storage::UtcTime now) const {
  bool waits = false;
  const auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto performed = compare_performed(transaction, row);
    if (!performed) return performed.error();
    if (!*performed || (*performed)->instances.missing_count == 0) return {};
    waits = now - std::max((*performed)->last_end, row.last_arrival) < config_.performed_step_wait;
    return {};
  });
  if (!read) log_.event(dimse::Level::error, "store.read_failed", {{"why", read.error().message()}});
  return waits;
}

bool Pipeline::is_quiet(const storage::SubmissionRow& row, storage::UtcTime now) const {
  std::chrono::milliseconds quiet = config_.quiet.value_or(std::chrono::milliseconds(0));
  if (!config_.quiet) {
    if (trials_.current()->empty()) quiet = quiet_without_trial;
    // The trial may not be known before the study is judged: then the most patient one decides.
    for (const TrialInForce& trial : *trials_.current()) {
      quiet = std::max(quiet, std::chrono::milliseconds(std::chrono::seconds(trial.trial->quiet_seconds)));
    }
  }
  // A sender that was cut off when the node ended needs as long to come back.
  const auto silence = now - std::max(row.last_arrival, started_at_);
  if (silence < quiet || examiner_.is_behind(row.site)) return false;
  if (silence >= open_association_patience * quiet) return true;
  const std::set<std::uint64_t> contributors = examiner_.contributors(row.id);
  return std::ranges::none_of(contributors, [this](std::uint64_t id) { return reception_.is_open(id); });
}

void Pipeline::complete(const storage::SubmissionRow& row) {
  if (!retries_.may_try(row)) return;
  const auto recorded = store_.commit([&row](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    Act act{utc_now(),
            "trialgate",
            "submission.complete",
            std::to_string(current->instance_count) + " instances",
            {}};
    return enter(transaction, *current, storage::SubmissionState::examined, act);
  });
  if (settle(row, "complete", recorded)) examiner_.forget(row.id);
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

bool Pipeline::has_moved_on(const storage::SubmissionRow& row) const {
  bool moved = false;
  const auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    moved = !unchanged(transaction, row);
    return {};
  });
  return read && moved;
}

bool Pipeline::settle(const storage::SubmissionRow& row, const char* step,
                      const storage::Result<void>& result) {
  if (result || has_moved_on(row)) {
    retries_.succeeded(row);
    return result.has_value();
  }
  // A stop takes the work away; the next start does it.
  if (wake_ups_.release.is_stopping()) return false;
  const std::string why = std::string(step) + ": " + result.error().message();
  log_.event(retries_.failed(row, why) ? dimse::Level::error : dimse::Level::debug, "submission.step_failed",
             {{"submission", static_cast<std::int64_t>(row.id)},
              {"step", std::string(step)},
              {"why", result.error().message()}});
  return false;
}

}  // namespace trialgate::gateway
