#pragma once

#include <iosfwd>

namespace trialgate::gateway {

/// `trialgate hash-passcode`: reads a passcode, the first line of `in`, and prints its salted hash for
/// `user_identity` in the node file. On a terminal it is asked for on `err` and not shown. Returns exit_ok,
/// or exit_could_not when there is none.
[[nodiscard]] int hash_passcode_command(std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace trialgate::gateway
