#include "gateway/deliver/lane.h"

#include "dimse/status.h"
#include "gateway/catalogue/recorder.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/wait_after.h"
#include "gateway/receive/offload.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::size_t batch_instances = 64;
constexpr std::chrono::milliseconds look_again{1000};

std::string hex_status(std::uint16_t status) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04XH", status);
  return text.data();
}

/// One presentation context for each pair of SOP class and transfer syntax, so that nothing is transcoded.
std::vector<dimse::ProposedContext> contexts_for(const std::vector<OutgoingInstance>& batch) {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const OutgoingInstance& instance : batch) {
    pairs.emplace(instance.derived.sop_class_uid, instance.derived.transfer_syntax_uid);
  }
  std::vector<dimse::ProposedContext> contexts;
  for (const auto& [sop_class, transfer_syntax] : pairs) {
    dimse::ProposedContext context;
    context.abstract_syntax = dimse::Uid(sop_class);
    context.transfer_syntaxes.emplace_back(transfer_syntax);
    contexts.push_back(std::move(context));
  }
  return contexts;
}

dimse::RequestorConfig requestor_config(const Destination& destination, const std::string& node_ae_title) {
  dimse::RequestorConfig config;
  config.host = destination.host;
  config.port = destination.port;
  config.called = dimse::AeTitle(destination.ae_title);
  config.calling =
      dimse::AeTitle(destination.calling_ae_title.empty() ? node_ae_title : destination.calling_ae_title);
  config.response = destination.response_timeout;
  destination.tls.apply(config);
  return config;
}

/// What the requestor refuses before a byte is sent will be refused the next time too.
bool is_refused_here(const dimse::Failure& failure) {
  return failure.code == make_error_code(dimse::Errc::local_limit) ||
         failure.code == make_error_code(dimse::Errc::odd_length) ||
         failure.code == make_error_code(dimse::Errc::no_presentation_context);
}

/// What the attempt `tried` makes of the delivery as it stands now: it may have been parked, taken over by
/// another version or given up while the instance was on its way.
storage::DeliveryRow after_attempt(storage::DeliveryRow stored, const storage::DeliveryRow& tried) {
  stored.attempts = tried.attempts;
  stored.last_status = tried.last_status;
  stored.last_error = tried.last_error;
  if (tried.state == storage::DeliveryState::delivered) {
    stored.state = tried.state;
  } else if (stored.state == storage::DeliveryState::queued) {
    stored.state = tried.state;
    stored.not_before = std::max(stored.not_before, tried.not_before);
  }
  return stored;
}

}  // namespace

bool is_for_good(const storage::Failure& failure) {
  return failure.code == make_error_code(storage::Errc::not_found) ||
         failure.code == make_error_code(storage::Errc::corrupt);
}

bool may_pass_by_itself(std::uint16_t status) noexcept {
  return (status & 0xFF00) == 0xA700 || status == dimse::status::processing_failure;
}

Lane::Lane(storage::Store& store, boost::asio::thread_pool& disk, boost::asio::any_io_executor executor,
           Destination destination, std::string node_ae_title, Logger& log, std::function<void()> progress)
    : store_(store),
      disk_(disk),
      executor_(std::move(executor)),
      destination_(std::move(destination)),
      node_ae_title_(std::move(node_ae_title)),
      log_(log),
      progress_(std::move(progress)) {
  if (destination_.stow)
    stow_threads_ = std::make_unique<boost::asio::thread_pool>(destination_.associations);
}

Lane::~Lane() {
  end();
}

void Lane::end() {
  stow_stopping_ = true;
  if (stow_threads_) stow_threads_->join();
}

void Lane::wake() {
  boost::asio::post(executor_, [this] {
    for (boost::asio::steady_timer* timer : waiting_) timer->cancel();
  });
}

void Lane::stop() {
  boost::asio::post(executor_, [this] {
    stopping_ = true;
    for (boost::asio::steady_timer* timer : waiting_) timer->cancel();
  });
}

dimse::Task<void> Lane::pause() {
  boost::asio::steady_timer timer(executor_);
  timer.expires_after(look_again);
  waiting_.insert(&timer);
  co_await timer.async_wait(dimse::use_task);
  waiting_.erase(&timer);
}

dimse::Task<void> Lane::serve() {
  while (!stopping_) {
    std::vector<OutgoingInstance> batch;
    if (std::chrono::steady_clock::now() >= not_before_) {
      auto next = [this] { return claim(batch_instances, nullptr); };
      batch = co_await offload(disk_, next);
    }
    if (batch.empty()) {
      co_await pause();
      continue;
    }
    if (destination_.stow) {
      co_await send_by_stow(std::move(batch));
    } else {
      co_await send_batch(std::move(batch));
    }
  }
}

std::vector<OutgoingInstance> Lane::claim(std::size_t limit, const dimse::Requestor* by) {
  // What is sent now could not be recorded, and would be sent again.
  if (store_.acceptance() == storage::Acceptance::failed) return {};
  const std::lock_guard lock(mutex_);
  std::vector<OutgoingInstance> batch;
  std::vector<OutgoingInstance> lost;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto due = transaction.outbox().due(destination_.name, utc_now(), claimed_.size() + limit);
    if (!due) return due.error();
    // A short queue is spread over the associations.
    const std::size_t share = std::clamp<std::size_t>(
        (due->size() - std::min(due->size(), claimed_.size())) / destination_.associations + 1, 1, limit);
    for (storage::DeliveryRow& row : *due) {
      if (batch.size() == share) break;
      if (claimed_.contains(row.id)) continue;
      auto derived = transaction.index().derived(row.submission, row.version, row.sop_instance_uid);
      if (!derived) return derived.error();
      const bool carried =
          !*derived || by == nullptr ||
          by->accepts(dimse::Uid((*derived)->sop_class_uid), dimse::Uid((*derived)->transfer_syntax_uid));
      if (!carried) continue;
      if (*derived) {
        batch.push_back({std::move(row), std::move(**derived)});
      } else {
        lost.push_back({std::move(row), {}});
      }
    }
    return {};
  });
  if (!read) {
    log_.event(dimse::Level::error, "store.read_failed", {{"why", read.error().message()}});
    return {};
  }
  for (const OutgoingInstance& instance : batch) claimed_.insert(instance.delivery.id);
  for (const OutgoingInstance& instance : lost) {
    claimed_.insert(instance.delivery.id);
    record(instance, {std::nullopt, "the de-identified instance is not in the store", true});
  }
  return batch;
}

void Lane::release(std::uint64_t delivery) {
  const std::lock_guard lock(mutex_);
  claimed_.erase(delivery);
}

dimse::Task<void> Lane::send_batch(std::vector<OutgoingInstance> batch) {
  dimse::RequestorConfig config = requestor_config(destination_, node_ae_title_);
  std::vector<dimse::ProposedContext> contexts = contexts_for(batch);
  dimse::Result<std::unique_ptr<dimse::Requestor>> opened =
      co_await dimse::Requestor::open(std::move(config), std::move(contexts), log_);
  std::size_t at = 0;
  if (opened) {
    dimse::Requestor& association = **opened;
    bool usable = association.is_open();
    // A peer that ends every association before the first instance must not be asked again at once.
    if (!usable) unreachable("the association ended before an instance was sent");
    while (usable && at < batch.size() && !stopping_) {
      usable = co_await send_one(association, batch[at]);
      ++at;
      usable = usable && association.is_open();
      if (usable && at == batch.size() && !stopping_) {
        // What else waits goes by the association that is open, if that can carry it.
        auto next = [this, &association] { return claim(batch_instances, &association); };
        batch = co_await offload(disk_, next);
        at = 0;
      }
    }
    if (association.is_open()) {
      // The instances are accounted for one by one; how the association ends tells nothing about them.
      [[maybe_unused]] const dimse::Result<void> released = co_await association.release();
    }
  } else if (opened.error().code == make_error_code(dimse::Errc::no_presentation_context)) {
    reachable();
    for (; at < batch.size(); ++at) {
      record(batch[at], {std::nullopt, opened.error().message(), true});
    }
  } else {
    unreachable(opened.error().message());
  }
  for (; at < batch.size(); ++at) release(batch[at].delivery.id);
}

storage::Result<bool> Lane::is_wanted(const OutgoingInstance& instance) {
  bool wanted = false;
  auto read = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto row = transaction.outbox().delivery(instance.delivery.id);
    if (!row) return row.error();
    wanted = *row && (*row)->state == storage::DeliveryState::queued && (*row)->not_before <= utc_now();
    return {};
  });
  if (!read) return read.error();
  return wanted;
}

storage::Result<std::unique_ptr<DerivedSource>> Lane::open_source(const OutgoingInstance& instance) {
  const auto wanted = is_wanted(instance);
  if (!wanted) return wanted.error();
  if (!*wanted) return std::unique_ptr<DerivedSource>();
  return DerivedSource::open(store_.blobs(), instance.derived, disk_);
}

dimse::Task<bool> Lane::send_one(dimse::Requestor& association, const OutgoingInstance& instance) {
  const dimse::Uid sop_class(instance.derived.sop_class_uid);
  const dimse::Uid transfer_syntax(instance.derived.transfer_syntax_uid);
  if (!association.accepts(sop_class, transfer_syntax)) {
    record(instance,
           {std::nullopt,
            "the destination accepts no presentation context for this SOP class and transfer syntax", true});
    co_return true;
  }
  auto open_blobs = [this, &instance] { return open_source(instance); };
  storage::Result<std::unique_ptr<DerivedSource>> source = co_await offload(disk_, open_blobs);
  if (!source) {
    record(instance, {std::nullopt, source.error().message(), is_for_good(source.error())});
    co_return true;
  }
  if (*source == nullptr) {
    release(instance.delivery.id);
    co_return true;
  }
  dimse::StoreOperation operation;
  operation.sop_class = sop_class;
  operation.sop_instance = dimse::Uid(instance.derived.sop_instance_uid);
  operation.transfer_syntax = transfer_syntax;
  operation.source = source->get();
  dimse::Result<dimse::StoreResponse> response = co_await association.store(std::move(operation));
  if (!response) {
    const bool refused_here = is_refused_here(response.error());
    if (!refused_here) unreachable(response.error().message());
    record(instance, {std::nullopt, response.error().message(), refused_here});
    co_return refused_here;
  }
  reachable();
  record(instance, {response->status, {}, !may_pass_by_itself(response->status)});
  co_return true;
}

void Lane::record(const OutgoingInstance& instance, AttemptOutcome outcome) {
  storage::DeliveryRow row = instance.delivery;
  const storage::UtcTime now = utc_now();
  const bool success = outcome.status == dimse::status::success;
  ++row.attempts;
  row.last_status = outcome.status.value_or(0);
  row.last_error = success          ? std::string()
                   : outcome.status ? "status " + hex_status(*outcome.status)
                                    : outcome.error;
  if (success) {
    row.state = storage::DeliveryState::delivered;
  } else if (outcome.permanent) {
    row.state = storage::DeliveryState::failed;
  } else {
    row.not_before = now + backoff(row.attempts);
  }

  storage::AuditRecord audit;
  audit.at = now;
  audit.actor = "trialgate";
  audit.event = success             ? "instance.delivered"
                : outcome.permanent ? "instance.delivery_failed"
                                    : "instance.delivery_deferred";
  audit.reason = success ? "to " + destination_.name : "to " + destination_.name + ": " + row.last_error;
  audit.submission = row.submission;
  audit.object = instance.derived.data_set_digest;
  audit.sop_instance_uid = row.sop_instance_uid;
  if (!success) {
    log_.event(outcome.permanent ? dimse::Level::error : dimse::Level::warn, audit.event,
               {{"destination", destination_.name},
                {"submission", static_cast<std::int64_t>(row.submission)},
                {"sop_instance_uid", row.sop_instance_uid},
                {"attempt", static_cast<std::int64_t>(row.attempts)},
                {"why", row.last_error}});
  }
  submit(std::move(row), std::move(audit));
}

void Lane::submit(storage::DeliveryRow row, storage::AuditRecord audit) {
  storage::Commit commit;
  commit.apply = [row, audit](storage::Transaction& transaction) -> storage::Result<void> {
    auto stored = transaction.outbox().delivery(row.id);
    if (!stored) return stored.error();
    if (!*stored) return storage::fail(storage::Errc::not_found, "delivery " + std::to_string(row.id));
    const storage::DeliveryRow after = after_attempt(std::move(**stored), row);
    if (auto updated = transaction.outbox().update(after); !updated) return updated;
    if (after.state == storage::DeliveryState::delivered) {
      if (auto shelved = catalogue_delivered(transaction, after); !shelved) return shelved;
    }
    auto appended = transaction.audit().append(audit);
    if (!appended) return appended.error();
    return {};
  };
  commit.done = [this, id = row.id](storage::Result<void> result) {
    if (!result) {
      log_.event(dimse::Level::error, "delivery.not_recorded", {{"why", result.error().message()}});
      boost::asio::post(
          executor_, [this] { not_before_ = std::chrono::steady_clock::now() + destination_.retry_first; });
    }
    release(id);
    progress_();
  };
  store_.submit(std::move(commit));
}

std::chrono::milliseconds Lane::backoff(std::uint32_t failures) {
  const std::chrono::milliseconds wait =
      wait_after(failures, destination_.retry_first, destination_.retry_longest);
  // Half to whole, so that lanes which failed together do not come back together.
  std::uniform_real_distribution<double> jitter(0.5, 1.0);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(wait.count()) * jitter(random_)));
}

void Lane::unreachable(const std::string& why) {
  // Several associations fail together when a destination goes down: that is one failure.
  if (std::chrono::steady_clock::now() < not_before_) return;
  ++failures_;
  const std::chrono::milliseconds wait = backoff(failures_);
  not_before_ = std::chrono::steady_clock::now() + wait;
  log_.event(dimse::Level::error, "destination.unreachable",
             {{"destination", destination_.name},
              {"failures", static_cast<std::int64_t>(failures_)},
              {"retry_in_ms", static_cast<std::int64_t>(wait.count())},
              {"why", why}});
}

void Lane::reachable() {
  if (failures_ == 0) return;
  log_.event(dimse::Level::info, "destination.reachable",
             {{"destination", destination_.name}, {"failures", static_cast<std::int64_t>(failures_)}});
  failures_ = 0;
}

}  // namespace trialgate::gateway
