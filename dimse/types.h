#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace trialgate::dimse {

/// A DICOM unique identifier (PS3.5 §9.1), without padding. Whether a peer's UID keeps the grammar is asked,
/// not enforced.
class Uid {
 public:
  Uid() = default;
  /// Takes the value as it is; trailing NUL and space padding is cut off.
  explicit Uid(std::string value);

  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
  /// 1 to 64 characters, digits and dots only. Leading zeros of a component are let pass: they are in the
  /// field.
  [[nodiscard]] bool is_well_formed() const noexcept;

  auto operator<=>(const Uid&) const = default;

 private:
  std::string value_;
};

/// An application entity title (PS3.8 §9.3.2): 1 to 16 characters, compared case-sensitively.
class AeTitle {
 public:
  AeTitle() = default;
  /// Leading and trailing spaces are not significant and are cut off, as is NUL padding that some peers send.
  explicit AeTitle(std::string_view padded);

  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  /// 1 to 16 characters of ISO 646 without control characters and backslash.
  [[nodiscard]] bool is_valid() const noexcept;

  auto operator<=>(const AeTitle&) const = default;

 private:
  std::string value_;
};

/// Presentation-context-ID (PS3.8 §9.3.2.2): an odd number 1 to 255, unique in an association.
enum class PresentationContextId : std::uint8_t {};

/// Both titles, the peer and its implementation: what is known of an association after it was accepted.
struct AssociationInfo {
  std::uint64_t id = 0;  ///< unique in this process for one Acceptor; in every log event of the association
  AeTitle calling;
  AeTitle called;
  std::string peer_address;  ///< numeric; an IPv4 peer of an IPv6 socket is written as IPv4
  std::uint16_t peer_port = 0;
  std::string peer_id;                      ///< what the access policy named this peer, e.g. a site
  Uid implementation_class_uid;             ///< of the peer
  std::string implementation_version_name;  ///< of the peer, may be empty
};

}  // namespace trialgate::dimse

template <>
struct std::hash<trialgate::dimse::Uid> {
  std::size_t operator()(const trialgate::dimse::Uid& uid) const noexcept {
    return std::hash<std::string>{}(uid.value());
  }
};
