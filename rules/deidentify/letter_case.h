#pragma once

#include <string>
#include <string_view>

namespace trialgate::rules {

/// Capital and small forms of Latin, Greek and Cyrillic letters of one code point each (Unicode simple case
/// mapping); anything else stays. ASCII letters stay too: the search for them ignores case.
[[nodiscard]] std::u32string capital_letters(std::u32string_view text);
[[nodiscard]] std::u32string small_letters(std::u32string_view text);

}  // namespace trialgate::rules
