#pragma once

#include "storage/result.h"
#include "storage/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// Our part in a storage commitment transaction (PS3.4 §J.3). The values are on disk and never change.
enum class CommitmentRole : std::uint8_t {
  provider = 1,  ///< a peer asked this node to commit itself
  user = 2,      ///< this node asks a destination
};

/// Where a transaction stands. The values are on disk and never change.
enum class CommitmentState : std::uint8_t {
  received = 1,   ///< provider: the instances are to be checked
  checked = 2,    ///< provider: the report is to be sent
  queued = 3,     ///< user: the request is to be sent
  requested = 4,  ///< user: the destination took the request; its report has not come
  settled = 5,    ///< the report was delivered, or came
  abandoned = 6,  ///< no report could be delivered, or came, in time
};
[[nodiscard]] std::string_view to_string(CommitmentState state);
/// Something is still to be done about it.
[[nodiscard]] constexpr bool is_open(CommitmentState state) noexcept {
  return state < CommitmentState::settled;
}

/// One transaction. The four members from `role` to `transaction_uid` together are unique.
struct CommitmentRow {
  std::uint64_t id = 0;  ///< set by put_commitment
  CommitmentRole role = CommitmentRole::provider;
  std::string site;     ///< provider: of the peer that asked; user: empty
  std::string partner;  ///< provider: the peer's AE title; user: name of the destination
  std::string transaction_uid;
  CommitmentState state = CommitmentState::received;
  std::string called_ae;         ///< provider: under which AE title it was asked
  std::uint64_t submission = 0;  ///< user: whose instances they are
  std::uint64_t item_count = 0;
  std::uint64_t failed_count = 0;  ///< known once checked, or settled
  std::uint32_t attempts = 0;      ///< to send what is to be sent
  UtcTime created_at;
  UtcTime not_before;  ///< of an open one: when something is to be done next
  UtcTime settled_at;
  std::string last_error;  ///< what went wrong last, no patient data

  friend bool operator==(const CommitmentRow&, const CommitmentRow&) = default;
};

/// One instance of a transaction.
struct CommitmentItem {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::uint16_t failure_reason = 0;  ///< (0008,1197), PS3.3 §C.14.1.1; 0: committed, or not known yet

  friend bool operator==(const CommitmentItem&, const CommitmentItem&) = default;
};

/// Storage commitment transactions, as seen inside one transaction of the store; rules and errors as for
/// Index.
class Commitments {
 public:
  virtual ~Commitments() = default;

  [[nodiscard]] virtual Result<std::optional<CommitmentRow>> commitment(std::uint64_t id) const = 0;
  [[nodiscard]] virtual Result<std::optional<CommitmentRow>> commitment(
      CommitmentRole role, std::string_view site, std::string_view partner,
      std::string_view transaction_uid) const = 0;
  /// In the order of the request.
  [[nodiscard]] virtual Result<std::vector<CommitmentItem>> items(std::uint64_t id) const = 0;
  /// Open ones with not_before <= now: ascending by not_before, then by id.
  [[nodiscard]] virtual Result<std::vector<CommitmentRow>> due_commitments(CommitmentRole role, UtcTime now,
                                                                           std::size_t limit) const = 0;
  /// Of role user, ascending by id.
  [[nodiscard]] virtual Result<std::vector<CommitmentRow>> commitments_about(
      std::uint64_t submission) const = 0;
  /// Ascending by id, greater than `after`, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<CommitmentRow>> commitments(std::size_t limit,
                                                                       std::uint64_t after = 0) const = 0;

  /// Inserts when `row.id` is 0, replaces otherwise; returns the id. Errors: not_found; invalid_argument when
  /// the transaction is there already, or what identifies it differs from the row that is replaced.
  [[nodiscard]] virtual Result<std::uint64_t> put_commitment(const CommitmentRow& row) = 0;
  /// Replaces the items. Error: not_found.
  [[nodiscard]] virtual Result<void> put_items(std::uint64_t id,
                                               const std::vector<CommitmentItem>& items) = 0;
};

}  // namespace trialgate::storage
