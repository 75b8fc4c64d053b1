#include "dimse/result.h"

#include <stdexcept>

namespace trialgate::dimse {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "dimse"; }
  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::unexpected_pdu:
        return "unexpected PDU";
      case Errc::pdu_too_long:
        return "PDU longer than allowed";
      case Errc::malformed_pdu:
        return "malformed PDU";
      case Errc::malformed_command:
        return "malformed command set";
      case Errc::artim_expired:
        return "ARTIM timer expired";
      case Errc::deadline_expired:
        return "deadline expired";
      case Errc::peer_aborted:
        return "association aborted by the peer";
      case Errc::peer_closed:
        return "connection closed by the peer";
      case Errc::association_rejected:
        return "association rejected by the peer";
      case Errc::no_presentation_context:
        return "no presentation context accepted for this SOP class and transfer syntax";
      case Errc::local_limit:
        return "local limit reached";
      case Errc::io_error:
        return "network input/output failed";
      case Errc::unrecognized_pdu:
        return "unrecognized PDU type";
      case Errc::unexpected_message:
        return "message or fragment out of order";
      case Errc::out_of_resources:
        return "out of resources";
      case Errc::peer_released:
        return "association released by the peer";
      case Errc::shutting_down:
        return "node is shutting down";
      case Errc::aborted:
        return "association aborted";
      case Errc::odd_length:
        return "data set of odd length";
      case Errc::source_failed:
        return "data set could not be read to its end";
      case Errc::tls_refused:
        return "TLS handshake failed";
      case Errc::tls_unusable:
        return "TLS cannot be set up";
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

std::string Failure::message() const {
  return where.empty() ? code.message() : code.message() + ": " + where;
}

Failure fail(Errc code, std::string where) {
  return {make_error_code(code), std::move(where)};
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw std::logic_error(failure.message());
}

}  // namespace trialgate::dimse
