#pragma once

#include "dimse/message/fragment_writer.h"
#include "dimse/message/message_assembler.h"
#include "dimse/message/messages.h"
#include "dimse/scu/requestor.h"
#include "dimse/scu/turns.h"
#include "dimse/ul/association.h"

#include <boost/asio/steady_timer.hpp>

#include <functional>
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
  bool scp = false;  ///< we may be asked for its operations
};

/// A response with its data set, if it has one.
struct Answer {
  CommandSet command;
  Response response;
  std::vector<std::uint8_t> data_set;
};

/// Takes a pending response; false cancels the operation.
using PendingHandler = std::function<Result<bool>(Answer answer)>;

/// The association behind a Requestor. A reader coroutine takes all that comes: each response goes to the
/// operation that waits for its message id, a request of the peer is served at once. Operations write, one
/// message at a time. All on one executor. The reader shares ownership.
class Requestor::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(RequestorConfig config, std::unique_ptr<Transport> transport, AssociationInfo info, AssociationLog log,
       PeerServices services);

  /// Proposes and waits for the answer; afterwards the reader runs.
  Task<Result<void>> establish(std::vector<ProposedContext> proposed);

  /// Sends a request, which gets its message id here, and waits for its final response. Pending ones go to
  /// `on_pending`; without it they are a mistake.
  Task<Result<Answer>> exchange(PresentationContextId context, CommandSet request, InstanceSource* data_set,
                                PendingHandler on_pending = {});
  Task<Result<void>> release();
  void abort_now() { association_.abort_now(Errc::aborted); }

  /// The first one that was proposed; with any transfer syntax when that is null.
  [[nodiscard]] const OpenContext* find(const Uid& abstract_syntax, const Uid* transfer_syntax) const;
  [[nodiscard]] const OpenContext* find(PresentationContextId id) const;
  [[nodiscard]] const std::vector<OpenContext>& contexts() const noexcept { return contexts_; }
  [[nodiscard]] bool is_open() const noexcept { return !ended_ && association_.state() == State::sta6_data; }
  [[nodiscard]] const AssociationInfo& info() const noexcept { return info_; }
  [[nodiscard]] std::uint16_t window() const noexcept { return window_; }

 private:
  /// An operation that waits; lives in the frame of exchange() or release().
  struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor)
        : wake(executor, boost::asio::steady_timer::time_point::max()) {}
    void settle(Result<Answer> with) {
      result = std::move(with);
      wake.cancel();
    }
    boost::asio::steady_timer wake;
    std::optional<Result<Answer>> result;
    PendingHandler on_pending;
    bool sent = false;       ///< the request is out, its response is due
    bool cancelled = false;  ///< C-CANCEL was sent
  };

  static Task<void> read_loop(std::shared_ptr<Impl> self);
  /// The next command, or the next piece of the data set of the last one.
  Task<Result<MessageEvent>> next_event();
  Task<Result<void>> answer_release();
  Task<Result<void>> take_message(CommandReceived received);
  Task<Result<std::vector<std::uint8_t>>> read_data_set(const CommandSet& command);
  Task<Result<void>> take_response(PresentationContextId context, CommandSet command);
  Task<Result<void>> take_pending(PresentationContextId context, Answer answer, Waiter& waiter);
  Task<Result<void>> serve_store(CommandReceived received);
  Task<Result<StoreOutcome>> receive_instance(const CommandReceived& received, const CStoreRq& rq);
  Task<Result<void>> serve_normalized(CommandReceived received);
  Task<Result<void>> send_message(PresentationContextId context, CommandSet command,
                                  std::span<const std::uint8_t> data_set);
  void end(const Failure& failure);
  void take_answer(const std::vector<ProposedContext>& proposed, const AssociateAc& ac);
  Task<Result<void>> send(PresentationContextId context, const CommandSet& request, InstanceSource* data_set);
  Task<Result<void>> send_data_set(PresentationContextId context, InstanceSource& source);
  Task<Result<void>> flush();
  [[nodiscard]] std::uint16_t take_message_id();
  /// The response deadline counts from now, if a response is due.
  void renew_response_deadline();
  static Task<void> wait(Waiter& waiter);

  RequestorConfig config_;
  AssociationInfo info_;
  PeerServices services_;
  Association association_;
  std::optional<FragmentWriter> writer_;
  std::optional<MessageAssembler> assembler_;
  std::vector<OpenContext> contexts_;
  std::map<std::uint16_t, Waiter*> waiting_;  ///< by message id
  Turns operations_{1};                       ///< the asynchronous operations window
  Turns writing_{1};
  std::uint16_t window_ = 1;
  Waiter* releasing_ = nullptr;
  std::optional<Failure> ended_;
  std::uint16_t last_message_id_ = 0;
};

/// A data set that is in memory, and stays there.
class BytesSource final : public InstanceSource {
 public:
  explicit BytesSource(std::span<const std::uint8_t> bytes) : size_(bytes.size()), left_(bytes) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return size_; }
  Task<Result<std::span<const std::uint8_t>>> read(std::size_t at_most) override;

 private:
  std::uint64_t size_;
  std::span<const std::uint8_t> left_;
};

}  // namespace trialgate::dimse
