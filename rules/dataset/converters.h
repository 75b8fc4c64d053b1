#pragma once

#include "rules/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Opens the C library's converter from and to UTF-8 for every code set of DICOM. Any thread.
/// Errors: invalid_configuration when one is missing.
Result<void> open_converters();

/// `bytes` of the code set as UTF-8; nothing when they are not valid in it. Any thread.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view code_set,
                                                 std::span<const std::uint8_t> bytes);
/// UTF-8 in the code set; nothing when a character is not in it. Any thread.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_utf8(std::string_view code_set,
                                                                 std::string_view text);

}  // namespace trialgate::rules
