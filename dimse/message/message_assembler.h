#pragma once

#include "dimse/message/command_set.h"
#include "dimse/pdu/pdu_reader.h"
#include "dimse/result.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace trialgate::dimse {

/// A command set is complete. If it says so its data set follows as DataSetBytes.
struct CommandReceived {
  PresentationContextId context{};
  CommandSet command;
};

/// Bytes of the data set, as they come.
struct DataSetBytes {
  std::span<const std::uint8_t> bytes;  ///< valid as long as the fragment that brought them
  bool last = false;                    ///< the data set, and with it the message, is complete
};

using MessageEvent = std::variant<CommandReceived, DataSetBytes>;

/// Which fragments of odd length are let pass (PS3.8 annex E.2 allows none).
enum class OddFragments : std::uint8_t { none, last_of_data_set, any };

/// Puts PDV fragments together to DIMSE messages (PS3.8 annex E.1): one context through a message, command
/// before data set, no interleaving. Pure; it keeps at most one command set of max_command_set_bytes, never a
/// data set.
class MessageAssembler {
 public:
  /// `accepted` has the bits of the accepted presentation context ids.
  explicit MessageAssembler(std::bitset<256> accepted, OddFragments odd = OddFragments::last_of_data_set)
      : accepted_(accepted), odd_(odd) {}

  /// Takes one fragment; an event if it completes a command set or brings a piece of a data set.
  /// Errors: unexpected_message for a context that was not accepted and for fragments out of order,
  /// malformed_command, malformed_pdu for an odd length or an endless run of empty fragments.
  [[nodiscard]] Result<std::optional<MessageEvent>> add(const PdvFragment& fragment);

  /// A message has begun and is not complete.
  [[nodiscard]] bool in_message() const noexcept { return phase_ != Phase::between; }
  /// Fragments of odd length that were let pass.
  [[nodiscard]] std::uint64_t odd_fragments() const noexcept { return odd_fragments_; }

 private:
  enum class Phase { between, command, data_set };

  Result<void> check_begin(const PdvFragment& fragment);
  Result<std::optional<MessageEvent>> add_command(const PdvFragment& fragment);

  std::bitset<256> accepted_;
  OddFragments odd_;
  Phase phase_ = Phase::between;
  PresentationContextId context_{};
  std::vector<std::uint8_t> command_;
  unsigned empty_run_ = 0;
  std::uint64_t odd_fragments_ = 0;
};

}  // namespace trialgate::dimse
