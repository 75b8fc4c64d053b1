#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/descriptors.h"
#include "rules/deidentify/supplement.h"
#include "rules/deidentify/tables.h"

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trialgate::rules {

/// What is to be done with an attribute, before its Type in the IOD is known.
enum class Action : std::uint8_t {
  keep,       ///< the items of a sequence are still gone through
  profile,    ///< the action of Decision::profile, by Type
  dummy,      ///< replaced where it has a value
  shift,      ///< DA, DT, TM by the subject's days; Decision::profile where that is not possible
  keep_date,  ///< DA, DT, TM that are ones; Decision::profile else
  replace,    ///< by Decision::value
  hash,       ///< by a keyed hash
  map,        ///< by the member of DeidentificationSubject that Decision::value names
  clean,      ///< by what Decision::words let through; codes of the standard stay; Decision::profile where
              ///< nothing is left
  clean_content,  ///< content items by Table E.3.4-1
  map_uid,        ///< UIDs by their keyed replacement
};

struct Decision {
  Action action = Action::keep;
  ProfileAction profile = ProfileAction::x;
  Vr vr = Vr::un;               ///< of the attribute, whatever VR its element has
  bool option_decided = false;  ///< `rule` let through what the profile would not
  bool device_date = false;     ///< one of the eleven attributes of DeviceDates
  std::string_view rule;        ///< for the report; empty for Action::keep that nothing asked for
  const std::string* value = nullptr;
  const DescriptorWords* words = nullptr;
};

/// The resolved rules: one decision for every public attribute. Immutable; any thread.
class ActionTable {
 public:
  explicit ActionTable(const DeidentificationRules& rules);
  ActionTable(const ActionTable&) = delete;  // decisions point into its own rules
  ActionTable& operator=(const ActionTable&) = delete;

  /// `tag` is public, `path` the sequences down to its list.
  [[nodiscard]] Decision decide(Tag tag, std::span<const Tag> path = {}) const;
  /// What becomes of the value of a content item (PS3.3 §C.17.3); nothing when its attributes are treated
  /// like any others. Action::profile with ProfileAction::x: the whole item goes.
  [[nodiscard]] std::optional<Decision> decide_content(const ElementList& item) const;
  [[nodiscard]] const DeidentificationRules& rules() const noexcept { return rules_; }
  /// What Clean Descriptors lets through, whether it is chosen or not.
  [[nodiscard]] const DescriptorWords& words() const noexcept { return words_; }
  /// Every decision that a table or an override makes, and the choices behind the others, in a fixed order.
  [[nodiscard]] std::string canonical_text() const;

 private:
  [[nodiscard]] Decision from_row(const ConfidentialityRow& row) const;
  [[nodiscard]] Decision for_date(ProfileAction profile, Vr vr) const;
  [[nodiscard]] Decision by_vr(const DictionaryEntry& attribute) const;
  [[nodiscard]] Decision from_supplement(const SupplementRow& row) const;
  [[nodiscard]] Decision from_override(const DeidentificationOverride& wanted, Vr vr);
  [[nodiscard]] Decision of_concept(const ContentConceptRow& row, std::string_view value_type) const;
  [[nodiscard]] Decision of_any_concept(std::string_view value_type) const;
  void add_overrides();

  DeidentificationRules rules_;
  DescriptorWords words_;
  std::deque<DescriptorWords> words_of_overrides_;  // decisions point into it
  std::unordered_map<Tag, Decision> decisions_;
  std::vector<std::pair<std::vector<Tag>, Decision>> by_path_;
};

/// What ProfileAction comes to where the attribute has this Type: unknown counts as whatever keeps the IOD
/// valid.
enum class Outcome : std::uint8_t { remove, empty, dummy, map_uid, map_references };
[[nodiscard]] Outcome resolve(ProfileAction action, AttributeType type) noexcept;

}  // namespace trialgate::rules
