#include "dimse/pdu/pdu_reader.h"

#include <algorithm>

namespace trialgate::dimse {
namespace {

std::uint32_t load_u32(const std::uint8_t* at) noexcept {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

}  // namespace

bool PduReader::gather(std::span<const std::uint8_t>& bytes, std::size_t wanted) {
  const std::size_t count = std::min(bytes.size(), wanted - gathered_);
  std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(gathered_));
  gathered_ += count;
  bytes = bytes.subspan(count);
  if (gathered_ < wanted) return false;
  gathered_ = 0;
  return true;
}

Result<void> PduReader::begin_pdu() {
  if (header_[0] < 0x01 || header_[0] > 0x07)
    return fail(Errc::unrecognized_pdu, "type " + std::to_string(header_[0]));
  type_ = static_cast<PduType>(header_[0]);
  pdu_left_ = load_u32(&header_[2]);
  switch (type_) {
    case PduType::associate_rq:
    case PduType::associate_ac:
      if (pdu_left_ > max_associate_bytes_) return fail(Errc::pdu_too_long, "A-ASSOCIATE");
      break;
    case PduType::p_data_tf:
      if (pdu_left_ > max_pdu_bytes_) return fail(Errc::pdu_too_long, "P-DATA-TF");
      // A PDU without a PDV is invalid, and so is one too short for a PDV header.
      if (pdu_left_ < pdv_header_bytes) return fail(Errc::malformed_pdu, "P-DATA-TF without PDV");
      phase_ = Phase::pdv_header;
      first_pdv_ = true;
      return {};
    default:
      if (pdu_left_ != 4) return fail(Errc::malformed_pdu, "PDU length");
      break;
  }
  body_.clear();
  phase_ = Phase::control_body;
  return {};
}

Result<void> PduReader::begin_pdv() {
  const std::uint32_t length = load_u32(header_.data());
  pdu_left_ -= static_cast<std::uint32_t>(pdv_header_bytes);
  if (length < 2 || length - 2 > pdu_left_) return fail(Errc::malformed_pdu, "PDV length");
  pdv_left_ = length - 2;
  pdu_left_ -= pdv_left_;
  // What follows this PDV must be another one.
  if (pdu_left_ > 0 && pdu_left_ < pdv_header_bytes)
    return fail(Errc::malformed_pdu, "bytes behind the last PDV");
  fragment_.context = PresentationContextId{header_[4]};
  fragment_.control = {(header_[5] & 1) != 0, (header_[5] & 2) != 0};
  fragment_.pdv_payload_bytes = pdv_left_;
  fragment_.begins_pdu = first_pdv_;
  fragment_.begins_pdv = true;
  first_pdv_ = false;
  phase_ = Phase::pdv_payload;
  return {};
}

PduEvent PduReader::take_control() {
  phase_ = Phase::pdu_header;
  return ControlPdu{type_, body_};
}

PduEvent PduReader::take_fragment(std::span<const std::uint8_t>& bytes) {
  const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), pdv_left_));
  PdvFragment fragment = fragment_;
  fragment.bytes = bytes.first(count);
  bytes = bytes.subspan(count);
  pdv_left_ -= count;
  fragment.ends_pdv = pdv_left_ == 0;
  fragment_.begins_pdu = false;
  fragment_.begins_pdv = false;
  if (fragment.ends_pdv) phase_ = pdu_left_ == 0 ? Phase::pdu_header : Phase::pdv_header;
  return fragment;
}

Result<std::optional<PduEvent>> PduReader::next(std::span<const std::uint8_t>& bytes) {
  for (;;) {
    switch (phase_) {
      case Phase::pdu_header:
        if (!gather(bytes, pdu_header_bytes)) return std::nullopt;
        if (auto begun = begin_pdu(); !begun) return begun.error();
        break;
      case Phase::pdv_header:
        if (!gather(bytes, pdv_header_bytes)) return std::nullopt;
        if (auto begun = begin_pdv(); !begun) return begun.error();
        break;
      case Phase::control_body: {
        const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), pdu_left_));
        body_.insert(body_.end(), bytes.begin(), bytes.begin() + count);
        bytes = bytes.subspan(count);
        pdu_left_ -= count;
        if (pdu_left_ > 0) return std::nullopt;
        return take_control();
      }
      case Phase::pdv_payload:
        if (bytes.empty() && pdv_left_ > 0) return std::nullopt;
        return take_fragment(bytes);
    }
  }
}

}  // namespace trialgate::dimse
