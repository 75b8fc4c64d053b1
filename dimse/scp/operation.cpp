#include "dimse/scp/operation.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <utility>

namespace trialgate::dimse {

namespace {

constexpr auto never = boost::asio::steady_timer::time_point::max();

}  // namespace

Operation::Operation(Association& association)
    : association_(association),
      answered_(association.executor(), never),
      ended_(association.executor(), never) {}

void Operation::start(std::uint16_t message_id, Task<void> task) {
  running_ = true;
  cancelled_ = abandoned_;
  message_id_ = message_id;
  boost::asio::co_spawn(association_.executor(), std::move(task), [this](const std::exception_ptr& error) {
    if (error) {
      association_.log().event(Level::error, "task.exception", {{"what", std::string("in a service")}});
      association_.abort_now(Errc::io_error);
    }
    end();
  });
}

void Operation::end() {
  running_ = false;
  listener_ = nullptr;
  ended_.cancel();
  association_.await_message();
}

void Operation::cancel() {
  cancelled_ = true;
  if (auto listener = std::exchange(listener_, nullptr)) listener();
}

void Operation::abandon() {
  abandoned_ = true;
  cancel();
  answered_.cancel();
}

void Operation::on_cancel(std::function<void()> listener) {
  listener_ = std::move(listener);
}

bool Operation::take(Response response) {
  if (awaited_ != response.message_id_being_responded_to) return false;
  awaited_.reset();
  response_ = std::move(response);
  answered_.cancel();
  return true;
}

void Operation::expect_response(std::uint16_t message_id) {
  awaited_ = message_id;
  response_.reset();
}

Task<std::optional<Response>> Operation::response(std::chrono::milliseconds deadline) {
  association_.watchdog().set(Deadline::response, deadline);
  while (!response_ && !abandoned_) {
    [[maybe_unused]] const auto woken = co_await answered_.async_wait(use_task);
  }
  association_.watchdog().clear(Deadline::response);
  awaited_.reset();
  co_return std::exchange(response_, std::nullopt);
}

Task<void> Operation::ended() {
  while (running_) {
    [[maybe_unused]] const auto woken = co_await ended_.async_wait(use_task);
  }
}

}  // namespace trialgate::dimse
