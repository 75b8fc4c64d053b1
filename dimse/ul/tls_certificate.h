#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace trialgate::dimse {

/// What a certificate says of whom it was made for.
struct TlsCertificate {
  std::string subject;  ///< distinguished name (RFC 2253), printable ISO 646, cut at 200 characters
  std::vector<std::string> names;  ///< the subject's common names, then the DNS names of subjectAltName
  std::string sha256;              ///< of its DER form: 64 lower-case hexadecimal digits
  std::chrono::system_clock::time_point expires;
};

}  // namespace trialgate::dimse
