#pragma once

#include "dimse/scp/acceptor.h"
#include "dimse/scp/message_exchange.h"
#include "dimse/scp/operation.h"
#include "dimse/scp/services.h"

#include <cstdint>
#include <string>

namespace trialgate::dimse {

/// What the providers of one association share; all of it outlives them.
struct Provision {
  MessageExchange& exchange;
  Operation& operation;
  const AssociationInfo& info;
  const AcceptorConfig& config;
  std::uint64_t max_instance_bytes = 0;
};

// Each answers one request whose command was received, and reads its data set. `context` is the one that it
// came by. A failure breaks the association; everything else is a status.

/// C-STORE. `stored` counts the successes.
[[nodiscard]] Task<Result<void>> provide_store(Provision provision, StoreService& service,
                                               CommandReceived received, std::uint64_t& stored);
/// C-FIND: returns once the query was read, and goes on as the operation.
[[nodiscard]] Task<Result<void>> provide_find(Provision provision, FindService& service,
                                              CommandReceived received);
/// C-GET, likewise.
[[nodiscard]] Task<Result<void>> provide_get(Provision provision, RetrieveService& service,
                                             CommandReceived received);
/// C-MOVE, likewise.
[[nodiscard]] Task<Result<void>> provide_move(Provision provision, RetrieveService& service,
                                              CommandReceived received);
/// N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE.
[[nodiscard]] Task<Result<void>> provide_normalized(Provision provision, NormalizedService& service,
                                                    CommandReceived received);

/// Reads the data set that the request has, if any, and answers with `status`.
[[nodiscard]] Task<Result<void>> answer(Provision provision, CommandReceived received, std::uint16_t status,
                                        std::string comment);

}  // namespace trialgate::dimse
