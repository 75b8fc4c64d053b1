#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace trialgate::dimse {

/// What an association can wait for too long.
enum class Deadline : std::uint8_t {
  artim,      ///< PS3.8 §9.1.4: A-ASSOCIATE-RQ in Sta2, the close in Sta13
  associate,  ///< answer to our A-ASSOCIATE-RQ
  response,   ///< answer to our DIMSE request
  release,    ///< answer to our A-RELEASE-RQ
  idle,       ///< the next message
  progress,   ///< the rest of a PDU or message
  write,      ///< the peer taking what we send
};
inline constexpr std::size_t deadline_count = 7;

[[nodiscard]] std::string_view name_of(Deadline deadline) noexcept;

/// The absolute deadlines of one association behind one timer. When the first one passes, the handler is
/// called, once, on the executor. Setting a deadline is cheap: the timer is only touched for one earlier than
/// what it waits for.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  Watchdog(const boost::asio::any_io_executor& executor, std::function<void(Deadline)> on_expired);
  /// The handler is not called any more.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void set(Deadline deadline, std::chrono::milliseconds from_now);
  void clear(Deadline deadline) noexcept;
  /// The deadline that passed, if one did.
  [[nodiscard]] std::optional<Deadline> expired() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace trialgate::dimse
