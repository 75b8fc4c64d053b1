#pragma once

#include "rules/dataset/dictionary.h"

#include <span>

namespace trialgate::rules {

/// Attributes that are newer than the dictionary of DCMTK, sorted by tag.
[[nodiscard]] std::span<const DictionaryEntry> recent_attributes() noexcept;

}  // namespace trialgate::rules
