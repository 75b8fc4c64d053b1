#pragma once

#include "rules/dataset/data_set.h"
#include "rules/examine/instance_record.h"
#include "rules/examine/values_of.h"

#include <span>
#include <vector>

namespace trialgate::rules {

/// The frames of an instance with functional groups (PS3.3 §C.7.6.16): shared values first, then each frame's
/// own. Empty when there are none.
[[nodiscard]] std::vector<Frame> read_frames(const ElementList& root);

/// The attributes of `wanted` that stand in the functional groups, one for each tag: with its value when that
/// is the same in all frames, else with every different one, in order of frames. `wanted` is sorted.
[[nodiscard]] std::vector<RecordedAttribute> read_functional_groups(const ElementList& root,
                                                                    std::span<const Tag> wanted,
                                                                    const CharacterSets& characters);

}  // namespace trialgate::rules
