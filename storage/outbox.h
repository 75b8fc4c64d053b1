#pragma once

#include "storage/result.h"
#include "storage/time.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::storage {

/// Where one delivery stands. The values are on disk and never change.
enum class DeliveryState : std::uint8_t {
  queued = 1,     ///< to be sent when not_before has come
  delivered = 2,  ///< the destination answered success
  confirmed = 3,  ///< the destination vouched for it (storage commitment, or success where it offers none)
  failed = 4,     ///< given up: a person must act
};

[[nodiscard]] std::string_view to_string(DeliveryState state);

/// One derived instance on its way to one destination.
struct DeliveryRow {
  std::uint64_t id = 0;  ///< set by enqueue
  std::uint64_t submission = 0;
  std::uint32_t version = 0;
  std::string destination;
  std::string sop_instance_uid;  ///< of the derived instance
  DeliveryState state = DeliveryState::queued;
  std::uint32_t attempts = 0;
  UtcTime enqueued_at;
  UtcTime not_before;             ///< do not try earlier
  std::uint16_t last_status = 0;  ///< DIMSE status of the last answer (PS3.7 annex C)
  std::string last_error;         ///< what went wrong last, no patient data
  bool needs_commitment = false;  ///< only the destination's storage commitment makes it confirmed
  std::uint32_t refusals = 0;     ///< how often the destination reported that it does not commit itself

  friend bool operator==(const DeliveryRow&, const DeliveryRow&) = default;
};

/// Number of deliveries by state.
using DeliveryCounts = std::map<DeliveryState, std::uint64_t>;

/// The durable delivery queue, as seen inside one transaction; rules and errors as for Index.
class Outbox {
 public:
  virtual ~Outbox() = default;

  [[nodiscard]] virtual Result<std::optional<DeliveryRow>> delivery(std::uint64_t id) const = 0;
  /// Queued deliveries of a destination with not_before <= now: ascending by not_before, then by id.
  [[nodiscard]] virtual Result<std::vector<DeliveryRow>> due(std::string_view destination, UtcTime now,
                                                             std::size_t limit) const = 0;
  /// When the next queued delivery of a destination falls due, if there is one.
  [[nodiscard]] virtual Result<std::optional<UtcTime>> next_due(std::string_view destination) const = 0;
  /// Deliveries of a destination in a state, ascending by id, greater than `after`.
  [[nodiscard]] virtual Result<std::vector<DeliveryRow>> deliveries_in(std::string_view destination,
                                                                       DeliveryState state, std::size_t limit,
                                                                       std::uint64_t after = 0) const = 0;
  /// Ascending by id.
  [[nodiscard]] virtual Result<std::vector<DeliveryRow>> deliveries_of(std::uint64_t submission) const = 0;
  /// Kept as counters, not counted: cheap at any size.
  [[nodiscard]] virtual Result<DeliveryCounts> counts(std::string_view destination) const = 0;
  /// Every destination that ever had a delivery.
  [[nodiscard]] virtual Result<std::map<std::string, DeliveryCounts>> counts() const = 0;
  [[nodiscard]] virtual Result<DeliveryCounts> counts_of(std::uint64_t submission) const = 0;
  /// enqueued_at of the oldest queued delivery of a destination.
  [[nodiscard]] virtual Result<std::optional<UtcTime>> oldest_queued(std::string_view destination) const = 0;

  /// Adds a delivery and returns its id: 1, 2, 3... `row.id` is ignored.
  [[nodiscard]] virtual Result<std::uint64_t> enqueue(const DeliveryRow& row) = 0;
  /// Replaces a delivery. Errors: not_found; invalid_argument when the destination or submission differs.
  [[nodiscard]] virtual Result<void> update(const DeliveryRow& row) = 0;
};

}  // namespace trialgate::storage
