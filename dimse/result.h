#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <type_traits>

namespace trialgate::dimse {

/// Failures of the DICOM network.
enum class Errc {
  unexpected_pdu = 1,
  pdu_too_long,
  malformed_pdu,
  malformed_command,
  artim_expired,
  deadline_expired,
  peer_aborted,
  peer_closed,
  association_rejected,
  no_presentation_context,
  local_limit,
  io_error,
  unrecognized_pdu,    ///< PDU type other than 01H to 07H
  unexpected_message,  ///< fragments or commands out of the order of PS3.7 and PS3.8 annex E
  out_of_resources,  ///< no space or no memory here; a sink that fails with it refuses the instance with A700
  peer_released,     ///< the peer released the association while something was wanted of it
  shutting_down,
  aborted,        ///< by our own user
  odd_length,     ///< a data set of odd length cannot be sent
  source_failed,  ///< an InstanceSource ended before its size
  tls_refused,    ///< one end did not trust the other, or they share no protocol
  tls_unusable,   ///< our own certificate, key, authorities or revocation lists
};

/// What went wrong, and where: a field, a file, a limit. Never patient data.
struct Failure {
  boost::system::error_code code;
  std::string where;

  /// One sentence for logs and people.
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] const boost::system::error_category& error_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(Errc code) noexcept;

/// Shorthand for a failed Result.
[[nodiscard]] Failure fail(Errc code, std::string where);

/// boost::system::result needs this to throw from value(); a thrown Failure is a bug of the caller.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& location);

}  // namespace trialgate::dimse

template <>
struct boost::system::is_error_code_enum<trialgate::dimse::Errc> : std::true_type {};
