#pragma once

#include "storage/file_system.h"

#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// One message between the node and a worker process: a JSON text, bytes, and towards the worker perhaps an
/// open file. On the socket: "TGW1", length of the text (4 bytes), length of the bytes (8 bytes), both little
/// endian, then text and bytes; the descriptor comes with the first byte (SCM_RIGHTS).
struct Frame {
  std::string text;
  std::vector<std::uint8_t> body;
  storage::UniqueFd file;
};

/// Text of a frame from the worker that holds a part of what its answer is about; the answer comes behind the
/// last part.
inline constexpr std::string_view part_text = R"({"part":true})";
inline constexpr std::size_t max_part_bytes = 1U << 20U;

enum class FrameErrc : std::uint8_t {
  closed,     ///< the other end is gone
  timed_out,  ///< not complete at the deadline
  malformed,  ///< no frame
  too_long,   ///< longer than the receiver takes
  io_error,
};
[[nodiscard]] std::string_view to_string(FrameErrc code) noexcept;

template <class T>
using FrameResult = boost::system::result<T, FrameErrc>;
/// A thrown FrameErrc is a bug of the caller.
[[noreturn]] void throw_exception_from_error(FrameErrc code, const boost::source_location& location);

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline no_deadline = Deadline::max();

/// What a receiver takes. Checked before anything is allocated.
struct FrameLimits {
  std::uint32_t text_bytes = 16U << 20U;
  std::uint64_t body_bytes = 64ULL << 20U;
  bool accept_file = false;  ///< else a descriptor that comes along is dropped by the kernel
};

/// Sends one frame over a stream socket, whole or not at all as far as the receiver can tell. `file` < 0:
/// none. Blocks until the deadline. One sender at a time.
[[nodiscard]] FrameResult<void> send_frame(int socket, std::string_view text,
                                           std::span<const std::uint8_t> body, int file, Deadline deadline);

/// Receives one frame. Blocks until the deadline. One receiver at a time. After any error the socket is of no
/// more use.
[[nodiscard]] FrameResult<Frame> receive_frame(int socket, const FrameLimits& limits, Deadline deadline);

}  // namespace trialgate::gateway
