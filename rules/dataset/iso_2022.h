#pragma once

#include "rules/dataset/charset.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What ends a designation, beside control characters: then the initial sets apply again (PS3.5 §6.1.2.5.3).
struct Delimiters {
  bool backslash = false;   ///< VRs with several values
  bool components = false;  ///< PN: ^ and =
};

/// Text with the initial set `declared.front()` and escape sequences that designate the declared ones.
[[nodiscard]] std::optional<std::string> decode_iso_2022(std::span<const std::uint8_t> bytes,
                                                         std::span<const CodeSet> declared,
                                                         Delimiters delimiters);
/// The reverse. Escape sequences only when `extensions`.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> encode_iso_2022(std::string_view utf8,
                                                                       std::span<const CodeSet> declared,
                                                                       bool extensions,
                                                                       Delimiters delimiters);

}  // namespace trialgate::rules
