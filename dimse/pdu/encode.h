#pragma once

#include "dimse/pdu/pdu.h"

#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::dimse {

/// Encoders of whole PDUs, header included. Pure. Items go out in increasing order of their type (PS3.8
/// §9.3.1), reserved bytes as 0; every value fits, because contexts are at most 128 and UIDs at most 64
/// characters.
[[nodiscard]] std::vector<std::uint8_t> encode(const AssociateRq& rq);
[[nodiscard]] std::vector<std::uint8_t> encode(const AssociateAc& ac);
[[nodiscard]] std::vector<std::uint8_t> encode(const AssociateRj& rj);
[[nodiscard]] std::vector<std::uint8_t> encode(const Abort& abort);
[[nodiscard]] std::vector<std::uint8_t> encode_release_rq();
[[nodiscard]] std::vector<std::uint8_t> encode_release_rp();

/// Writes the 12 bytes in front of the payload of a P-DATA-TF PDU with one PDV (PS3.8 §9.3.5).
/// `payload_bytes` is at most the peer's maximum length less 6.
void encode_p_data_header(std::span<std::uint8_t, pdu_header_bytes + pdv_header_bytes> header,
                          PresentationContextId id, MessageControlHeader control, std::size_t payload_bytes);

}  // namespace trialgate::dimse
