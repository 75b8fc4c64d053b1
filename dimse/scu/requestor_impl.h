#pragma once

#include "dimse/message/fragment_writer.h"
#include "dimse/message/message_assembler.h"
#include "dimse/message/messages.h"
#include "dimse/scu/requestor.h"
#include "dimse/ul/association.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace trialgate::dimse {

/// A context of ours that the peer accepted.
struct OpenContext {
  PresentationContextId id{};
  Uid abstract_syntax;
  Uid transfer_syntax;
};

/// The association behind a Requestor. A reader coroutine takes all that comes and hands each response to the
/// operation that waits for its message id; operations write. Both are on one executor. The reader shares
/// ownership.
class Requestor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(RequestorConfig config, std::unique_ptr<Transport> transport, AssociationInfo info,
       AssociationLog log);

  /// Proposes and waits for the answer; afterwards the reader runs.
  Task<Result<void>> establish(std::vector<ProposedContext> proposed);

  /// Where the data sets of pending responses go, and how much of it is taken.
  struct Matches {
    std::vector<std::vector<std::uint8_t>>& identifiers;
    std::size_t most;
    std::size_t bytes = 0;
  };

  /// Sends a request and waits for its final response. Pending ones go to `matches`; without it they are a
  /// mistake.
  Task<Result<Response>> exchange(PresentationContextId context, CommandSet request, InstanceSource* data_set,
                                  Matches* matches = nullptr);
  Task<Result<void>> release();
  void abort_now() { association_.abort_now(Errc::aborted); }

  [[nodiscard]] const OpenContext* find(const Uid& abstract_syntax, const Uid* transfer_syntax) const;
  [[nodiscard]] const std::vector<OpenContext>& contexts() const noexcept { return contexts_; }
  [[nodiscard]] bool is_open() const noexcept { return !ended_ && association_.state() == State::sta6_data; }
  [[nodiscard]] const AssociationInfo& info() const noexcept { return info_; }
  [[nodiscard]] std::uint16_t next_message_id() noexcept { return next_message_id_++; }

 private:
  /// An operation that waits; lives in the frame of exchange() or release().
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor)
        : wake(executor, boost::asio::steady_timer::time_point::max()) {}
    boost::asio::steady_timer wake;
    std::optional<Result<Response>> result;
    Matches* matches = nullptr;
  };

  static Task<void> read_loop(std::shared_ptr<Impl> self);
  Task<Result<void>> read_one();
  Result<void> take_message(const MessageEvent& event);
  Result<void> take_pending(const Response& response, Waiter& waiter);
  Result<void> take_match(const DataSetBytes& piece);
  void end(const Failure& failure);
  void take_contexts(const std::vector<ProposedContext>& proposed, const AssociateAc& ac);
  Task<Result<void>> send(PresentationContextId context, const CommandSet& request, InstanceSource* data_set);
  Task<Result<void>> send_data_set(PresentationContextId context, InstanceSource& source);
  Task<Result<void>> flush();
  static Task<void> wait(Waiter& waiter);

  RequestorConfig config_;
  AssociationInfo info_;
  Association association_;
  std::optional<FragmentWriter> writer_;
  std::optional<MessageAssembler> assembler_;
  std::vector<OpenContext> contexts_;
  std::map<std::uint16_t, Waiter*> waiting_;  ///< by message id
  Matches* matching_ = nullptr;               ///< whose identifier is coming in
  Waiter* releasing_ = nullptr;
  std::optional<Failure> ended_;
  std::uint16_t next_message_id_ = 1;
};

}  // namespace trialgate::dimse
