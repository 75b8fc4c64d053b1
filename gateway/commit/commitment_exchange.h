#pragma once

#include "dimse/scu/requestor.h"
#include "gateway/commit/commitment_message.h"
#include "storage/store.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace trialgate::gateway {

/// What the message of a transaction names, read on `disk`.
[[nodiscard]] dimse::Task<storage::Result<CommitmentMessage>> read_commitment(storage::Store& store,
                                                                              boost::asio::thread_pool& disk,
                                                                              storage::CommitmentRow row);

/// The context to propose, for a request as SCU and for a report as SCP (PS3.4 §J.3.1).
[[nodiscard]] dimse::ProposedContext commitment_context(dimse::ProposedRole role);

/// Sends a request (N-ACTION) or a report (N-EVENT-REPORT) of this type and waits for the answer: its status,
/// or why there is none.
[[nodiscard]] dimse::Task<std::variant<std::uint16_t, std::string>> send_commitment(
    dimse::Requestor& association, dimse::CommandField command, std::uint16_t type_id,
    CommitmentMessage message);

}  // namespace trialgate::gateway
