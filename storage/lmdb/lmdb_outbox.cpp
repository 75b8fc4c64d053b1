#include "storage/lmdb/lmdb_outbox.h"

#include "storage/encode_rows.h"
#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

namespace trialgate::storage {
namespace {

std::string due_key(const DeliveryRow& row) {
  return Key().text(row.destination).time(row.not_before).u64(row.id).bytes();
}

std::string state_key(const DeliveryRow& row) {
  return Key().text(row.destination).enumerator(row.state).u64(row.id).bytes();
}

std::string count_key(std::string_view destination, DeliveryState state) {
  return Key().text(destination).enumerator(state).bytes();
}

std::uint64_t read_count(std::string_view bytes) {
  return bytes.size() == 8 ? read_u64(bytes) : 0;
}

std::string_view last_id(std::string_view key) {
  return key.substr(key.size() - 8);
}

}  // namespace

Result<std::optional<DeliveryRow>> LmdbOutbox::delivery(std::uint64_t id) const {
  return get_row(transaction_, Table::delivery, Key().u64(id).bytes(), decode_delivery);
}

Result<std::vector<DeliveryRow>> LmdbOutbox::due(std::string_view destination, UtcTime now,
                                                 std::size_t limit) const {
  if (auto ok = check_key_text(destination, "destination"); !ok) return ok.error();
  std::vector<DeliveryRow> rows;
  if (limit == 0) return rows;
  const std::string prefix = Key().text(destination).bytes();
  const auto walked = transaction_.scan(
      Table::delivery_due, prefix, {}, [&](std::string_view key, std::string_view) -> Result<bool> {
        if (read_time(key.substr(prefix.size())) > now) return false;
        auto row = require_row(transaction_, Table::delivery, last_id(key), decode_delivery);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return rows.size() < limit;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<std::optional<UtcTime>> LmdbOutbox::next_due(std::string_view destination) const {
  if (auto ok = check_key_text(destination, "destination"); !ok) return ok.error();
  std::optional<UtcTime> first;
  const std::string prefix = Key().text(destination).bytes();
  const auto walked = transaction_.scan(Table::delivery_due, prefix, {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          first = read_time(key.substr(prefix.size()));
                                          return false;
                                        });
  if (!walked) return walked.error();
  return first;
}

Result<std::vector<DeliveryRow>> LmdbOutbox::deliveries_in(std::string_view destination, DeliveryState state,
                                                           std::size_t limit, std::uint64_t after) const {
  if (auto ok = check_key_text(destination, "destination"); !ok) return ok.error();
  std::vector<DeliveryRow> rows;
  if (limit == 0) return rows;
  const std::string prefix = count_key(destination, state);
  const auto walked = transaction_.scan(
      Table::delivery_by_state, prefix, just_after(Key().raw(prefix).u64(after).bytes()),
      [&](std::string_view key, std::string_view) -> Result<bool> {
        auto row = require_row(transaction_, Table::delivery, last_id(key), decode_delivery);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
        return rows.size() < limit;
      });
  if (!walked) return walked.error();
  return rows;
}

Result<std::vector<DeliveryRow>> LmdbOutbox::deliveries_of(std::uint64_t submission) const {
  std::vector<DeliveryRow> rows;
  const auto walked = transaction_.scan(Table::delivery_by_submission, Key().u64(submission).bytes(), {},
                                        [&](std::string_view key, std::string_view) -> Result<bool> {
                                          auto row = require_row(transaction_, Table::delivery, last_id(key),
                                                                 decode_delivery);
                                          if (!row) return row.error();
                                          rows.push_back(std::move(*row));
                                          return true;
                                        });
  if (!walked) return walked.error();
  return rows;
}

Result<DeliveryCounts> LmdbOutbox::counts(std::string_view destination) const {
  if (auto ok = check_key_text(destination, "destination"); !ok) return ok.error();
  DeliveryCounts counts;
  const auto walked = transaction_.scan(Table::delivery_count, Key().text(destination).bytes(), {},
                                        [&](std::string_view key, std::string_view value) -> Result<bool> {
                                          const auto state = static_cast<DeliveryState>(key.back());
                                          if (const auto number = read_count(value); number > 0) {
                                            counts[state] = number;
                                          }
                                          return true;
                                        });
  if (!walked) return walked.error();
  return counts;
}

Result<std::map<std::string, DeliveryCounts>> LmdbOutbox::counts() const {
  std::map<std::string, DeliveryCounts> counts;
  const auto walked = transaction_.scan(
      Table::delivery_count, {}, {}, [&](std::string_view key, std::string_view value) -> Result<bool> {
        DeliveryCounts& of_destination = counts[std::string(key.substr(0, key.size() - 2))];
        const auto state = static_cast<DeliveryState>(key.back());
        if (const auto number = read_count(value); number > 0) of_destination[state] = number;
        return true;
      });
  if (!walked) return walked.error();
  return counts;
}

Result<DeliveryCounts> LmdbOutbox::counts_of(std::uint64_t submission) const {
  const auto rows = deliveries_of(submission);
  if (!rows) return rows.error();
  DeliveryCounts counts;
  for (const DeliveryRow& row : *rows) ++counts[row.state];
  return counts;
}

Result<std::optional<UtcTime>> LmdbOutbox::oldest_queued(std::string_view destination) const {
  // Ids grow with time, so the least id is the oldest.
  const auto first = deliveries_in(destination, DeliveryState::queued, 1, 0);
  if (!first) return first.error();
  if (first->empty()) return std::optional<UtcTime>();
  return std::optional<UtcTime>(first->front().enqueued_at);
}

Result<void> LmdbOutbox::add_to_count(std::string_view destination, DeliveryState state,
                                      std::int64_t change) {
  const std::string key = count_key(destination, state);
  const auto old = transaction_.get(Table::delivery_count, key);
  if (!old) return old.error();
  const std::uint64_t before = *old ? read_count(**old) : 0;
  if (change < 0 && before == 0) return fail(Errc::corrupt, "the delivery counter fell below zero");
  return transaction_.put(Table::delivery_count, key,
                          Key().u64(before + static_cast<std::uint64_t>(change)).bytes());
}

Result<void> LmdbOutbox::put_state_keys(const DeliveryRow& row) {
  if (auto put = transaction_.put(Table::delivery_by_state, state_key(row), {}); !put) return put;
  if (row.state != DeliveryState::queued) return {};
  return transaction_.put(Table::delivery_due, due_key(row), {});
}

Result<std::uint64_t> LmdbOutbox::enqueue(const DeliveryRow& given) {
  if (given.destination.empty()) return fail(Errc::invalid_argument, "destination is empty");
  if (auto ok = check_key_text(given.destination, "destination"); !ok) return ok.error();
  DeliveryRow row = given;
  const auto id = transaction_.next("delivery");
  if (!id) return id.error();
  row.id = *id;
  const std::string key = Key().u64(row.id).bytes();
  if (auto put = transaction_.put_new(Table::delivery, key, encode(row)); !put) return put.error();
  const std::string submission_key = Key().u64(row.submission).u64(row.id).bytes();
  if (auto put = transaction_.put(Table::delivery_by_submission, submission_key, {}); !put)
    return put.error();
  if (auto put = put_state_keys(row); !put) return put.error();
  if (auto counted = add_to_count(row.destination, row.state, 1); !counted) return counted.error();
  return row.id;
}

Result<void> LmdbOutbox::update(const DeliveryRow& row) {
  const auto found = delivery(row.id);
  if (!found) return found.error();
  if (!*found) return fail(Errc::not_found, "delivery " + std::to_string(row.id));
  const DeliveryRow& old = **found;
  if (old.destination != row.destination || old.submission != row.submission) {
    return fail(Errc::invalid_argument, "a delivery keeps its destination and its submission");
  }
  if (auto erased = transaction_.erase(Table::delivery_by_state, state_key(old)); !erased) return erased;
  if (old.state == DeliveryState::queued) {
    if (auto erased = transaction_.erase(Table::delivery_due, due_key(old)); !erased) return erased;
  }
  if (old.state != row.state) {
    if (auto counted = add_to_count(old.destination, old.state, -1); !counted) return counted;
    if (auto counted = add_to_count(row.destination, row.state, 1); !counted) return counted;
  }
  if (auto put = put_state_keys(row); !put) return put;
  return transaction_.put(Table::delivery, Key().u64(row.id).bytes(), encode(row));
}

}  // namespace trialgate::storage
