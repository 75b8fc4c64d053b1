#include "dimse/pdu/encode.h"

#include "dimse/pdu/big_endian.h"

namespace trialgate::dimse {
namespace {

void put_item(BigEndianWriter& out, std::uint8_t type, std::string_view text) {
  const auto item = out.begin_item(type);
  out.text(text);
  out.end_item(item);
}

void put_user_identity(BigEndianWriter& out, const UserIdentityRq& identity) {
  const auto item = out.begin_item(0x58);
  out.u8(identity.type);
  out.u8(identity.positive_response_requested ? 1 : 0);
  out.u16(static_cast<std::uint16_t>(identity.primary_field.size()));
  out.bytes(identity.primary_field);
  out.u16(static_cast<std::uint16_t>(identity.secondary_field.size()));
  out.bytes(identity.secondary_field);
  out.end_item(item);
}

void put_user_sub_items(BigEndianWriter& out, const UserInformation& info) {
  if (info.max_length) {
    const auto item = out.begin_item(0x51);
    out.u32(*info.max_length);
    out.end_item(item);
  }
  put_item(out, 0x52, info.implementation_class_uid.value());
  if (info.async_operations_window) {
    const auto item = out.begin_item(0x53);
    out.u16(info.async_operations_window->max_invoked);
    out.u16(info.async_operations_window->max_performed);
    out.end_item(item);
  }
  for (const RoleSelection& role : info.roles) {
    const auto item = out.begin_item(0x54);
    out.u16(static_cast<std::uint16_t>(role.sop_class.value().size()));
    out.text(role.sop_class.value());
    out.u8(role.scu ? 1 : 0);
    out.u8(role.scp ? 1 : 0);
    out.end_item(item);
  }
  if (!info.implementation_version_name.empty()) put_item(out, 0x55, info.implementation_version_name);
  for (const ExtendedNegotiation& extended : info.extended) {
    const auto item = out.begin_item(0x56);
    out.u16(static_cast<std::uint16_t>(extended.sop_class.value().size()));
    out.text(extended.sop_class.value());
    out.bytes(extended.application_information);
    out.end_item(item);
  }
  if (info.user_identity) put_user_identity(out, *info.user_identity);
  if (info.user_identity_response) {
    const auto item = out.begin_item(0x59);
    out.u16(static_cast<std::uint16_t>(info.user_identity_response->size()));
    out.bytes(*info.user_identity_response);
    out.end_item(item);
  }
}

void put_user_information(BigEndianWriter& out, const UserInformation& info) {
  const auto item = out.begin_item(0x50);
  put_user_sub_items(out, info);
  out.end_item(item);
}

void begin_pdu(BigEndianWriter& out, PduType type) {
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(0);
  out.u32(0);
}

template <class Pdu>
void put_fixed_part(BigEndianWriter& out, PduType type, const Pdu& pdu) {
  begin_pdu(out, type);
  out.u16(pdu.protocol_version);
  out.u16(0);
  out.text({pdu.titles.called.data(), pdu.titles.called.size()});
  out.text({pdu.titles.calling.data(), pdu.titles.calling.size()});
  out.bytes(pdu.titles.reserved);
  put_item(out, 0x10, pdu.application_context.value());
}

std::vector<std::uint8_t> four_byte_pdu(PduType type, std::uint8_t b1, std::uint8_t b2, std::uint8_t b3) {
  return {static_cast<std::uint8_t>(type), 0, 0, 0, 0, 4, 0, b1, b2, b3};
}

}  // namespace

std::vector<std::uint8_t> encode(const AssociateRq& rq) {
  BigEndianWriter out;
  put_fixed_part(out, PduType::associate_rq, rq);
  for (const PresentationContextRq& context : rq.presentation_contexts) {
    const auto item = out.begin_item(0x20);
    out.u8(static_cast<std::uint8_t>(context.id));
    out.u8(0);
    out.u16(0);
    put_item(out, 0x30, context.abstract_syntax.value());
    for (const Uid& syntax : context.transfer_syntaxes) put_item(out, 0x40, syntax.value());
    out.end_item(item);
  }
  put_user_information(out, rq.user_information);
  out.end_pdu();
  return out.take();
}

std::vector<std::uint8_t> encode(const AssociateAc& ac) {
  BigEndianWriter out;
  put_fixed_part(out, PduType::associate_ac, ac);
  for (const PresentationContextAc& context : ac.presentation_contexts) {
    const auto item = out.begin_item(0x21);
    out.u8(static_cast<std::uint8_t>(context.id));
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(context.result));
    out.u8(0);
    put_item(out, 0x40, context.transfer_syntax.value());
    out.end_item(item);
  }
  put_user_information(out, ac.user_information);
  out.end_pdu();
  return out.take();
}

std::vector<std::uint8_t> encode(const AssociateRj& rj) {
  return four_byte_pdu(PduType::associate_rj, rj.result, rj.source, rj.reason);
}

std::vector<std::uint8_t> encode(const Abort& abort) {
  return four_byte_pdu(PduType::abort, 0, abort.source, abort.reason);
}

std::vector<std::uint8_t> encode_release_rq() {
  return four_byte_pdu(PduType::release_rq, 0, 0, 0);
}

std::vector<std::uint8_t> encode_release_rp() {
  return four_byte_pdu(PduType::release_rp, 0, 0, 0);
}

void encode_p_data_header(std::span<std::uint8_t, pdu_header_bytes + pdv_header_bytes> header,
                          PresentationContextId id, MessageControlHeader control, std::size_t payload_bytes) {
  const auto put_u32 = [&header](std::size_t at, std::size_t value) {
    for (std::size_t i = 0; i < 4; ++i) header[at + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  };
  header[0] = static_cast<std::uint8_t>(PduType::p_data_tf);
  header[1] = 0;
  put_u32(2, payload_bytes + pdv_header_bytes);
  put_u32(6, payload_bytes + 2);  // the item length counts the context id and the control header
  header[10] = static_cast<std::uint8_t>(id);
  header[11] = static_cast<std::uint8_t>((control.command ? 1 : 0) | (control.last ? 2 : 0));
}

}  // namespace trialgate::dimse
