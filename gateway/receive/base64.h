#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// RFC 4648 §4, with padding.
[[nodiscard]] std::string to_base64(std::span<const std::uint8_t> bytes);
/// RFC 4648 §4 or, with `url`, §5; padding may be left out. Nothing for any other text.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, bool url = false);

}  // namespace trialgate::gateway
