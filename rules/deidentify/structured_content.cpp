// ActionTable::decide_content(): what Clean Structured Content (PS3.15 §E.3.4) makes of a content item.
#include "rules/dataset/values.h"
#include "rules/deidentify/action_table.h"

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

constexpr Tag value_type_tag{0x0040, 0xA040};
constexpr Tag concept_name_sequence{0x0040, 0xA043};
constexpr Tag code_value{0x0008, 0x0100};
constexpr Tag coding_scheme{0x0008, 0x0102};

std::string_view text_of(const ElementList& list, Tag tag) {
  const Element* element = list.find(tag);
  return element == nullptr ? std::string_view() : trim(element->text());
}

Vr vr_of_value(std::string_view value_type) noexcept {
  if (value_type == "DATE") return Vr::da;
  if (value_type == "DATETIME") return Vr::dt;
  if (value_type == "TIME") return Vr::tm;
  if (value_type == "PNAME") return Vr::pn;
  if (value_type == "TEXT") return Vr::ut;
  if (value_type == "UIDREF") return Vr::ui;
  return Vr::sq;
}

bool is_date(std::string_view value_type) noexcept {
  return value_type == "DATE" || value_type == "DATETIME" || value_type == "TIME";
}

bool is_reference(std::string_view value_type) noexcept {
  return value_type == "UIDREF" || value_type == "IMAGE" || value_type == "COMPOSITE" ||
         value_type == "WAVEFORM";
}

Decision dummy_of(std::string_view value_type, std::string_view rule) {
  Decision decision;
  decision.vr = vr_of_value(value_type);
  decision.rule = rule;
  decision.profile = ProfileAction::d;
  decision.action = is_reference(value_type) ? Action::map_uid : Action::dummy;
  return decision;
}

}  // namespace

std::optional<Decision> ActionTable::decide_content(const ElementList& item) const {
  const std::string_view value_type = text_of(item, value_type_tag);
  const Element* name = item.find(concept_name_sequence);
  if (name != nullptr && !name->items().empty()) {
    const ElementList& code = name->items().front().elements;
    const ContentConceptRow* row =
        find_content_concept(text_of(code, coding_scheme), text_of(code, code_value), value_type);
    if (row != nullptr) return of_concept(*row, value_type);
  }
  if (value_type == "TEXT" || value_type == "PNAME" || value_type == "UIDREF" || is_date(value_type)) {
    return of_any_concept(value_type);
  }
  return std::nullopt;
}

Decision ActionTable::of_concept(const ContentConceptRow& row, std::string_view value_type) const {
  constexpr std::string_view rule = "E.3.4-1";
  for (const Option option : rules_.options) {
    if (!row.keeps(option) || option == Option::retain_longitudinal_full_dates) continue;
    Decision decision;
    decision.vr = vr_of_value(value_type);
    decision.rule = to_string(option);
    return decision;
  }
  if (row.keeps(Option::retain_longitudinal_full_dates) && is_date(value_type) &&
      rules_.dates != DateHandling::removed) {
    return for_date(ProfileAction::d, vr_of_value(value_type));
  }
  if (row.cleans(Option::clean_descriptors) && rules_.has(Option::clean_descriptors) &&
      value_type == "TEXT") {
    Decision decision = dummy_of(value_type, to_string(Option::clean_descriptors));
    decision.action = Action::clean;
    decision.words = &words_;
    return decision;
  }
  // X/D: whether a template requires the item is not known here, and an item with a dummy harms none.
  if (row.basic != ProfileAction::x) return dummy_of(value_type, rule);
  Decision decision;
  decision.action = Action::profile;
  decision.profile = ProfileAction::x;
  decision.rule = rule;
  return decision;
}

/// A value that can be anything stands under a concept that the table does not have.
Decision ActionTable::of_any_concept(std::string_view value_type) const {
  constexpr std::string_view rule = "content item that E.3.4-1 does not list";
  if (is_date(value_type)) {
    Decision decision = for_date(ProfileAction::d, vr_of_value(value_type));
    if (decision.action == Action::profile) decision = dummy_of(value_type, rule);
    return decision;
  }
  if (value_type == "UIDREF" && rules_.has(Option::retain_uids)) {
    Decision decision;
    decision.vr = Vr::ui;
    decision.rule = to_string(Option::retain_uids);
    return decision;
  }
  Decision decision = dummy_of(value_type, rule);
  if (value_type == "TEXT" && rules_.has(Option::clean_descriptors)) {
    decision.action = Action::clean;
    decision.words = &words_;
    decision.rule = to_string(Option::clean_descriptors);
  }
  return decision;
}

}  // namespace trialgate::rules
