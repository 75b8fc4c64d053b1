#include "gateway/commands/person_and_reason.h"

#include <ostream>

namespace trialgate::gateway {

bool has_person_and_reason(const std::string& name, const std::string& reason, std::ostream& err) {
  constexpr const char* blank = " \t\r\n";
  if (name.find_first_not_of(blank) != std::string::npos &&
      reason.find_first_not_of(blank) != std::string::npos)
    return true;
  err << "trialgate: say who you are and why; both go into the audit trail\n";
  return false;
}

}  // namespace trialgate::gateway
