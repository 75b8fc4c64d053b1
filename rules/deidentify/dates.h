#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Every value of a DA element moved by whole days, 8 digits each. Nothing when one of them is no date, or
/// would leave the years 0001..9999. Empty values stay empty.
[[nodiscard]] std::optional<std::string> shift_date_values(std::string_view text, std::int32_t days);

/// The same for DT, with the precision that was given. Values without a day cannot be shifted. A value with a
/// UTC offset is first brought to local time of `local_offset`, where that is known, and loses its offset:
/// the offset tells place and season (PS3.15 §E.3.6). Where it is not known the value keeps the offset.
[[nodiscard]] std::optional<std::string> shift_date_time_values(
    std::string_view text, std::int32_t days, std::optional<std::chrono::minutes> local_offset);

/// Timezone Offset From UTC (0008,0201): "+0800". Nothing when it is malformed.
[[nodiscard]] std::optional<std::chrono::minutes> parse_utc_offset(std::string_view text) noexcept;

}  // namespace trialgate::rules
