#include "gateway/worker/frame.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <thread>

using namespace trialgate::gateway;
using namespace std::chrono_literals;
using trialgate::storage::UniqueFd;

namespace {

struct SocketPair {
  SocketPair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    near = UniqueFd(ends[0]);
    far = UniqueFd(ends[1]);
  }
  UniqueFd near;
  UniqueFd far;
};

Deadline soon() {
  return std::chrono::steady_clock::now() + 5s;
}

void send_bytes(int socket, const std::string& bytes) {
  REQUIRE(::send(socket, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
}

}  // namespace

TEST_CASE("a frame arrives as it was sent, larger than the socket's buffer") {
  SocketPair sockets;
  const std::vector<std::uint8_t> body(5'000'000, 0xA5);
  std::jthread sender(
      [&] { CHECK(send_frame(sockets.near.get(), R"({"a":1})", body, -1, soon()).has_value()); });
  const auto frame = receive_frame(sockets.far.get(), {}, soon());
  REQUIRE(frame.has_value());
  CHECK(frame->text == R"({"a":1})");
  CHECK(frame->body == body);
  CHECK(frame->file.get() < 0);
}

TEST_CASE("a descriptor comes with its frame, closed on exec, and only when it is wanted") {
  SocketPair sockets;
  for (const bool wanted : {true, false}) {
    REQUIRE(send_frame(sockets.near.get(), "{}", {}, STDERR_FILENO, soon()).has_value());
    const auto frame = receive_frame(sockets.far.get(), {.accept_file = wanted}, soon());
    REQUIRE(frame.has_value());
    CHECK((frame->file.get() >= 0) == wanted);
    if (wanted) CHECK((::fcntl(frame->file.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("frames that arrive a byte at a time are put together") {
  SocketPair sockets;
  REQUIRE(send_frame(sockets.near.get(), "{}", std::array<std::uint8_t, 3>{1, 2, 3}, -1, soon()).has_value());
  std::string bytes(21, '\0');
  REQUIRE(::recv(sockets.far.get(), bytes.data(), bytes.size(), MSG_WAITALL) == 21);
  std::jthread sender([&] {
    for (const char byte : bytes) send_bytes(sockets.near.get(), std::string(1, byte));
  });
  const auto frame = receive_frame(sockets.far.get(), {}, soon());
  REQUIRE(frame.has_value());
  CHECK(frame->text == "{}");
  CHECK(frame->body.size() == 3);
}

TEST_CASE("what is no frame, or longer than allowed, is an error before anything is allocated") {
  const auto received = [](const std::string& bytes) {
    SocketPair sockets;
    send_bytes(sockets.near.get(), bytes);
    const auto frame = receive_frame(sockets.far.get(), {.text_bytes = 10, .body_bytes = 10}, soon());
    REQUIRE(frame.has_error());
    return frame.error();
  };
  CHECK(received(std::string(16, 'x')) == FrameErrc::malformed);
  CHECK(received(std::string("TGW1\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0", 16)) == FrameErrc::too_long);
  CHECK(received(std::string("TGW1\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16)) == FrameErrc::too_long);
}

TEST_CASE("a deadline holds although bytes keep coming") {
  SocketPair sockets;
  std::jthread sender([&](const std::stop_token& stop) {
    send_bytes(sockets.near.get(), std::string("TGW1\0\0\0\0\0\0\x01\0\0\0\0\0", 16));
    while (!stop.stop_requested()) {
      send_bytes(sockets.near.get(), "x");
      std::this_thread::sleep_for(5ms);
    }
  });
  const auto began = std::chrono::steady_clock::now();
  const auto frame = receive_frame(sockets.far.get(), {}, began + 100ms);
  REQUIRE(frame.has_error());
  CHECK(frame.error() == FrameErrc::timed_out);
  CHECK(std::chrono::steady_clock::now() - began < 2s);
}

TEST_CASE("sending to an end that does not read times out, to one that is gone says closed") {
  SocketPair sockets;
  const std::vector<std::uint8_t> body(5'000'000);
  const auto stuck = send_frame(sockets.near.get(), "{}", body, -1, std::chrono::steady_clock::now() + 50ms);
  REQUIRE(stuck.has_error());
  CHECK(stuck.error() == FrameErrc::timed_out);
  SocketPair gone;
  gone.far = UniqueFd();
  const auto closed = send_frame(gone.near.get(), "{}", {}, -1, soon());
  REQUIRE(closed.has_error());
  CHECK(closed.error() == FrameErrc::closed);
}
