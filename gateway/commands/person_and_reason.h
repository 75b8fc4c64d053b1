#pragma once

#include <iosfwd>
#include <string>

namespace trialgate::gateway {

/// Whether a person said who they are and why (G30); says so on `err` if not.
[[nodiscard]] bool has_person_and_reason(const std::string& name, const std::string& reason,
                                         std::ostream& err);

}  // namespace trialgate::gateway
