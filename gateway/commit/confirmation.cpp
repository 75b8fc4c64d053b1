#include "gateway/commit/confirmation.h"

#include "gateway/catalogue/recorder.h"
#include "gateway/commit/commitment_runner.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "gateway/pipeline/wait_after.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace json = boost::json;

/// Archives commit the transaction as one piece of work; some bear no larger one.
constexpr std::size_t most_items = 1000;
constexpr std::size_t most_listed = 1000;

/// "2.25." and 128 random bits in the form of a UUID (PS3.5 §B.2).
storage::Result<std::string> random_uid() {
  std::array<unsigned char, 16> bits{};
  if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1)
    return storage::fail(storage::Errc::io_error, "no random numbers for a transaction UID");
  bits[6] = static_cast<unsigned char>((bits[6] & 0x0FU) | 0x40U);
  bits[8] = static_cast<unsigned char>((bits[8] & 0x3FU) | 0x80U);
  unsigned __int128 number = 0;
  for (const unsigned char byte : bits) number = number << 8U | byte;
  std::string digits;
  for (; number != 0; number /= 10) digits += static_cast<char>('0' + static_cast<int>(number % 10));
  std::ranges::reverse(digits);
  return "2.25." + digits;
}

const Destination* destination_named(const NodeConfig& config, std::string_view name) {
  const auto found = std::ranges::find(config.destinations, name,
                                       [](const Destination& one) -> std::string_view { return one.name; });
  return found == config.destinations.end() ? nullptr : &*found;
}

/// Where the transactions with one destination about a submission stand.
struct Asked {
  bool open = false;
  std::uint32_t unanswered = 0;  ///< the last ones in a row, since the submission was delivered
};

std::map<std::string, Asked> asked_before(const std::vector<storage::CommitmentRow>& commitments,
                                          storage::UtcTime delivered_at) {
  std::map<std::string, Asked> asked;
  for (const storage::CommitmentRow& row : commitments) {
    Asked& one = asked[row.partner];
    one.open = one.open || is_open(row.state);
    const bool counts = row.state == storage::CommitmentState::abandoned && row.created_at >= delivered_at;
    one.unanswered = counts ? one.unanswered + 1 : 0;
  }
  return asked;
}

/// One pass over a delivered submission, inside its commit.
class Confirming {
 public:
  Confirming(storage::Transaction& transaction, const NodeConfig& config, storage::SubmissionRow& row)
      : transaction_(transaction), config_(config), row_(row) {}

  storage::Result<Confirmed> run() {
    auto deliveries = transaction_.outbox().deliveries_of(row_.id);
    if (!deliveries) return deliveries.error();
    auto commitments = transaction_.commitments().commitments_about(row_.id);
    if (!commitments) return commitments.error();
    std::map<std::string, std::vector<storage::DeliveryRow>> waiting;
    bool committed = false;
    for (storage::DeliveryRow& delivery : *deliveries) {
      committed = committed || delivery.state == storage::DeliveryState::confirmed;
      if (delivery.needs_commitment && delivery.state == storage::DeliveryState::delivered)
        waiting[delivery.destination].push_back(std::move(delivery));
    }
    if (waiting.empty()) return enter_confirmed(committed);
    const auto asked = asked_before(*commitments, row_.entered_state_at);
    for (auto& [name, rows] : waiting) {
      const auto before = asked.find(name);
      const Asked state = before == asked.end() ? Asked{} : before->second;
      if (state.open) continue;
      if (auto done = ask(name, rows, state.unanswered); !done) return done.error();
    }
    return returned_ ? Confirmed::returned : asked_ ? Confirmed::asked : Confirmed::not_yet;
  }

 private:
  storage::Result<Confirmed> enter_confirmed(bool committed) {
    const Act act{
        now_,
        "trialgate",
        "submission.confirmed",
        committed ? "by the storage commitment of the destination" : "by the C-STORE status of each instance",
        {}};
    if (auto entered = enter(transaction_, row_, storage::SubmissionState::confirmed, act); !entered)
      return entered.error();
    return Confirmed::confirmed;
  }

  storage::Result<void> ask(const std::string& name, std::vector<storage::DeliveryRow>& rows,
                            std::uint32_t unanswered) {
    const Destination* const destination = destination_named(config_, name);
    if (destination == nullptr) return give_up(rows, "'" + name + "' is no destination of the node any more");
    if (unanswered >= destination->commitment.requests) {
      return give_up(
          rows, "no storage commitment report came in answer to " + std::to_string(unanswered) + " requests");
    }
    storage::CommitmentRow transaction;
    transaction.role = storage::CommitmentRole::user;
    transaction.partner = name;
    transaction.state = storage::CommitmentState::queued;
    transaction.submission = row_.id;
    transaction.created_at = now_;
    transaction.not_before =
        unanswered == 0 ? now_
                        : now_ + wait_after(unanswered, destination->retry_first, destination->retry_longest);
    std::vector<storage::CommitmentItem> items;
    for (const storage::DeliveryRow& delivery : rows) {
      auto derived =
          transaction_.index().derived(delivery.submission, delivery.version, delivery.sop_instance_uid);
      if (!derived) return derived.error();
      if (!*derived)
        return storage::fail(storage::Errc::corrupt, "derived row of " + delivery.sop_instance_uid);
      items.push_back({(*derived)->sop_class_uid, delivery.sop_instance_uid, 0});
      if (items.size() < most_items && &delivery != &rows.back()) continue;
      if (auto put = put_transaction(transaction, items); !put) return put;
      items.clear();
    }
    asked_ = true;
    return {};
  }

  storage::Result<void> put_transaction(storage::CommitmentRow row,
                                        const std::vector<storage::CommitmentItem>& items) {
    auto uid = random_uid();
    if (!uid) return uid.error();
    row.transaction_uid = std::move(*uid);
    row.item_count = items.size();
    auto id = transaction_.commitments().put_commitment(row);
    if (!id) return id.error();
    return transaction_.commitments().put_items(*id, items);
  }

  storage::Result<void> give_up(std::vector<storage::DeliveryRow>& rows, const std::string& why) {
    for (storage::DeliveryRow& delivery : rows) {
      delivery.state = storage::DeliveryState::failed;
      delivery.last_error = why;
      if (auto updated = transaction_.outbox().update(delivery); !updated) return updated;
    }
    const Act act{now_, "trialgate", "submission.not_committed", rows.front().destination + ": " + why, {}};
    if (returned_) return record_act(transaction_, row_, act);
    returned_ = true;
    return enter(transaction_, row_, storage::SubmissionState::delivering, act);
  }

  storage::Transaction& transaction_;
  const NodeConfig& config_;
  storage::SubmissionRow& row_;
  const storage::UtcTime now_ = utc_now();
  bool asked_ = false;
  bool returned_ = false;
};

/// Takes one report, inside its commit.
class TakingReport {
 public:
  TakingReport(storage::Transaction& transaction, const Destination& destination,
               const CommitmentMessage& report)
      : transaction_(transaction), destination_(destination), report_(report) {}

  storage::Result<ReportTaken> run() {
    auto found = transaction_.commitments().commitment(storage::CommitmentRole::user, {}, destination_.name,
                                                       report_.transaction_uid);
    if (!found) return found.error();
    if (!*found) return ReportTaken{};
    commitment_ = std::move(**found);
    taken_.known = true;
    taken_.submission = commitment_.submission;
    auto submission = transaction_.index().submission(commitment_.submission);
    if (!submission) return submission.error();
    if (!*submission) return storage::fail(storage::Errc::corrupt, "submission of a commitment");
    submission_ = std::move(**submission);
    // Only the first report may send instances again: a later one may be older than what was sent since.
    first_ = is_open(commitment_.state);
    if (auto applied = apply(); !applied) return applied.error();
    if (auto closed = close(); !closed) return closed.error();
    return taken_;
  }

 private:
  storage::Result<void> apply() {
    auto items = transaction_.commitments().items(commitment_.id);
    if (!items) return items.error();
    std::map<std::string, std::uint16_t, std::less<>> reported;
    for (const storage::CommitmentItem& item : report_.items)
      reported[item.sop_instance_uid] = std::max(reported[item.sop_instance_uid], item.failure_reason);
    std::map<std::string, std::uint16_t, std::less<>> results;
    for (storage::CommitmentItem& item : *items) {
      const auto found = reported.find(item.sop_instance_uid);
      // What the report passes over in silence is not committed.
      item.failure_reason = found == reported.end() ? failure_reason::processing_failure : found->second;
      results[item.sop_instance_uid] = item.failure_reason;
      if (item.failure_reason == 0) continue;
      ++failed_;
      if (failures_.size() < most_listed)
        failures_.push_back(json::array{item.sop_instance_uid, item.failure_reason});
    }
    auto deliveries = transaction_.outbox().deliveries_of(commitment_.submission);
    if (!deliveries) return deliveries.error();
    for (storage::DeliveryRow& delivery : *deliveries) {
      const auto result = results.find(delivery.sop_instance_uid);
      if (delivery.destination != destination_.name || result == results.end() ||
          delivery.state != storage::DeliveryState::delivered || !delivery.needs_commitment) {
        continue;
      }
      if (!decide(delivery, result->second)) continue;
      if (auto updated = transaction_.outbox().update(delivery); !updated) return updated;
      if (delivery.state == storage::DeliveryState::confirmed) continue;
      // The destination does not have it after all.
      if (auto taken_off = uncatalogue_delivered(transaction_, delivery); !taken_off) return taken_off;
    }
    return first_ ? transaction_.commitments().put_items(commitment_.id, *items) : storage::Result<void>();
  }

  /// Whether the delivery changes.
  bool decide(storage::DeliveryRow& delivery, std::uint16_t reason) {
    if (reason == 0) {
      delivery.state = storage::DeliveryState::confirmed;
      delivery.last_error.clear();
      ++taken_.committed;
      return true;
    }
    if (!first_) return false;
    ++delivery.refusals;
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), "%04XH", reason);
    delivery.last_error = std::string("not committed: failure reason ") + hex.data();
    if (delivery.refusals > destination_.commitment.refusals) {
      delivery.state = storage::DeliveryState::failed;
      ++taken_.given_up;
      return true;
    }
    delivery.state = storage::DeliveryState::queued;
    // What is judged again, or withdrawn, leaves only when its submission does.
    const bool on_its_way = submission_.state == storage::SubmissionState::delivered ||
                            submission_.state == storage::SubmissionState::delivering;
    delivery.not_before = on_its_way ? now_ : parked;
    ++taken_.sent_again;
    return true;
  }

  storage::Result<void> close() {
    if (first_) {
      commitment_.state = storage::CommitmentState::settled;
      commitment_.settled_at = now_;
      commitment_.failed_count = failed_;
      if (auto id = transaction_.commitments().put_commitment(commitment_); !id) return id.error();
    }
    const json::object detail{{"transaction_uid", commitment_.transaction_uid},
                              {"instances", commitment_.item_count},
                              {"failed", failed_},
                              {"failures", failures_}};
    const std::string reason = destination_.name + " committed itself to " +
                               std::to_string(commitment_.item_count - failed_) + " of " +
                               std::to_string(commitment_.item_count) + " instances";
    Act act{now_, destination_.ae_title, "commitment.reported", reason, json::serialize(detail)};
    if (auto recorded = record_act(transaction_, submission_, act); !recorded) return recorded;
    const bool undone = taken_.sent_again + taken_.given_up > 0;
    if (!undone || submission_.state != storage::SubmissionState::delivered) return {};
    act = {now_,
           "trialgate",
           "submission.not_committed",
           std::to_string(taken_.sent_again) + " instances are sent again, " +
               std::to_string(taken_.given_up) + " are given up",
           {}};
    return enter(transaction_, submission_, storage::SubmissionState::delivering, act);
  }

  storage::Transaction& transaction_;
  const Destination& destination_;
  const CommitmentMessage& report_;
  const storage::UtcTime now_ = utc_now();
  storage::CommitmentRow commitment_;
  storage::SubmissionRow submission_;
  std::uint64_t failed_ = 0;
  json::array failures_;
  bool first_ = false;
  ReportTaken taken_;
};

}  // namespace

storage::Result<Confirmed> confirm(storage::Store& store, const NodeConfig& config,
                                   const storage::SubmissionRow& row) {
  Confirmed outcome = Confirmed::not_yet;
  bool waits = false;
  auto read = store.read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto commitments = transaction.commitments().commitments_about(row.id);
    if (!commitments) return commitments.error();
    const auto asked = asked_before(*commitments, row.entered_state_at);
    auto deliveries = transaction.outbox().deliveries_of(row.id);
    if (!deliveries) return deliveries.error();
    bool any = false;
    bool all_asked = true;
    for (const storage::DeliveryRow& delivery : *deliveries) {
      if (!delivery.needs_commitment || delivery.state != storage::DeliveryState::delivered) continue;
      any = true;
      const auto at = asked.find(delivery.destination);
      all_asked = all_asked && at != asked.end() && at->second.open;
    }
    waits = any && all_asked;
    return {};
  });
  if (!read) return read.error();
  if (waits) return Confirmed::not_yet;
  auto recorded = store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto current = unchanged(transaction, row);
    if (!current) return current.error();
    auto done = Confirming(transaction, config, *current).run();
    if (!done) return done.error();
    outcome = *done;
    return {};
  });
  if (!recorded) return recorded.error();
  return outcome;
}

storage::Result<ReportTaken> take_report(storage::Store& store, const Destination& destination,
                                         const CommitmentMessage& report) {
  ReportTaken taken;
  auto recorded = store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto done = TakingReport(transaction, destination, report).run();
    if (!done) return done.error();
    taken = *done;
    return {};
  });
  if (!recorded) return recorded.error();
  return taken;
}

}  // namespace trialgate::gateway
