#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/identity.h"

#include <string_view>

namespace trialgate::rules {

/// What stands for text that had to go and must not be empty.
inline constexpr std::string_view dummy_text = "REMOVED";
inline constexpr std::string_view dummy_date = "19000101";

/// Replaces a value by one that is valid for its VR and the same for everyone (action D); a UID by its keyed
/// replacement. A sequence becomes one item: a code that means nothing, or a reference to the replacement of
/// the instance that was referenced, or empty. `parent` is the list that holds the element.
void replace_with_dummy(const ElementList& parent, Element& element, const Identity& identity);

/// Every value of a UI element by its keyed replacement.
void map_uids(Element& element, const Identity& identity);

}  // namespace trialgate::rules
