#include "gateway/version.h"

namespace trialgate::gateway {

std::string_view program_version() {
  return TRIALGATE_VERSION;
}

}  // namespace trialgate::gateway
