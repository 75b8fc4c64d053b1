#include "dimse/message/fragment_writer.h"

#include "dimse/pdu/encode.h"

#include <algorithm>
#include <cassert>

namespace trialgate::dimse {
namespace {

constexpr std::size_t headers_bytes = pdu_header_bytes + pdv_header_bytes;
constexpr std::uint32_t smallest_usable_maximum = 16;

}  // namespace

Result<FragmentWriter> FragmentWriter::create(std::size_t buffer_bytes, std::uint32_t peer_max_pdu_bytes) {
  if (peer_max_pdu_bytes != 0 && peer_max_pdu_bytes < smallest_usable_maximum)
    return fail(Errc::malformed_pdu, "maximum length received");
  std::size_t fragment = buffer_bytes - headers_bytes;
  if (peer_max_pdu_bytes != 0)
    fragment = std::min<std::size_t>(fragment, peer_max_pdu_bytes - pdv_header_bytes);
  fragment -= fragment % 2;
  return FragmentWriter(buffer_bytes, fragment);
}

void FragmentWriter::put_header(PresentationContextId context, MessageControlHeader control,
                                std::size_t payload_bytes) {
  const std::size_t at = buffer_.size();
  buffer_.resize(at + headers_bytes);
  encode_p_data_header(std::span<std::uint8_t, headers_bytes>(buffer_.data() + at, headers_bytes), context,
                       control, payload_bytes);
}

void FragmentWriter::add_command(PresentationContextId context, std::span<const std::uint8_t> command_set) {
  assert(data_set_left() == 0);
  do {
    const auto payload = command_set.first(std::min(command_set.size(), fragment_bytes_));
    command_set = command_set.subspan(payload.size());
    put_header(context, {true, command_set.empty()}, payload.size());
    buffer_.insert(buffer_.end(), payload.begin(), payload.end());
  } while (!command_set.empty());
}

void FragmentWriter::begin_data_set(PresentationContextId context, std::uint64_t size_bytes) {
  assert(data_set_left() == 0 && size_bytes % 2 == 0);
  context_ = context;
  unfragmented_ = size_bytes;
  // A message that announced a data set needs its last fragment even if there is nothing in it.
  if (size_bytes == 0) put_header(context_, {false, true}, 0);
}

std::size_t FragmentWriter::next_fragment() const noexcept {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(unfragmented_, fragment_bytes_));
  return wanted > 0 && (buffer_.empty() || buffer_.size() + headers_bytes + wanted <= buffer_bytes_) ? wanted
                                                                                                     : 0;
}

std::size_t FragmentWriter::room() const noexcept {
  return fragment_left_ > 0 ? fragment_left_ : next_fragment();
}

std::size_t FragmentWriter::add_data(std::span<const std::uint8_t> bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    if (fragment_left_ == 0) {
      fragment_left_ = next_fragment();
      if (fragment_left_ == 0) break;
      unfragmented_ -= fragment_left_;
      put_header(context_, {false, unfragmented_ == 0}, fragment_left_);
    }
    const auto piece = bytes.subspan(taken, std::min(bytes.size() - taken, fragment_left_));
    buffer_.insert(buffer_.end(), piece.begin(), piece.end());
    fragment_left_ -= piece.size();
    taken += piece.size();
  }
  return taken;
}

}  // namespace trialgate::dimse
