#pragma once

#include "dimse/result.h"
#include "dimse/task.h"
#include "dimse/types.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace trialgate::dimse {

/// One C-STORE request (PS3.7 §9.3.1.1), before its data set.
struct StoreRequest {
  AssociationInfo association;
  Uid sop_class;        ///< Affected SOP Class UID, equal to the abstract syntax of the presentation context
  Uid sop_instance;     ///< Affected SOP Instance UID as the peer wrote it; never a part of a path
  Uid transfer_syntax;  ///< of the data set, as negotiated
  std::uint16_t message_id = 0;
  std::optional<AeTitle> move_originator;  ///< the AE title whose C-MOVE caused this
  std::optional<std::uint16_t> move_originator_message_id;
};

/// Answer to one C-STORE request.
struct StoreOutcome {
  std::uint16_t status = 0;   ///< DIMSE status (dimse/status.h)
  std::string error_comment;  ///< Error Comment (0000,0902); cut to 64 characters; never patient data
};

/// Takes the data set of one instance. All calls come one after the other from the association's coroutine.
/// Destroyed without a successful finish(): the instance is discarded (peer gone, write failed, abort).
class InstanceSink {
 public:
  virtual ~InstanceSink() = default;
  /// Next bytes of the data set. Nothing is read from the peer until this completes: that is the
  /// back-pressure. `bytes` is valid until it completes. After a failure no more bytes come; the peer gets
  /// the failure's status.
  virtual Task<Result<void>> write(std::span<const std::uint8_t> bytes) = 0;
  /// The data set is complete. What it returns is the response; if it is a success the instance is durable.
  virtual Task<StoreOutcome> finish() = 0;
};

/// A sink, or the status that refuses the instance (its data set is then read and discarded).
using StoreBegin = std::variant<std::unique_ptr<InstanceSink>, StoreOutcome>;

/// How an association ended. Only the responses sent before count, whatever the way.
enum class AssociationEnd { released, aborted_by_peer, aborted_by_us, connection_lost };

/// Receives the instances of all associations. Called on every I/O thread at once (one at a time per
/// association); it must be thread-safe and must not block the thread: slow work is awaited.
class StoreService {
 public:
  virtual ~StoreService() = default;
  virtual Task<StoreBegin> begin(StoreRequest request) = 0;
  /// An accepted association is over. No sink of it is alive any more.
  virtual void association_ended(const AssociationInfo& /*association*/, AssociationEnd /*how*/) {}
};

}  // namespace trialgate::dimse
