#pragma once

#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"
#include "rules/deidentify/action_table.h"
#include "rules/deidentify/deeds.h"
#include "rules/deidentify/identity.h"
#include "rules/deidentify/private_claims.h"
#include "rules/deidentify/removed_values.h"
#include "rules/deidentify/report.h"
#include "rules/deidentify/safe_private.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::rules {

struct DeidentificationSubject;

/// Carries the resolved rules out on one data set, at every level: what goes, what stays, what is replaced.
/// Collects on the way the values that must not be found in the output and what was done. One use; one
/// thread.
class ProfilePass {
 public:
  /// All arguments must outlive the pass. `shift_days` is not used unless the rules shift dates.
  ProfilePass(const ActionTable& actions, const Identity& identity, const DeidentificationSubject& subject,
              std::int32_t shift_days) noexcept
      : actions_(actions), identity_(identity), subject_(subject), shift_days_(shift_days) {}

  void run(DataSet& data_set);

  /// Why the result must not leave; empty when it may, as far as this pass can tell.
  [[nodiscard]] const std::vector<HoldCause>& causes() const noexcept { return causes_; }
  /// For what was removed.
  [[nodiscard]] ResidualSearch& residual() noexcept { return removed_.search(); }
  [[nodiscard]] const ResidualSearch& residual() const noexcept { return removed_.search(); }
  /// UIDs of the source that are not in the output.
  [[nodiscard]] const std::set<std::string, std::less<>>& removed_uids() const noexcept {
    return removed_.uids();
  }
  /// An attribute was met about which Device Identity and Modified Dates contradict each other.
  [[nodiscard]] bool met_device_date() const noexcept { return met_device_date_; }
  /// For deeds that others do afterwards.
  void note(Tag tag, Deed deed, std::string_view rule) { deeds_.note(tag, deed, rule); }
  [[nodiscard]] const Deeds& deeds() const noexcept { return deeds_; }

 private:
  using Characters = RemovedValues::Characters;

  /// `content` decides about the value when the list is a content item of a report.
  void list(ElementList& elements, Characters inherited, const Decision* content = nullptr);
  /// True when the element is to be removed.
  bool element(ElementList& parent, Element& element, Characters characters, const Decision* content);
  bool private_element(const ElementList& parent, Element& element, Characters characters);
  [[nodiscard]] SafePrivateRuling rule_on_private(const ElementList& parent, Element& element) const;
  bool carry_out(ElementList& parent, Element& element, const Decision& decision, Characters characters);
  bool profile(ElementList& parent, Element& element, const Decision& decision, Characters characters);
  bool keep(Element& element, const Decision& decision, Characters characters);
  bool cap_age(Element& element, const Decision& decision);
  bool shift(Element& element, const Decision& decision, Characters characters);
  bool write_other(ElementList& parent, Element& element, const Decision& decision, Characters characters);
  bool clean(ElementList& parent, Element& element, const Decision& decision, Characters characters);
  void map_references(Element& element, const Decision& decision, Characters characters);
  void descend(Element& element, Characters characters);
  void content(Element& element, const Decision& decision, Characters characters);
  void check_kept_text(const Element& element, Characters characters);
  void hold(HoldReason reason, Tag tag, std::string message);

  const ActionTable& actions_;
  const Identity& identity_;
  const DeidentificationSubject& subject_;
  std::int32_t shift_days_;
  PrivateClaims claims_;
  std::string sop_class_uid_;
  std::optional<std::chrono::minutes> local_offset_;
  Deeds deeds_;
  RemovedValues removed_;
  std::vector<HoldCause> causes_;
  bool met_device_date_ = false;
  bool removed_content_ = false;
  bool has_position_reference_ = false;  // by-reference relationship (PS3.3 §C.17.3.2.5)
};

}  // namespace trialgate::rules
