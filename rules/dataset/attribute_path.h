#pragma once

#include "rules/dataset/data_set.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// Names an attribute the way rule files do:
///   SliceThickness                                           PS3.6 keyword
///   (0018,0050)                                              tag
///   RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife
///   ContrastBolusAgentSequence[*].CodeValue                  every item
///   GEMS_PARM_01:(0043,xx39)                                 private: creator, group, element byte in its
///   block
/// A sequence without index means its first item.
class AttributePath {
 public:
  static constexpr std::size_t every_item = ~std::size_t{0};
  static constexpr std::size_t max_steps = 16;

  struct Step {
    Tag tag;               ///< of a private attribute: its element number is the low byte alone
    std::string creator;   ///< of a private attribute, else empty
    std::size_t item = 0;  ///< of the sequence that this step names; not used in the last step
  };

  /// Errors: invalid_configuration, `where` says what is wrong (unknown keyword, not a sequence, bad index).
  [[nodiscard]] static Result<AttributePath> parse(std::string_view text);

  [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }
  /// What it names in the end; null for a private or unknown attribute.
  [[nodiscard]] const DictionaryEntry* attribute() const noexcept;

  /// The path written out in full: keywords where known, "[0]" where no index was given.
  [[nodiscard]] std::string text() const;

  /// Calls `found` for every element that the path names, with the path as it applied (an index for every
  /// item), the element, and the lists from the data set's down to the one that holds the element.
  using Found = std::function<void(const std::string& path, const Element& element,
                                   const std::vector<const ElementList*>& lists)>;
  /// Of `[*]` at most `max_items` items of each sequence.
  void visit(const ElementList& root, const Found& found, std::size_t max_items = every_item) const;

 private:
  std::vector<Step> steps_;
};

}  // namespace trialgate::rules
