#pragma once

#include <string_view>

namespace trialgate::dimse {

/// What this node says of itself (PS3.7 D.3.3.2). The UID is made of a UUID (PS3.5 annex B.2), so nobody has
/// to register it; it stays the same in all versions.
inline constexpr std::string_view implementation_class_uid = "2.25.137731752629847153202371164392848274501";
inline constexpr std::string_view implementation_version_name = "TRIALGATE_0_1";

}  // namespace trialgate::dimse
