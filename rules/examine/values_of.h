#pragma once

#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"
#include "rules/examine/instance_record.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trialgate::rules {

/// The character set of each level of a data set, from Specific Character Set (0008,0005) of the innermost
/// level that has it.
class CharacterSets {
 public:
  explicit CharacterSets(const ElementList& root);

  /// Nothing when it is unknown. `lists` from the data set's down to the element's.
  [[nodiscard]] std::optional<CharacterSet> of(std::span<const ElementList* const> lists) const;
  /// That of the data set.
  [[nodiscard]] const std::optional<CharacterSet>& root() const noexcept { return root_; }

 private:
  std::optional<CharacterSet> root_;
};

/// What a record keeps of an element. Nothing in `characters` = unknown: then only ASCII is determinable.
[[nodiscard]] RecordedAttribute record_values(std::string path, const Element& element,
                                              const std::optional<CharacterSet>& characters);

}  // namespace trialgate::rules
