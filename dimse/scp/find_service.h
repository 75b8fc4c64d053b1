#pragma once

#include "dimse/scp/query_options.h"
#include "dimse/task.h"
#include "dimse/types.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::dimse {

/// One C-FIND request (PS3.4 §C.4.1, §K.4.1).
struct FindRequest {
  AssociationInfo association;
  Uid sop_class;
  Uid transfer_syntax;  ///< of the identifiers, both ways: implicit or explicit VR little endian
  std::uint16_t message_id = 0;
  QueryOptions options;                  ///< as negotiated for this SOP class
  std::vector<std::uint8_t> identifier;  ///< as the peer sent it, at most max_identifier_bytes
};

/// A pending response.
struct FindMatch {
  std::vector<std::uint8_t> identifier;  ///< of even length
  bool all_keys_supported = true;        ///< FF00, else FF01: an optional key was not matched
};

/// The final response; 0 for success.
struct FindEnd {
  std::uint16_t status = 0;
  std::string error_comment;  ///< cut to 64 characters; never patient data
};

/// The matches of one query, each made when it is asked for. Destroyed before its end: cancelled, or the
/// association is gone.
class FindMatches {
 public:
  virtual ~FindMatches() = default;
  /// The next match when the one before was taken by the network, which is the back-pressure. Not called
  /// again after a FindEnd.
  virtual Task<std::variant<FindMatch, FindEnd>> next() = 0;
};

/// Answers queries. Called on every I/O thread at once, at most one query at a time for each association; it
/// must be thread-safe and must not block the thread: slow work is awaited.
class FindService {
 public:
  virtual ~FindService() = default;
  /// Never null: a refusal is a FindEnd that comes first.
  virtual Task<std::unique_ptr<FindMatches>> find(FindRequest request) = 0;
};

/// A longer identifier is refused with A700 (C-FIND) or A701 (C-MOVE, C-GET). 10 000 UIDs fit.
inline constexpr std::size_t max_identifier_bytes = 1024 * 1024;

}  // namespace trialgate::dimse
