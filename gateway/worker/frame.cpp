#include "gateway/worker/frame.h"

#include <boost/endian/conversion.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::array<std::uint8_t, 4> magic = {'T', 'G', 'W', '1'};
constexpr std::size_t prefix_bytes = magic.size() + 4 + 8;
using Prefix = std::array<std::uint8_t, prefix_bytes>;

// Memory follows what has arrived, not what the other end announced.
constexpr std::size_t receive_step_bytes = 1U << 20U;

union FileControl {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

int flags_for(Deadline deadline) {
  return deadline == no_deadline ? 0 : MSG_DONTWAIT;
}

FrameErrc error_of(int error_number) {
  return error_number == EPIPE || error_number == ECONNRESET ? FrameErrc::closed : FrameErrc::io_error;
}

/// Waits for the socket, rounding up so that a short rest of time does not become a busy loop.
FrameResult<void> wait_until_ready(int socket, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return FrameErrc::timed_out;
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long>(left, 1'000'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return FrameErrc::io_error;
  }
}

void attach_file(msghdr& message, FileControl& control, int file) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &file, sizeof(int));
}

/// Takes the descriptors of a received message: the first stays, others (padding has room for one) are
/// closed.
storage::UniqueFd take_file(msghdr& message) {
  storage::UniqueFd file;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      storage::UniqueFd owned(received);
      if (!file) file = std::move(owned);
    }
  }
  return file;
}

FrameResult<void> receive_exactly(int socket, std::span<std::uint8_t> into, Deadline deadline) {
  while (!into.empty()) {
    const ssize_t got = ::recv(socket, into.data(), into.size(), flags_for(deadline));
    if (got == 0) return FrameErrc::closed;
    if (got > 0) {
      into = into.subspan(static_cast<std::size_t>(got));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return error_of(errno);
    if (auto ready = wait_until_ready(socket, POLLIN, deadline); !ready) return ready;
  }
  return {};
}

/// The first bytes of the prefix, and the descriptor that came with them.
FrameResult<std::size_t> receive_start(int socket, Prefix& prefix, bool accept_file, Deadline deadline,
                                       storage::UniqueFd& file) {
  for (;;) {
    FileControl control{};
    iovec part{prefix.data(), prefix.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (accept_file) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = control.bytes.size();
    }
    const ssize_t got = ::recvmsg(socket, &message, flags_for(deadline) | MSG_CMSG_CLOEXEC);
    if (got > 0) {
      file = take_file(message);
      return static_cast<std::size_t>(got);
    }
    if (got == 0) return FrameErrc::closed;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return error_of(errno);
    if (auto ready = wait_until_ready(socket, POLLIN, deadline); !ready) return ready.error();
  }
}

template <class Bytes>
FrameResult<void> receive_growing(int socket, Bytes& into, std::uint64_t length, Deadline deadline) {
  while (into.size() < length) {
    const std::size_t have = into.size();
    const auto step =
        static_cast<std::size_t>(std::min<std::uint64_t>(length - have, std::max(have, receive_step_bytes)));
    into.resize(have + step);
    const std::span<std::uint8_t> rest(reinterpret_cast<std::uint8_t*>(into.data()) + have, step);
    if (auto received = receive_exactly(socket, rest, deadline); !received) return received;
  }
  return {};
}

}  // namespace

std::string_view to_string(FrameErrc code) noexcept {
  switch (code) {
    case FrameErrc::closed:
      return "closed";
    case FrameErrc::timed_out:
      return "timed out";
    case FrameErrc::malformed:
      return "malformed";
    case FrameErrc::too_long:
      return "too long";
    case FrameErrc::io_error:
      return "input/output error";
  }
  return "unknown error";
}

void throw_exception_from_error(FrameErrc code, const boost::source_location&) {
  throw std::logic_error(std::string(to_string(code)));
}

FrameResult<void> send_frame(int socket, std::string_view text, std::span<const std::uint8_t> body, int file,
                             Deadline deadline) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return FrameErrc::too_long;
  Prefix prefix{};
  std::copy(magic.begin(), magic.end(), prefix.begin());
  boost::endian::store_little_u32(prefix.data() + magic.size(), static_cast<std::uint32_t>(text.size()));
  boost::endian::store_little_u64(prefix.data() + magic.size() + 4, body.size());

  std::array<iovec, 3> parts = {iovec{prefix.data(), prefix.size()},
                                iovec{const_cast<char*>(text.data()), text.size()},
                                iovec{const_cast<std::uint8_t*>(body.data()), body.size()}};
  FileControl control{};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  if (file >= 0) attach_file(message, control, file);

  std::size_t left = prefix.size() + text.size() + body.size();
  while (left > 0) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | flags_for(deadline));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return error_of(errno);
      if (auto ready = wait_until_ready(socket, POLLOUT, deadline); !ready) return ready;
      continue;
    }
    // The descriptor went with the first byte; sending it again would hand over a second one.
    message.msg_control = nullptr;
    message.msg_controllen = 0;
    auto count = static_cast<std::size_t>(sent);
    left -= count;
    while (count > 0) {
      iovec& part = *message.msg_iov;
      const std::size_t taken = std::min(count, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
      count -= taken;
      if (part.iov_len == 0 && message.msg_iovlen > 1) {
        ++message.msg_iov;
        --message.msg_iovlen;
      }
    }
  }
  return {};
}

FrameResult<Frame> receive_frame(int socket, const FrameLimits& limits, Deadline deadline) {
  Frame frame;
  Prefix prefix{};
  const auto start = receive_start(socket, prefix, limits.accept_file, deadline, frame.file);
  if (!start) return start.error();
  if (auto rest = receive_exactly(socket, std::span(prefix).subspan(*start), deadline); !rest) {
    return rest.error();
  }
  if (!std::equal(magic.begin(), magic.end(), prefix.begin())) return FrameErrc::malformed;
  const std::uint32_t text_bytes = boost::endian::load_little_u32(prefix.data() + magic.size());
  const std::uint64_t body_bytes = boost::endian::load_little_u64(prefix.data() + magic.size() + 4);
  if (text_bytes > limits.text_bytes || body_bytes > limits.body_bytes) return FrameErrc::too_long;
  if (auto text = receive_growing(socket, frame.text, text_bytes, deadline); !text) return text.error();
  if (auto body = receive_growing(socket, frame.body, body_bytes, deadline); !body) return body.error();
  return frame;
}

}  // namespace trialgate::gateway
