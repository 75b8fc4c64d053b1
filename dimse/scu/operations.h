#pragma once

#include "dimse/instance_source.h"
#include "dimse/message/messages.h"
#include "dimse/result.h"
#include "dimse/task.h"
#include "dimse/types.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trialgate::dimse {

// What a Requestor can be asked for, and what comes back. Name an operation before the `co_await` that takes
// it: GCC 12 destroys an aggregate built inside the expression twice.

/// One C-STORE (PS3.7 §9.1.1).
struct StoreOperation {
  Uid sop_class;
  Uid sop_instance;
  Uid transfer_syntax;
  Priority priority = Priority::medium;
  InstanceSource* source = nullptr;  ///< must live until the operation completes
  std::optional<AeTitle> move_originator;
  std::optional<std::uint16_t> move_originator_message_id;
};

struct StoreResponse {
  std::uint16_t status = 0;   ///< DIMSE status (dimse/status.h); only success means stored as sent
  std::string error_comment;  ///< the peer's words; may hold anything, so do not log it unmasked
};

/// One C-FIND (PS3.4 §C.4.1).
struct FindOperation {
  Uid sop_class;
  Uid transfer_syntax;                   ///< of the identifiers, both ways
  std::vector<std::uint8_t> identifier;  ///< the query as a data set of even length
  Priority priority = Priority::medium;
  /// Takes the matches as they come; false sends C-CANCEL, and nothing more is handed on. Without it they are
  /// collected in the response.
  std::function<bool(std::vector<std::uint8_t> identifier)> on_match;
  std::size_t max_matches = 100'000;  ///< that are collected; a peer that sends more, or 64 MiB, is aborted
};

struct FindResponse {
  std::uint16_t status = 0;  ///< the final one
  std::string error_comment;
  std::vector<std::vector<std::uint8_t>> matches;  ///< identifiers of the pending responses, as they came
};

/// One C-MOVE or C-GET (PS3.4 §C.4.2, §C.4.3). The instances of a C-GET go to the StoreService that open()
/// was given, and need storage contexts proposed with the SCP role.
struct RetrieveOperation {
  Uid sop_class;
  Uid transfer_syntax;                   ///< of the identifiers, both ways
  std::vector<std::uint8_t> identifier;  ///< what to retrieve, a data set of even length
  Priority priority = Priority::medium;
  std::optional<AeTitle> destination;  ///< set: C-MOVE to that AE; not set: C-GET
  /// Told of every pending response; false sends C-CANCEL.
  std::function<bool(const SubOperations&)> progress;
};

struct RetrieveResponse {
  std::uint16_t status = 0;  ///< the final one
  std::string error_comment;
  SubOperations sub_operations;          ///< of the last response that had counters
  std::vector<std::uint8_t> identifier;  ///< Failed SOP Instance UID List; may be empty
};

/// One N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE or N-DELETE (PS3.7 §10.1).
struct NormalizedOperation {
  CommandField command = CommandField::n_action_rq;
  Uid sop_class;
  Uid sop_instance;                       ///< may be empty in N-CREATE: the peer chooses
  std::uint16_t type_id = 0;              ///< Action Type ID or Event Type ID; of the other commands unused
  std::vector<std::uint32_t> attributes;  ///< N-GET: tags asked for; empty: all
  Uid transfer_syntax;  ///< of the data set; empty: any that was accepted, for operations without one
  std::vector<std::uint8_t> data_set;  ///< of even length; empty: none
};

struct NormalizedResult {
  std::uint16_t status = 0;
  std::string error_comment;           ///< as in StoreResponse
  Uid sop_instance;                    ///< Affected SOP Instance UID of the response; may be empty
  Uid transfer_syntax;                 ///< of `data_set`
  std::vector<std::uint8_t> data_set;  ///< may be empty
};

}  // namespace trialgate::dimse
