#pragma once

#include "dimse/instance_source.h"
#include "dimse/message/messages.h"
#include "dimse/scp/query_options.h"
#include "dimse/task.h"
#include "dimse/types.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::dimse {

/// One C-MOVE or C-GET request (PS3.4 §C.4.2, §C.4.3).
struct RetrieveRequest {
  AssociationInfo association;
  Uid sop_class;
  Uid transfer_syntax;  ///< of the identifier: implicit or explicit VR little endian
  std::uint16_t message_id = 0;
  Priority priority = Priority::medium;
  QueryOptions options;                     ///< as negotiated for this SOP class
  std::vector<std::uint8_t> identifier;     ///< as the peer sent it, at most max_identifier_bytes
  std::optional<AeTitle> move_destination;  ///< C-MOVE only; may be empty or invalid: it is the peer's
};

/// The request is not carried out: A701, A801, A900, C000...
struct RetrieveRefusal {
  std::uint16_t status = 0;
  std::string error_comment;  ///< cut to 64 characters; never patient data
};

/// Which data sets a receiver takes: the transfer syntaxes of the contexts that were accepted, in the order
/// of the proposal.
class AcceptedSyntaxes {
 public:
  virtual ~AcceptedSyntaxes() = default;
  [[nodiscard]] virtual std::vector<Uid> of(const Uid& sop_class) const = 0;
};

/// One C-STORE sub-operation that is to be made.
struct SubOperation {
  Uid sop_class;
  Uid sop_instance;
  Uid transfer_syntax;                     ///< of `source`; one that the receiver takes
  std::unique_ptr<InstanceSource> source;  ///< null: it cannot be sent, which is a failed sub-operation
};

/// The instances of one C-GET. Destroyed before its end: cancelled, or the association is gone.
class GetOperation {
 public:
  virtual ~GetOperation() = default;
  /// How many next() gives in all.
  [[nodiscard]] virtual std::size_t total() const = 0;
  /// The next instance when the one before was answered; nullopt after the last one.
  virtual Task<std::optional<SubOperation>> next(const AcceptedSyntaxes& accepted) = 0;
  /// How the peer answered the one that was given last; 0110H if it could not be sent.
  virtual void answered(std::uint16_t status) = 0;
};

/// The end of a C-MOVE. From the counts follows the status (retrieve_status) unless one stands here.
struct MoveEnd {
  SubOperations counts;
  std::vector<Uid> failed;                ///< the instances of failed sub-operations
  std::optional<std::uint16_t> status{};  ///< for an end that counts cannot say
  std::string error_comment;
};

/// One C-MOVE under way: it sends by associations of its own. Destroyed before its end: the association that
/// asked is gone, nothing more is to be sent.
class MoveOperation {
 public:
  virtual ~MoveOperation() = default;
  /// How far it is: when that has changed, and now and then if it has not, so that the peer sees life; or its
  /// end. Not called again after that.
  virtual Task<std::variant<SubOperations, MoveEnd>> next() = 0;
  /// C-CANCEL: no further sub-operation is begun; those under way end, then next() gives the end. May be
  /// called while next() is awaited, and more than once.
  virtual void cancel() = 0;
};

/// Retrieves. Called on every I/O thread at once, at most one request at a time for each association; it must
/// be thread-safe and must not block the thread: slow work is awaited.
class RetrieveService {
 public:
  virtual ~RetrieveService() = default;
  virtual Task<std::variant<std::unique_ptr<GetOperation>, RetrieveRefusal>> get(RetrieveRequest request) = 0;
  virtual Task<std::variant<std::unique_ptr<MoveOperation>, RetrieveRefusal>> move(
      RetrieveRequest request) = 0;
};

/// The final status of sub-operations that have ended (PS3.4 tables C.4-2 and C.4-3): success, B000 when some
/// failed or warned, A702 when all failed, FE00 when a cancel left some undone.
[[nodiscard]] std::uint16_t retrieve_status(const SubOperations& counts) noexcept;

/// An identifier with Failed SOP Instance UID List (0008,0058) alone, or nothing for an empty list. With
/// explicit VR a list too long for UI has the VR UN (PS3.5 §6.2.2).
[[nodiscard]] std::vector<std::uint8_t> failed_list_identifier(const std::vector<Uid>& failed,
                                                               bool explicit_vr);

}  // namespace trialgate::dimse
