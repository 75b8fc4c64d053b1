#pragma once

#include "gateway/catalogue/walk.h"
#include "rules/result.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// The identifier of a pending response (PS3.4 §C.4.1.1.3.2): every key that was asked for, empty where there
/// is no value, and Retrieve AE Title. In the request's Specific Character Set when that can carry all of it,
/// else in ISO_IR 192. Error: unsupported when a value does not fit its header.
[[nodiscard]] rules::Result<std::vector<std::uint8_t>> response_identifier(const Query& query,
                                                                           const Match& match,
                                                                           std::string_view retrieve_ae_title,
                                                                           std::string_view transfer_syntax);

}  // namespace trialgate::gateway
