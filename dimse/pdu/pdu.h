#pragma once

#include "dimse/types.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::dimse {

/// PDU types (PS3.8 §9.3).
enum class PduType : std::uint8_t {
  associate_rq = 0x01,
  associate_ac = 0x02,
  associate_rj = 0x03,
  p_data_tf = 0x04,
  release_rq = 0x05,
  release_rp = 0x06,
  abort = 0x07,
};

inline constexpr std::size_t pdu_header_bytes = 6;  ///< type 1, reserved 1, length 4
inline constexpr std::size_t pdv_header_bytes =
    6;  ///< item length 4, presentation context id 1, control header 1
inline constexpr std::uint32_t default_max_pdu_bytes =
    16 * 1024;  ///< assumed of a peer that names no maximum
/// DICOM application context name (PS3.7 A.2.1).
inline constexpr std::string_view application_context_name = "1.2.840.10008.3.1.1.1";

/// The titles as they stand in bytes 11 to 74 of A-ASSOCIATE-RQ: an AC returns them unchanged (PS3.8 table
/// 9-17).
struct AssociateTitles {
  std::array<char, 16> called{};
  std::array<char, 16> calling{};
  std::array<std::uint8_t, 32> reserved{};

  AssociateTitles() = default;
  /// Pads with spaces.
  AssociateTitles(const AeTitle& called_ae, const AeTitle& calling_ae);

  [[nodiscard]] AeTitle called_ae() const;
  [[nodiscard]] AeTitle calling_ae() const;
  bool operator==(const AssociateTitles&) const = default;
};

/// Presentation context item of an RQ (PS3.8 §9.3.2.2).
struct PresentationContextRq {
  PresentationContextId id{};
  Uid abstract_syntax;
  std::vector<Uid> transfer_syntaxes;
  bool operator==(const PresentationContextRq&) const = default;
};

/// Result/reason of a presentation context (PS3.8 table 9-18).
enum class ContextResult : std::uint8_t {
  acceptance = 0,
  user_rejection = 1,
  no_reason = 2,
  abstract_syntax_not_supported = 3,
  transfer_syntaxes_not_supported = 4,
};

/// Presentation context item of an AC (PS3.8 §9.3.3.2). The transfer syntax means nothing unless it was
/// accepted.
struct PresentationContextAc {
  PresentationContextId id{};
  ContextResult result = ContextResult::no_reason;
  Uid transfer_syntax;
  bool operator==(const PresentationContextAc&) const = default;
};

/// Asynchronous operations window (PS3.7 D.3.3.3); 0 is unlimited.
struct AsyncOperationsWindow {
  std::uint16_t max_invoked = 1;
  std::uint16_t max_performed = 1;
  bool operator==(const AsyncOperationsWindow&) const = default;
};

/// SCP/SCU role selection (PS3.7 D.3.3.4).
struct RoleSelection {
  Uid sop_class;
  bool scu = true;
  bool scp = false;
  bool operator==(const RoleSelection&) const = default;
};

/// SOP class extended negotiation (PS3.7 D.3.3.5); what the bytes mean is the service class's affair.
struct ExtendedNegotiation {
  Uid sop_class;
  std::vector<std::uint8_t> application_information;
  bool operator==(const ExtendedNegotiation&) const = default;
};

/// User identity (PS3.7 D.3.3.7.1). The fields are secrets.
struct UserIdentityRq {
  std::uint8_t type = 0;
  bool positive_response_requested = false;
  std::vector<std::uint8_t> primary_field;
  std::vector<std::uint8_t> secondary_field;
  bool operator==(const UserIdentityRq&) const = default;
};

/// User information item (PS3.8 §9.3.2.3 and PS3.7 annex D.3.3) of an RQ or an AC.
struct UserInformation {
  std::optional<std::uint32_t> max_length;                          ///< 51H; 0 is unlimited, absent unknown
  Uid implementation_class_uid;                                     ///< 52H
  std::string implementation_version_name;                          ///< 55H, up to 16 characters
  std::optional<AsyncOperationsWindow> async_operations_window;     ///< 53H
  std::vector<RoleSelection> roles;                                 ///< 54H
  std::vector<ExtendedNegotiation> extended;                        ///< 56H
  std::optional<UserIdentityRq> user_identity;                      ///< 58H, RQ only
  std::optional<std::vector<std::uint8_t>> user_identity_response;  ///< 59H, AC only
  bool operator==(const UserInformation&) const = default;
};

/// A-ASSOCIATE-RQ (PS3.8 §9.3.2).
struct AssociateRq {
  std::uint16_t protocol_version = 1;  ///< bit 0 is version 1; only that bit is tested
  AssociateTitles titles;
  Uid application_context;
  std::vector<PresentationContextRq> presentation_contexts;
  UserInformation user_information;
  bool operator==(const AssociateRq&) const = default;
};

/// A-ASSOCIATE-AC (PS3.8 §9.3.3).
struct AssociateAc {
  std::uint16_t protocol_version = 1;
  AssociateTitles titles;
  Uid application_context;
  std::vector<PresentationContextAc> presentation_contexts;
  UserInformation user_information;
  bool operator==(const AssociateAc&) const = default;
};

/// A-ASSOCIATE-RJ (PS3.8 §9.3.4): raw numbers, reserved values included.
struct AssociateRj {
  std::uint8_t result = 0;
  std::uint8_t source = 0;
  std::uint8_t reason = 0;
  bool operator==(const AssociateRj&) const = default;
};

/// A-ABORT (PS3.8 §9.3.8): raw numbers, reserved values included.
struct Abort {
  std::uint8_t source = 0;  ///< 0 service-user, 2 service-provider
  std::uint8_t reason = 0;  ///< 0 unspecified, 1 unrecognized PDU, 2 unexpected PDU, 4/5/6 parameter
  bool operator==(const Abort&) const = default;
};

/// Message control header of a PDV (PS3.8 annex E.2). Bits 2 to 7 are not tested.
struct MessageControlHeader {
  bool command = false;
  bool last = false;
  bool operator==(const MessageControlHeader&) const = default;
};

}  // namespace trialgate::dimse
