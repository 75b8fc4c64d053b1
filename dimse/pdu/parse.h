#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/result.h"

#include <cstdint>
#include <span>

namespace trialgate::dimse {

/// Decoders of PDU bodies, the bytes after the 6-byte header. Pure; they never allocate more than a small
/// multiple of body.size(). Every item is checked against what is left of its parent, unknown items and
/// sub-items are skipped (PS3.8 §9.3.1), reserved bytes are not looked at, and of a single item that comes
/// twice the first one counts. Errors: malformed_pdu with the item in `where`.

/// A-ASSOCIATE-RQ (PS3.8 §9.3.2, table 9-11). Whether titles, protocol version and application context suit
/// is the caller's question; presentation contexts are checked here: 1 to 128, odd unique ids, one abstract
/// syntax and at least one transfer syntax each. A peer without implementation class UID is let through with
/// an empty one.
[[nodiscard]] Result<AssociateRq> parse_associate_rq(std::span<const std::uint8_t> body);

/// A-ASSOCIATE-AC (PS3.8 §9.3.3, table 9-17). The transfer syntax of a context that was not accepted is not
/// tested.
[[nodiscard]] Result<AssociateAc> parse_associate_ac(std::span<const std::uint8_t> body);

/// A-ASSOCIATE-RJ (PS3.8 §9.3.4): exactly 4 bytes.
[[nodiscard]] Result<AssociateRj> parse_associate_rj(std::span<const std::uint8_t> body);

/// A-ABORT (PS3.8 §9.3.8): exactly 4 bytes.
[[nodiscard]] Result<Abort> parse_abort(std::span<const std::uint8_t> body);

/// A-RELEASE-RQ and A-RELEASE-RP (PS3.8 §9.3.6, §9.3.7): exactly 4 reserved bytes.
[[nodiscard]] Result<void> parse_release(std::span<const std::uint8_t> body);

}  // namespace trialgate::dimse
