#pragma once

#include "dimse/instance_source.h"
#include "dimse/message/fragment_writer.h"
#include "dimse/message/message_assembler.h"
#include "dimse/scp/negotiation.h"
#include "dimse/ul/association.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace trialgate::dimse {

/// DIMSE messages in and out of one established association of an acceptor. One coroutine reads; one writes
/// at a time, which may be another one.
class MessageExchange {
 public:
  /// `association` must outlive it.
  MessageExchange(Association& association, Negotiated negotiated, FragmentWriter writer)
      : association_(association),
        negotiated_(std::move(negotiated)),
        assembler_(negotiated_.accepted_ids()),
        writer_(std::move(writer)) {}
  MessageExchange(const MessageExchange&) = delete;
  MessageExchange& operator=(const MessageExchange&) = delete;

  [[nodiscard]] Association& association() noexcept { return association_; }
  [[nodiscard]] const Negotiated& negotiated() const noexcept { return negotiated_; }
  [[nodiscard]] std::uint64_t odd_fragments() const noexcept { return assembler_.odd_fragments(); }

  /// The next piece of a message; nullopt when the peer asks for release, which the caller answers. `between`
  /// is what supervises the wait for a new message. After a failure the association has ended.
  [[nodiscard]] Task<Result<std::optional<MessageEvent>>> next_event(Waiting between);

  /// The data set that `command` announces, to its end; nullopt if it is longer than `most_bytes`.
  [[nodiscard]] Task<Result<std::optional<std::vector<std::uint8_t>>>> gather(const CommandSet& command,
                                                                              std::size_t most_bytes);
  /// Reads the data set that `command` announces, if it does, and throws it away.
  [[nodiscard]] Task<Result<void>> skip(const CommandSet& command);

  /// Sends a message with `data_set`, of even length, if that is not empty. After a failure nothing more can
  /// be sent; the reader learns why.
  [[nodiscard]] Task<Result<void>> send(PresentationContextId context, CommandSet command,
                                        std::span<const std::uint8_t> data_set = {});
  /// The same with a data set from `source`, of even size. An error of the source leaves half a message
  /// behind: source_failed, odd_length, what the source says.
  [[nodiscard]] Task<Result<void>> send(PresentationContextId context, CommandSet command,
                                        InstanceSource& source);

 private:
  Task<Result<void>> flush();

  Association& association_;
  const Negotiated negotiated_;
  MessageAssembler assembler_;
  FragmentWriter writer_;
};

}  // namespace trialgate::dimse
