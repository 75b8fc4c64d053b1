#pragma once

#include "dimse/scp/retrieve_service.h"
#include "dimse/scu/requestor.h"
#include "dimse/ul/task_group.h"
#include "gateway/retrieve/encodings.h"
#include "gateway/retrieve/retrieval.h"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// Where a C-MOVE sends, and how it names itself there.
struct MoveTarget {
  dimse::RequestorConfig requestor;
  std::size_t associations = 4;  ///< at most; a short list takes fewer
  dimse::AeTitle move_originator;
  std::uint16_t move_originator_message_id = 0;
};

/// The sub-operations of one C-MOVE: several associations to the destination share the instances. One that
/// breaks costs the instance under way; when none is left, all that have not been sent have failed.
/// Everything on the executor of the association that asked.
class Move : public std::enable_shared_from_this<Move> {
 public:
  Move(storage::Store& store, Encodings& encodings, Logger& log, MoveTarget target,
       std::vector<ShownInstance> instances, RetrievalRecord record,
       const boost::asio::any_io_executor& executor);

  /// Begins to send; the associations run in `tasks`.
  void start(dimse::TaskGroup& tasks);
  /// As MoveOperation.
  dimse::Task<std::variant<dimse::SubOperations, dimse::MoveEnd>> next();
  /// As MoveOperation::cancel().
  void cancel();
  /// Nobody waits any more: associations are aborted, what is left counts as remaining. Records how far it
  /// came.
  void abandon();

 private:
  static dimse::Task<void> send(std::shared_ptr<Move> self);
  /// Sends until there is nothing more or the association breaks. False: it broke without an answer.
  dimse::Task<bool> send_by(dimse::Requestor& association);
  /// The status of its answer, or 0110H if it cannot be sent at all; nullopt: the association broke.
  dimse::Task<std::optional<std::uint16_t>> send_one(dimse::Requestor& association, ShownInstance instance);
  void count(std::uint16_t status, const std::string& sop_instance);
  void fail_the_rest(const std::string& why);
  void tell();
  [[nodiscard]] bool has_ended() const noexcept;
  [[nodiscard]] bool has_more() const noexcept { return !cancelled_ && next_ < instances_.size(); }
  [[nodiscard]] std::vector<dimse::ProposedContext> contexts() const;

  storage::Store& store_;
  Encodings& encodings_;
  Logger& log_;
  const MoveTarget target_;
  std::vector<ShownInstance> instances_;
  const RetrievalRecord record_;
  const boost::asio::any_io_executor executor_;
  boost::asio::steady_timer told_;

  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  std::size_t lanes_ = 0;
  std::set<dimse::Requestor*> open_;
  dimse::SubOperations counts_;
  std::vector<dimse::Uid> failed_;
  bool changed_ = false;
  bool cancelled_ = false;
  bool recorded_ = false;
};

/// What dimse holds of a Move; its end abandons the Move.
class MoveHandle final : public dimse::MoveOperation {
 public:
  explicit MoveHandle(std::shared_ptr<Move> move) : move_(std::move(move)) {}
  ~MoveHandle() override { move_->abandon(); }
  MoveHandle(const MoveHandle&) = delete;
  MoveHandle& operator=(const MoveHandle&) = delete;

  dimse::Task<std::variant<dimse::SubOperations, dimse::MoveEnd>> next() override { return move_->next(); }
  void cancel() override { move_->cancel(); }

 private:
  std::shared_ptr<Move> move_;
};

}  // namespace trialgate::gateway
