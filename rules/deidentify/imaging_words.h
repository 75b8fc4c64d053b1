#pragma once

#include <string_view>

namespace trialgate::rules {

/// A word of examinations, protocols, contrast agents and their reasons that is nobody's name. In lower case.
[[nodiscard]] bool is_imaging_word(std::string_view folded) noexcept;

}  // namespace trialgate::rules
