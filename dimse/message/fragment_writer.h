#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::dimse {

/// Cuts messages into P-DATA-TF PDUs of one PDV each (PS3.8 annex E) in one contiguous buffer, so that a
/// write holds whole PDUs: a command and the beginning of its data set, or as many fragments as fit. Pure.
class FragmentWriter {
 public:
  /// `buffer_bytes` bounds a write, at least 4096; `peer_max_pdu_bytes` as the peer advertised it: 0 is
  /// unlimited. Errors: malformed_pdu for a peer maximum below 16, with which nothing can be sent.
  [[nodiscard]] static Result<FragmentWriter> create(std::size_t buffer_bytes,
                                                     std::uint32_t peer_max_pdu_bytes);

  /// Adds a whole command set.
  void add_command(PresentationContextId context, std::span<const std::uint8_t> command_set);

  /// Announces a data set of `size_bytes`, even.
  void begin_data_set(PresentationContextId context, std::uint64_t size_bytes);
  /// Takes as much of `bytes` as fits and belongs to the data set; returns the count. 0 with bytes left:
  /// flush first.
  [[nodiscard]] std::size_t add_data(std::span<const std::uint8_t> bytes);
  /// How many bytes of data set may follow before a flush; 0 means flush. Only whole PDUs are ever flushed.
  [[nodiscard]] std::size_t room() const noexcept;
  /// Bytes of the data set that add_data() has not seen yet.
  [[nodiscard]] std::uint64_t data_set_left() const noexcept { return fragment_left_ + unfragmented_; }

  /// The PDUs to write now. Valid until the next call that changes anything.
  [[nodiscard]] std::span<const std::uint8_t> pending() const noexcept { return buffer_; }
  void clear() noexcept { buffer_.clear(); }

  /// Longest payload of one PDV: even, at most the peer's maximum less the PDV header.
  [[nodiscard]] std::size_t fragment_bytes() const noexcept { return fragment_bytes_; }

 private:
  FragmentWriter(std::size_t buffer_bytes, std::size_t fragment_bytes)
      : buffer_bytes_(buffer_bytes), fragment_bytes_(fragment_bytes) {}

  void put_header(PresentationContextId context, MessageControlHeader control, std::size_t payload_bytes);
  [[nodiscard]] std::size_t next_fragment() const noexcept;

  std::size_t buffer_bytes_;
  std::size_t fragment_bytes_;
  std::vector<std::uint8_t> buffer_;
  PresentationContextId context_{};
  std::uint64_t unfragmented_ = 0;  ///< of the data set, behind the fragment that is being filled
  std::size_t fragment_left_ = 0;   ///< of the fragment whose header is in the buffer
};

}  // namespace trialgate::dimse
