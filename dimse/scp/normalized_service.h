#pragma once

#include "dimse/task.h"
#include "dimse/types.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trialgate::dimse {

/// One N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE or N-DELETE of a peer (PS3.7 §10), complete.
struct NormalizedRequest {
  AssociationInfo association;
  std::uint16_t command_field = 0;  ///< as in CommandField, e.g. n_action_rq
  Uid sop_class;                    ///< Affected or Requested SOP Class UID
  Uid sop_instance;                 ///< Affected or Requested SOP Instance UID; may be empty in N-CREATE
  std::uint16_t type_id = 0;        ///< Action Type ID or Event Type ID
  Uid transfer_syntax;              ///< of the data set, and of the one in the response
  std::vector<std::uint8_t> data_set;
};

/// The answer to it. The SOP class comes back as it was.
struct NormalizedResponse {
  std::uint16_t status = 0;
  std::string error_comment;  ///< cut to 64 characters; never patient data
  Uid sop_instance;           ///< empty: that of the request
  std::vector<std::uint8_t> data_set;
  std::uint16_t error_id = 0;  ///< Error ID (0000,0903), meaning as the SOP class says; 0: none
};

/// Performs the normalized operations and notifications of peers. Called on every I/O thread at once, one at
/// a time per association; it must be thread-safe and must not block the thread.
class NormalizedService {
 public:
  virtual ~NormalizedService() = default;
  virtual Task<NormalizedResponse> perform(NormalizedRequest request) = 0;
};

/// An acceptor refuses a longer data set with 0213H. 50 000 references of a storage commitment fit.
inline constexpr std::size_t max_normalized_bytes = 8 * 1024 * 1024;

}  // namespace trialgate::dimse
