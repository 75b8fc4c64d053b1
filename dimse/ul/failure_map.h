#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/result.h"

#include <cstdint>

namespace trialgate::dimse {

/// What a peer is told of a failure: the one place where failures become numbers of the standard.
struct PeerAnswer {
  Abort abort;  ///< A-ABORT, if the association cannot go on (PS3.8 table 9-26)
  std::uint16_t status =
      0;  ///< DIMSE status, if the operation failed but the association goes on (PS3.7 annex C)
};

[[nodiscard]] PeerAnswer peer_answer(const Failure& failure) noexcept;

}  // namespace trialgate::dimse
