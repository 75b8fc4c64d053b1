#pragma once

#include <cstdint>

namespace trialgate::gateway {

/// Lets this process have as many files open as the system allows it; a shell gives 1 024, which some hundred
/// associations use up. Returns how many that are. Worker processes have a limit of their own.
std::uint64_t raise_open_file_limit() noexcept;

}  // namespace trialgate::gateway
