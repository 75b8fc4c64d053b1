#pragma once

#include "rules/deidentify/supplement.h"
#include "rules/deidentify/tables.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace trialgate::rules {

/// What is to be done with an attribute, before its Type in the IOD is known.
enum class Action : std::uint8_t {
  keep,       ///< the items of a sequence are still gone through
  profile,    ///< the action of Decision::profile, by Type
  dummy,      ///< replaced where it has a value
  shift,      ///< DA, DT, TM by the subject's days; Decision::profile where that is not possible
  keep_date,  ///< DA, DT, TM that are ones; Decision::profile else
  replace,    ///< by Decision::value
};

struct Decision {
  Action action = Action::keep;
  ProfileAction profile = ProfileAction::x;
  Vr vr = Vr::un;               ///< of the attribute, whatever VR its element has
  bool option_decided = false;  ///< `rule` let through what the profile would not
  bool device_date = false;     ///< one of the eleven attributes of DeviceDates
  std::string_view rule;        ///< for the report; empty for Action::keep that nothing asked for
  const std::string* value = nullptr;
};

/// The resolved rules: one decision for every public attribute. Immutable; any thread.
class ActionTable {
 public:
  explicit ActionTable(const DeidentificationRules& rules);
  ActionTable(const ActionTable&) = delete;  // decisions point into its own rules
  ActionTable& operator=(const ActionTable&) = delete;

  /// `tag` is public.
  [[nodiscard]] Decision decide(Tag tag) const;
  [[nodiscard]] const DeidentificationRules& rules() const noexcept { return rules_; }
  /// Every decision that a table or an override makes, and the choices behind the others, in a fixed order.
  [[nodiscard]] std::string canonical_text() const;

 private:
  [[nodiscard]] Decision from_row(const ConfidentialityRow& row) const;
  [[nodiscard]] Decision for_date(ProfileAction profile, Vr vr) const;
  [[nodiscard]] Decision by_vr(const DictionaryEntry& attribute) const;
  [[nodiscard]] Decision from_supplement(const SupplementRow& row) const;
  void add_overrides();

  DeidentificationRules rules_;
  std::unordered_map<Tag, Decision> decisions_;
};

/// What ProfileAction comes to where the attribute has this Type: unknown counts as whatever keeps the IOD
/// valid.
enum class Outcome : std::uint8_t { remove, empty, dummy, map_uid, map_references };
[[nodiscard]] Outcome resolve(ProfileAction action, AttributeType type) noexcept;

}  // namespace trialgate::rules
