#pragma once

#include <string_view>

namespace trialgate::gateway {

/// Version of the program, as CMake's project() states it.
[[nodiscard]] std::string_view program_version();

}  // namespace trialgate::gateway
