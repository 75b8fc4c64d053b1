#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// What a STOW-RS answer says of the instances it names, by SOP Instance UID: 0 for one that is stored as it
/// was sent, otherwise its Failure Reason (0008,1197) or Warning Reason (0008,1196), which are DIMSE
/// statuses.
using StowResults = std::map<std::string, std::uint16_t>;

/// Reads a Store Instances Response Module in DICOM JSON (PS3.3 §C.12.1.x, PS3.18 table I.1-1 and annex F).
/// Nothing when it is not one. An instance that stands in two sequences counts as failed.
[[nodiscard]] std::optional<StowResults> read_stow_response(std::string_view json);

/// What an HTTP status means where the answer names no instance.
enum class StowMeaning {
  answered,  ///< 200, 202, 409: the answer's body says what became of each
  refused,   ///< 400, 413, 415 and others: this request will be refused the next time too
  away,      ///< 3xx, 401, 403, 404, 429, 5xx: the service, not the instances; it may pass
};
[[nodiscard]] StowMeaning meaning_of(long http_status) noexcept;

}  // namespace trialgate::gateway
