#pragma once

#include <span>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// A salted hash of a passcode by scrypt (RFC 7914), with a salt of its own: "scrypt:N:r:p:salt:hash", the
/// last two in base64. Takes some 50 ms and 16 MiB.
[[nodiscard]] std::string hash_passcode(std::string_view passcode);
/// Whether `text` was made by hash_passcode().
[[nodiscard]] bool is_passcode_hash(std::string_view text);
/// Whether `hash` is that of the passcode. As slow as hash_passcode(), whatever the outcome.
[[nodiscard]] bool is_passcode(std::string_view passcode, std::string_view hash);

}  // namespace trialgate::gateway
