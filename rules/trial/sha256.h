#pragma once

#include <string>
#include <string_view>

namespace trialgate::rules {

/// SHA-256 of `bytes`, 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace trialgate::rules
