#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/descriptors.h"

#include <cstdint>

namespace trialgate::rules {

/// What becomes of a private element that is vouched for (PS3.15 §E.3.10: C in Table E.3.10-1).
enum class SafePrivateRuling : std::uint8_t {
  remove,
  keep,
  map_uids,
  descend,  ///< items, each element of them by its own rule
};

/// For an element that Table E.3.10-1 lists; `listed` is its VR there, UN where the table does not say. The
/// element's VR must be that one, or not known, as where VRs are implicit. Numbers and codes stay; text stays
/// where `words` let all of it through; bytes without a structure go. Opens a sequence that came as bytes.
[[nodiscard]] SafePrivateRuling rule_on_safe_private(Element& element, Vr listed,
                                                     const DescriptorWords& words);

/// As `vr`, one of DS FD FL IS SL SS UL US, the value is a number.
[[nodiscard]] bool is_number(const Element& element, Vr vr);

}  // namespace trialgate::rules
