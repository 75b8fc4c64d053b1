#pragma once

#include "storage/lmdb/environment.h"
#include "storage/outbox.h"

namespace trialgate::storage {

/// The Outbox in LMDB tables. Lives inside one transaction.
class LmdbOutbox final : public Outbox {
 public:
  explicit LmdbOutbox(LmdbTransaction& transaction) : transaction_(transaction) {}

  Result<std::optional<DeliveryRow>> delivery(std::uint64_t id) const override;
  Result<std::vector<DeliveryRow>> due(std::string_view destination, UtcTime now,
                                       std::size_t limit) const override;
  Result<std::optional<UtcTime>> next_due(std::string_view destination) const override;
  Result<std::vector<DeliveryRow>> deliveries_in(std::string_view destination, DeliveryState state,
                                                 std::size_t limit, std::uint64_t after) const override;
  Result<std::vector<DeliveryRow>> deliveries_of(std::uint64_t submission) const override;
  Result<DeliveryCounts> counts(std::string_view destination) const override;
  Result<std::map<std::string, DeliveryCounts>> counts() const override;
  Result<DeliveryCounts> counts_of(std::uint64_t submission) const override;
  Result<std::optional<UtcTime>> oldest_queued(std::string_view destination) const override;

  Result<std::uint64_t> enqueue(const DeliveryRow& row) override;
  Result<void> update(const DeliveryRow& row) override;

 private:
  Result<void> add_to_count(std::string_view destination, DeliveryState state, std::int64_t change);
  Result<void> put_state_keys(const DeliveryRow& row);

  LmdbTransaction& transaction_;
};

}  // namespace trialgate::storage
