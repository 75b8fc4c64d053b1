#pragma once

#include "dimse/message/messages.h"
#include "dimse/task.h"
#include "dimse/ul/association.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace trialgate::dimse {

/// The C-FIND, C-GET or C-MOVE that an association has under way, at most one: a coroutine that sends its
/// responses, while the association's reader goes on reading C-CANCEL and the responses of sub-operations.
/// Everything on the association's executor. Before it is destroyed the operation must have ended.
class Operation {
 public:
  explicit Operation(Association& association);
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  // For the reader.

  /// None may be running.
  void start(std::uint16_t message_id, Task<void> task);
  [[nodiscard]] bool is_running() const noexcept { return running_; }
  /// Of the request that it serves.
  [[nodiscard]] std::uint16_t message_id() const noexcept { return message_id_; }
  void cancel();
  /// The association is over: cancels, and no response comes any more.
  void abandon();
  /// A response of the peer; false if none is waited for with its message id.
  [[nodiscard]] bool take(Response response);
  [[nodiscard]] bool is_waiting_for_response() const noexcept { return awaited_.has_value(); }
  /// Completes when none is running.
  [[nodiscard]] Task<void> ended();

  // For the coroutine.

  /// C-CANCEL came, the association is over, or the node stops.
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_ || association_.stop_requested(); }
  /// Called once when cancel() is. Null: nothing is.
  void on_cancel(std::function<void()> listener);
  /// Before a request of ours is sent: its response may come while it still is.
  void expect_response(std::uint16_t message_id);
  /// That response; nullopt if the association ends before. After `deadline` it is aborted.
  [[nodiscard]] Task<std::optional<Response>> response(std::chrono::milliseconds deadline);

 private:
  void end();

  Association& association_;
  bool running_ = false;
  bool cancelled_ = false;
  bool abandoned_ = false;
  std::uint16_t message_id_ = 0;
  std::function<void()> listener_;
  std::optional<std::uint16_t> awaited_;  ///< message id of our request
  std::optional<Response> response_;
  boost::asio::steady_timer answered_;
  boost::asio::steady_timer ended_;
};

}  // namespace trialgate::dimse
