#include "dimse/ul/watchdog.h"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>

namespace trialgate::dimse {

std::string_view name_of(Deadline deadline) noexcept {
  switch (deadline) {
    case Deadline::artim:
      return "ARTIM";
    case Deadline::associate:
      return "association response";
    case Deadline::response:
      return "DIMSE response";
    case Deadline::release:
      return "release response";
    case Deadline::idle:
      return "idle";
    case Deadline::progress:
      return "progress of a message";
    case Deadline::write:
      return "write";
  }
  return "deadline";
}

struct Watchdog::State : std::enable_shared_from_this<State> {
  State(const boost::asio::any_io_executor& executor, std::function<void(Deadline)> handler)
      : timer(executor), on_expired(std::move(handler)) {
    at.fill(Clock::time_point::max());
  }

  void arm(Clock::time_point when) {
    armed_for = when;
    timer.expires_at(when);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->check();
    });
  }

  void check() {
    armed_for = Clock::time_point::max();
    if (!on_expired || expired) return;
    const auto first = std::min_element(at.begin(), at.end());
    if (*first == Clock::time_point::max()) return;
    if (*first > Clock::now()) {
      arm(*first);
      return;
    }
    expired = static_cast<Deadline>(first - at.begin());
    const auto handler = std::move(on_expired);
    on_expired = nullptr;
    handler(*expired);
  }

  boost::asio::steady_timer timer;
  std::function<void(Deadline)> on_expired;
  std::array<Clock::time_point, deadline_count> at{};
  Clock::time_point armed_for = Clock::time_point::max();
  std::optional<Deadline> expired;
};

Watchdog::Watchdog(const boost::asio::any_io_executor& executor, std::function<void(Deadline)> on_expired)
    : state_(std::make_shared<State>(executor, std::move(on_expired))) {}

Watchdog::~Watchdog() {
  state_->on_expired = nullptr;
  state_->timer.cancel();
}

void Watchdog::set(Deadline deadline, std::chrono::milliseconds from_now) {
  const auto when = Clock::now() + from_now;
  state_->at[static_cast<std::size_t>(deadline)] = when;
  if (when < state_->armed_for) state_->arm(when);
}

void Watchdog::clear(Deadline deadline) noexcept {
  state_->at[static_cast<std::size_t>(deadline)] = Clock::time_point::max();
}

std::optional<Deadline> Watchdog::expired() const noexcept {
  return state_->expired;
}

}  // namespace trialgate::dimse
