#pragma once

#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"
#include "rules/deidentify/residual.h"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace trialgate::rules {

/// Takes the identifying values out of what a walk removes or changes, so that the output can be searched for
/// them. What says no more than kept attributes say about the equipment is left out. One thread.
class RemovedValues {
 public:
  /// Character set of a list; null when it cannot be determined.
  using Characters = const std::optional<CharacterSet>*;

  /// Model and modality of the data set with these elements are technical.
  void know_equipment(const ElementList& data_set);
  /// A manufacturer that a list names is technical from now on.
  void know_manufacturer(std::string_view name);

  /// Adds the identifying values of an element, of a sequence those of all its items.
  void add(const Element& element, Characters characters);

  /// UIDs of instances and the like that were changed or removed.
  [[nodiscard]] const std::set<std::string, std::less<>>& uids() const noexcept { return uids_; }
  [[nodiscard]] ResidualSearch& search() noexcept { return search_; }
  [[nodiscard]] const ResidualSearch& search() const noexcept { return search_; }

 private:
  void add_items(const Element& sequence, Characters characters);
  void add_text(const Element& element, Characters characters);
  /// The content creator is the project whose address a kept attribute gives as the manufacturer: software
  /// that makes objects names itself as their author.
  [[nodiscard]] bool is_program(Tag tag, std::string_view value) const;
  [[nodiscard]] bool is_technical(Tag tag, std::string_view value) const;

  std::string technical_text_;  // in lower case, a line each
  std::set<std::string, std::less<>> uids_;
  ResidualSearch search_;
};

}  // namespace trialgate::rules
