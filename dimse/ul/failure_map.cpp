#include "dimse/ul/failure_map.h"

#include "dimse/status.h"

#include <boost/system/errc.hpp>

namespace trialgate::dimse {
namespace {

constexpr std::uint8_t by_user = 0;
constexpr std::uint8_t by_provider = 2;

}  // namespace

PeerAnswer peer_answer(const Failure& failure) noexcept {
  if (failure.code == boost::system::errc::no_space_on_device ||
      failure.code == boost::system::errc::not_enough_memory)
    return {{by_user, 0}, status::out_of_resources};
  if (failure.code.category() != error_category()) return {{by_user, 0}, status::processing_failure};
  switch (static_cast<Errc>(failure.code.value())) {
    case Errc::unrecognized_pdu:
      return {{by_provider, 1}, status::processing_failure};
    case Errc::unexpected_pdu:
    case Errc::unexpected_message:
      return {{by_provider, 2}, status::processing_failure};
    case Errc::pdu_too_long:
    case Errc::malformed_pdu:
      return {{by_provider, 6}, status::processing_failure};
    case Errc::out_of_resources:
    case Errc::local_limit:
      return {{by_user, 0}, status::out_of_resources};
    case Errc::no_presentation_context:
      return {{by_user, 0}, status::sop_class_not_supported};
    // A command set is the affair of the upper layer's user (PS3.7), hence its abort.
    case Errc::malformed_command:
    case Errc::artim_expired:
    case Errc::deadline_expired:
    case Errc::peer_aborted:
    case Errc::peer_closed:
    case Errc::association_rejected:
    case Errc::io_error:
    case Errc::peer_released:
    case Errc::shutting_down:
    case Errc::aborted:
    case Errc::odd_length:
    case Errc::tls_refused:
    case Errc::tls_unusable:
    case Errc::source_failed:
      return {{by_user, 0}, status::processing_failure};
  }
  return {{by_user, 0}, status::processing_failure};
}

}  // namespace trialgate::dimse
