#include "gateway/commit/commitment_provider.h"

#include "dimse/scu/requestor.h"
#include "dimse/status.h"
#include "gateway/commit/commitment_exchange.h"
#include "gateway/commit/commitment_message.h"
#include "gateway/commit/instance_check.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/wait_after.h"
#include "gateway/receive/offload.h"
#include "gateway/receive/site_access.h"
#include "rules/dataset/transfer_syntax.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t most_items = 100'000;
constexpr std::size_t most_listed = 1000;
constexpr std::chrono::seconds look_again_after{60};
constexpr std::uint16_t no_such_action = 0x0123;
constexpr std::uint16_t no_such_sop_instance = 0x0112;
constexpr std::uint16_t invalid_argument_value = 0x0115;
constexpr std::uint16_t resource_limitation = 0x0213;

/// (instance UID, class UID) of every item, in an order that a repetition need not keep.
std::vector<std::pair<std::string, std::string>> identities(
    const std::vector<storage::CommitmentItem>& items) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const storage::CommitmentItem& item : items)
    all.emplace_back(item.sop_instance_uid, item.sop_class_uid);
  std::ranges::sort(all);
  return all;
}

storage::AuditRecord audit_of(const storage::CommitmentRow& row, std::string event, std::string reason) {
  storage::AuditRecord audit;
  audit.at = utc_now();
  audit.actor = "trialgate";
  audit.event = std::move(event);
  audit.reason = std::move(reason);
  audit.site = row.site;
  return audit;
}

json::object detail_of(const storage::CommitmentRow& row) {
  return {{"transaction_uid", row.transaction_uid},
          {"peer", row.partner},
          {"instances", row.item_count},
          {"failed", row.failed_count}};
}

storage::Result<void> append(storage::Transaction& transaction, storage::AuditRecord audit) {
  auto appended = transaction.audit().append(std::move(audit));
  if (!appended) return appended.error();
  return {};
}

/// The row for a request, new or repeated. Error: invalid_argument when the transaction is there with other
/// instances.
storage::Result<void> put_request(storage::Transaction& transaction, storage::CommitmentRow row,
                                  const std::vector<storage::CommitmentItem>& items,
                                  storage::AuditRecord audit) {
  auto known = transaction.commitments().commitment(row.role, row.site, row.partner, row.transaction_uid);
  if (!known) return known.error();
  if (*known) {
    auto before = transaction.commitments().items((*known)->id);
    if (!before) return before.error();
    if (identities(*before) != identities(items))
      return storage::fail(storage::Errc::invalid_argument, "the transaction is about other instances");
    // While it is open its report is still to come.
    if (is_open((*known)->state)) return {};
    row.id = (*known)->id;
    audit.event = "commitment.requested_again";
  }
  auto id = transaction.commitments().put_commitment(row);
  if (!id) return id.error();
  if (auto put = transaction.commitments().put_items(*id, items); !put) return put;
  return append(transaction, std::move(audit));
}

}  // namespace

CommitmentProvider::CommitmentProvider(storage::Store& store, const NodeConfig& config, Logger& log)
    : store_(store),
      config_(config),
      log_(log),
      runner_(store, storage::CommitmentRole::provider, log,
              [this](storage::CommitmentRow row) { return attend(std::move(row)); }) {}

dimse::Task<dimse::NormalizedResponse> CommitmentProvider::take(dimse::NormalizedRequest request) {
  if (request.type_id != request_commitment)
    co_return dimse::NormalizedResponse{no_such_action, "no such action", {}, {}};
  if (request.sop_instance.value() != commitment_sop_instance)
    co_return dimse::NormalizedResponse{no_such_sop_instance, "not the well-known instance", {}, {}};
  auto record = [this, &request] { return record_request(request); };
  dimse::NormalizedResponse response = co_await offload(runner_.disk(), record);
  if (response.status == dimse::status::success) runner_.wake();
  co_return response;
}

dimse::NormalizedResponse CommitmentProvider::record_request(const dimse::NormalizedRequest& request) {
  auto message = read_commitment_message(request.data_set, request.transfer_syntax.value());
  if (!message) return {invalid_argument_value, message.error().where, {}, {}};
  if (message->items.size() > most_items) return {resource_limitation, "too many instances", {}, {}};
  for (storage::CommitmentItem& item : message->items) item.failure_reason = 0;

  storage::CommitmentRow row;
  row.role = storage::CommitmentRole::provider;
  row.site = site_of(request.association.peer_id);
  row.partner = request.association.calling.value();
  row.transaction_uid = message->transaction_uid;
  row.state = storage::CommitmentState::received;
  row.called_ae = request.association.called.value();
  row.item_count = message->items.size();
  row.created_at = row.not_before = utc_now();
  storage::AuditRecord audit = audit_of(row, "commitment.requested", "N-ACTION");
  audit.actor = row.partner + '@' + request.association.peer_address;
  audit.detail = json::serialize(detail_of(row));
  const auto recorded = store_.commit([&](storage::Transaction& transaction) {
    return put_request(transaction, row, message->items, audit);
  });
  if (recorded) return {};
  if (recorded.error().code == make_error_code(storage::Errc::invalid_argument))
    return {invalid_argument_value, "the transaction is about other instances", {}, {}};
  log_.event(dimse::Level::error, "commitment.not_recorded", {{"why", recorded.error().message()}});
  return {dimse::status::processing_failure, "the request could not be recorded", {}, {}};
}

const Peer* CommitmentProvider::peer_of(const storage::CommitmentRow& row) const {
  const auto found = std::ranges::find_if(config_.peers, [&](const Peer& peer) {
    return peer.ae_title == row.partner && peer.site == row.site && !peer.host.empty();
  });
  return found == config_.peers.end() ? nullptr : &*found;
}

dimse::Task<bool> CommitmentProvider::attend(storage::CommitmentRow row) {
  if (row.state == storage::CommitmentState::received) {
    auto look = [this, &row] { return check(row); };
    const bool checked = co_await offload(runner_.disk(), look);
    if (!checked) co_return true;
  }
  const Peer* const peer = peer_of(row);
  std::string problem = "the peer has no host to report to";
  if (peer != nullptr) problem = co_await send_report(row, *peer);
  auto record = [this, &row, &problem, called = peer != nullptr] {
    record_report(row, problem, called);
    return true;
  };
  co_await offload(runner_.disk(), record);
  co_return problem.empty() || peer == nullptr;
}

bool CommitmentProvider::check(storage::CommitmentRow& row) {
  std::vector<storage::CommitmentItem> items;
  auto done = store_.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = transaction.commitments().items(row.id);
    if (!found) return found.error();
    items = std::move(*found);
    return {};
  });
  if (done) {
    const auto damaged = check_instances(store_, row.site, items, [this] { return !runner_.is_stopping(); });
    if (!damaged) done = damaged.error();
    for (std::size_t i = 0; damaged && i < damaged->size(); ++i)
      log_.event(dimse::Level::error, "blob.damaged", {{"blob", (*damaged)[i].hex()}});
  }
  if (done) {
    row.state = storage::CommitmentState::checked;
    row.not_before = utc_now();
    row.failed_count = static_cast<std::uint64_t>(
        std::ranges::count_if(items, [](const auto& item) { return item.failure_reason != 0; }));
    json::object detail = detail_of(row);
    json::array failed;
    for (const storage::CommitmentItem& item : items) {
      if (item.failure_reason == 0 || failed.size() == most_listed) continue;
      failed.push_back(json::array{item.sop_instance_uid, item.failure_reason});
    }
    detail["failures"] = std::move(failed);
    storage::AuditRecord audit = audit_of(row, "commitment.checked", "every instance was read again");
    audit.detail = json::serialize(detail);
    done = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
      auto id = transaction.commitments().put_commitment(row);
      if (!id) return id.error();
      if (auto put = transaction.commitments().put_items(row.id, items); !put) return put;
      return append(transaction, audit);
    });
  }
  if (done || runner_.is_stopping()) return done.has_value();
  log_.event(dimse::Level::error, "commitment.not_checked", {{"why", done.error().message()}});
  row.not_before = utc_now() + look_again_after;
  [[maybe_unused]] const auto later =
      store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
        storage::CommitmentRow unchecked = row;
        unchecked.state = storage::CommitmentState::received;
        auto id = transaction.commitments().put_commitment(unchecked);
        if (!id) return id.error();
        return {};
      });
  return false;
}

dimse::Task<std::string> CommitmentProvider::send_report(storage::CommitmentRow row, Peer peer) {
  auto message = co_await read_commitment(store_, runner_.disk(), row);
  if (!message) co_return message.error().message();
  dimse::RequestorConfig config;
  config.host = peer.host;
  config.port = peer.port;
  config.called = dimse::AeTitle(peer.ae_title);
  config.calling = dimse::AeTitle(row.called_ae);
  peer.tls.apply(config);
  std::vector<dimse::ProposedContext> contexts(1, commitment_context(dimse::ProposedRole::scp));
  auto opened = co_await dimse::Requestor::open(std::move(config), std::move(contexts), log_);
  if (!opened) co_return opened.error().message();
  dimse::Requestor& association = **opened;

  const std::uint16_t type = row.failed_count == 0 ? all_committed : not_all_committed;
  auto answer = co_await send_commitment(association, dimse::CommandField::n_event_report_rq, type,
                                         std::move(*message));
  if (auto* const problem = std::get_if<std::string>(&answer)) co_return std::move(*problem);
  const std::uint16_t status = std::get<std::uint16_t>(answer);
  if (association.is_open()) {
    // The report was answered; how the association ends tells nothing about it.
    [[maybe_unused]] const dimse::Result<void> released = co_await association.release();
  }
  if (status != dimse::status::success)
    co_return "the peer answered the report with status " + std::to_string(status);
  co_return std::string();
}

void CommitmentProvider::record_report(storage::CommitmentRow row, const std::string& problem,
                                       bool can_be_called) {
  const storage::UtcTime now = utc_now();
  storage::AuditRecord audit = audit_of(row, {}, problem.empty() ? "to " + row.partner : problem);
  ++row.attempts;
  row.last_error = problem;
  if (problem.empty()) {
    row.state = storage::CommitmentState::settled;
    row.settled_at = now;
    audit.event = "commitment.reported";
  } else if (!can_be_called || now - row.created_at >= config_.commitment.give_up) {
    row.state = storage::CommitmentState::abandoned;
    row.settled_at = now;
    audit.event = "commitment.abandoned";
  } else {
    row.not_before =
        now + wait_after(row.attempts, config_.commitment.retry_first, config_.commitment.retry_longest);
    // Once: the rest of a long outage is in the log.
    if (row.attempts == 1) audit.event = "commitment.report_deferred";
  }
  audit.detail = json::serialize(detail_of(row));
  log_.event(problem.empty() ? dimse::Level::info : dimse::Level::warn,
             problem.empty() ? "commitment.reported" : "commitment.not_reported",
             {{"peer", row.partner},
              {"site", row.site},
              {"transaction_uid", row.transaction_uid},
              {"instances", static_cast<std::int64_t>(row.item_count)},
              {"failed", static_cast<std::int64_t>(row.failed_count)},
              {"attempt", static_cast<std::int64_t>(row.attempts)},
              {"why", problem}});
  const auto recorded = store_.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto id = transaction.commitments().put_commitment(row);
    if (!id) return id.error();
    if (audit.event.empty()) return {};
    return append(transaction, audit);
  });
  if (!recorded)
    log_.event(dimse::Level::error, "commitment.not_recorded", {{"why", recorded.error().message()}});
}

}  // namespace trialgate::gateway
