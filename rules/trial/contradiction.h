#pragma once

#include "rules/trial/test.h"

#include <span>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Why nothing can ever satisfy the predicate, in words; empty when something may. Looks at each property by
/// itself: values that exclude each other, empty ranges, alternatives that all fail, demands that are ruled
/// out again.
[[nodiscard]] std::string contradiction(const Predicate& predicate);

/// Both at once.
[[nodiscard]] Predicate conjunction(const Predicate& a, const Predicate& b);

/// Both hold for the same, as far as that can be told from their words; order does not count.
[[nodiscard]] bool demands_the_same(const Predicate& a, const Predicate& b);

/// False when the predicate demands a Modality (0008,0060) that is none of `modalities`; an empty list holds
/// all.
[[nodiscard]] bool can_be_of(const Predicate& predicate, std::span<const std::string_view> modalities);

}  // namespace trialgate::rules
