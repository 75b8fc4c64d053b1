#pragma once

#include "rules/result.h"
#include "storage/commitments.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// The one, well-known instance of the Storage Commitment Push Model (PS3.4 §J.3).
inline constexpr std::string_view commitment_sop_instance = "1.2.840.10008.1.20.1.1";
inline constexpr std::uint16_t request_commitment = 1;  ///< Action Type ID
inline constexpr std::uint16_t all_committed = 1;       ///< Event Type ID
inline constexpr std::uint16_t not_all_committed = 2;   ///< Event Type ID

/// Failure Reason (0008,1197) (PS3.3 §C.14.1.1).
namespace failure_reason {
inline constexpr std::uint16_t processing_failure = 0x0110;
inline constexpr std::uint16_t no_such_instance = 0x0112;
inline constexpr std::uint16_t class_instance_conflict = 0x0119;
}  // namespace failure_reason

/// What an N-ACTION or an N-EVENT-REPORT of the SOP class says.
struct CommitmentMessage {
  std::string transaction_uid;
  std::vector<storage::CommitmentItem> items;  ///< with a failure reason: of Failed SOP Sequence
};

/// Errors: those of read_message; malformed_dataset, naming the attribute, when there is no valid Transaction
/// UID, no item, or an item without a valid SOP class or instance UID.
[[nodiscard]] rules::Result<CommitmentMessage> read_commitment_message(std::span<const std::uint8_t> data_set,
                                                                       std::string_view transfer_syntax_uid);

/// The Action Information of a request, or the Event Information of a report (PS3.4 tables J.3-1, J.3-2).
/// Errors: those of new_message and write_message.
[[nodiscard]] rules::Result<std::vector<std::uint8_t>> write_commitment_message(
    const CommitmentMessage& message, std::string_view transfer_syntax_uid);

}  // namespace trialgate::gateway
