#pragma once

#include "dimse/pdu/pdu.h"
#include "dimse/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace trialgate::dimse {

/// A whole PDU other than P-DATA-TF; parse it by its type. `body` is valid until the next call of the reader.
struct ControlPdu {
  PduType type{};
  std::span<const std::uint8_t> body;
};

/// A part of a PDV, as much of it as has come. A PDV yields one fragment or several, an empty PDV one empty
/// fragment.
struct PdvFragment {
  PresentationContextId context{};
  MessageControlHeader control;
  std::uint32_t pdv_payload_bytes = 0;  ///< of the whole PDV
  std::span<const std::uint8_t> bytes;  ///< points into the bytes that next() was given
  bool begins_pdu = false;              ///< first fragment of a P-DATA-TF PDU
  bool begins_pdv = false;
  bool ends_pdv = false;
};

using PduEvent = std::variant<ControlPdu, PdvFragment>;

/// Cuts a byte stream into PDUs and PDV fragments (PS3.8 §9.3). Pure: give it whatever has come, in pieces of
/// any size. Nothing is allocated because of a length field: control PDUs gather as they come, P-DATA is
/// passed on.
class PduReader {
 public:
  /// `max_pdu_bytes`: longest P-DATA-TF body, what we advertise as Maximum-length-received.
  /// `max_associate_bytes`: longest A-ASSOCIATE-RQ or -AC body.
  explicit PduReader(std::uint32_t max_pdu_bytes, std::uint32_t max_associate_bytes = 256 * 1024) noexcept
      : max_pdu_bytes_(max_pdu_bytes), max_associate_bytes_(max_associate_bytes) {}

  /// Takes bytes off the front of `bytes` until there is an event; nullopt when all are taken and more are
  /// needed. Errors, after which the stream cannot be followed any more: unrecognized_pdu, pdu_too_long,
  /// malformed_pdu.
  [[nodiscard]] Result<std::optional<PduEvent>> next(std::span<const std::uint8_t>& bytes);

  /// Some but not all bytes of a PDU have come.
  [[nodiscard]] bool in_pdu() const noexcept { return phase_ != Phase::pdu_header || gathered_ != 0; }

 private:
  enum class Phase { pdu_header, control_body, pdv_header, pdv_payload };

  bool gather(std::span<const std::uint8_t>& bytes, std::size_t wanted);
  Result<void> begin_pdu();
  Result<void> begin_pdv();
  PduEvent take_control();
  PduEvent take_fragment(std::span<const std::uint8_t>& bytes);

  std::uint32_t max_pdu_bytes_;
  std::uint32_t max_associate_bytes_;
  Phase phase_ = Phase::pdu_header;
  std::array<std::uint8_t, 6> header_{};  ///< of the PDU or PDV that is being read
  std::size_t gathered_ = 0;              ///< bytes of header_
  PduType type_{};
  std::uint32_t pdu_left_ = 0;
  std::uint32_t pdv_left_ = 0;
  std::vector<std::uint8_t> body_;
  PdvFragment fragment_;
  bool first_pdv_ = false;
};

}  // namespace trialgate::dimse
