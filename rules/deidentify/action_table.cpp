#include "rules/deidentify/action_table.h"

#include <algorithm>
#include <array>
#include <vector>

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

constexpr std::array<std::string_view, 9> table_rules = {"E.1-1 D",   "E.1-1 Z",     "E.1-1 X",
                                                         "E.1-1 U",   "E.1-1 Z/D",   "E.1-1 X/Z",
                                                         "E.1-1 X/D", "E.1-1 X/Z/D", "E.1-1 X/Z/U*"};

Decision by_profile(ProfileAction action, Vr vr, std::string_view rule) {
  Decision decision;
  decision.action = Action::profile;
  decision.profile = action;
  decision.vr = vr;
  decision.rule = rule;
  return decision;
}

Decision kept(Vr vr, std::string_view rule = {}) {
  Decision decision;
  decision.vr = vr;
  decision.rule = rule;
  decision.option_decided = !rule.empty();
  return decision;
}

bool is_date_or_time(Vr vr) noexcept {
  return vr == Vr::da || vr == Vr::dt || vr == Vr::tm;
}

}  // namespace

ActionTable::ActionTable(const DeidentificationRules& rules)
    : rules_(rules), words_(rules.clean_terms, rules.clean_patterns) {
  for (const ConfidentialityRow& row : confidentiality_rows())
    decisions_.emplace(Tag(row.tag), from_row(row));
  for (const SupplementRow& row : supplement_rows()) {
    decisions_.emplace(Tag(row.tag), from_supplement(row));
  }
  add_overrides();
}

Decision ActionTable::for_date(ProfileAction profile, Vr vr) const {
  Decision decision = by_profile(profile, vr, table_rules[static_cast<std::size_t>(profile)]);
  if (rules_.dates == DateHandling::removed || !is_date_or_time(vr)) return decision;
  decision.option_decided = true;
  if (rules_.dates == DateHandling::unmodified) {
    decision.action = Action::keep_date;
    decision.rule = to_string(Option::retain_longitudinal_full_dates);
  } else {
    decision.action = Action::shift;
    decision.rule = to_string(Option::retain_longitudinal_modified_dates);
  }
  return decision;
}

Decision ActionTable::from_row(const ConfidentialityRow& row) const {
  const bool device = row.keeps(Option::retain_device_identity);
  const bool device_date = device && row.cleans(Option::retain_longitudinal_modified_dates);
  Decision decision = by_profile(row.basic, row.vr, table_rules[static_cast<std::size_t>(row.basic)]);
  decision.device_date = device_date;
  if (device_date && rules_.has(Option::retain_device_identity) &&
      rules_.dates == DateHandling::shift_per_subject) {
    if (rules_.device_dates == DeviceDates::shifted) {
      decision = for_date(row.basic, row.vr);
    } else if (rules_.device_dates == DeviceDates::kept) {
      decision = kept(row.vr, to_string(Option::retain_device_identity));
    }
    decision.device_date = true;
    return decision;
  }
  for (const Option option : rules_.options) {
    if (!row.keeps(option) || option == Option::retain_longitudinal_full_dates) continue;
    decision = kept(row.vr, to_string(option));
    decision.device_date = device_date;
    return decision;
  }
  // Full Dates keeps the time zone and two binary time stamps as well; shifting cannot be vouched for with
  // these.
  if (row.keeps(Option::retain_longitudinal_full_dates) && rules_.dates != DateHandling::removed) {
    if (is_date_or_time(row.vr)) decision = for_date(row.basic, row.vr);
    if (!is_date_or_time(row.vr) && rules_.dates == DateHandling::unmodified) {
      decision = kept(row.vr, to_string(Option::retain_longitudinal_full_dates));
    }
    decision.device_date = device_date;
  }
  if (decision.action != Action::profile) return decision;
  const auto cleans = [&](Option option) { return row.cleans(option) && rules_.has(option); };
  if (cleans(Option::clean_descriptors)) {
    decision.action = Action::clean;
    decision.words = &words_;
    decision.rule = to_string(Option::clean_descriptors);
  } else if (cleans(Option::clean_structured_content)) {
    decision.action = Action::clean_content;
    decision.rule = to_string(Option::clean_structured_content);
  } else if (cleans(Option::clean_graphics)) {
    // What somebody drew can be a name as well as what somebody wrote.
    decision.profile = ProfileAction::x;
    decision.rule = to_string(Option::clean_graphics);
  }
  return decision;
}

Decision ActionTable::from_supplement(const SupplementRow& row) const {
  const DictionaryEntry* attribute = lookup(Tag(row.tag));
  const Vr vr = attribute == nullptr ? Vr::un : attribute->vr;
  constexpr std::string_view rule = "not in E.1-1";
  switch (row.action) {
    case SupplementAction::keep:
      return kept(vr);
    case SupplementAction::dummy: {
      Decision decision = by_profile(ProfileAction::d, vr, rule);
      decision.action = Action::dummy;
      return decision;
    }
    case SupplementAction::remove_or_device:
      if (rules_.has(Option::retain_device_identity)) {
        return kept(vr, to_string(Option::retain_device_identity));
      }
      break;
    case SupplementAction::remove_or_institution:
      if (rules_.has(Option::retain_institution_identity)) {
        return kept(vr, to_string(Option::retain_institution_identity));
      }
      break;
    case SupplementAction::remove:
      break;
  }
  return by_profile(ProfileAction::x, vr, rule);
}

Decision ActionTable::from_override(const DeidentificationOverride& wanted, Vr vr) {
  constexpr std::string_view rule = "override";
  Decision decision = by_profile(ProfileAction::x, vr, rule);
  switch (wanted.action) {
    case OverrideAction::keep:
      return kept(vr, rule);
    case OverrideAction::remove:
      break;
    case OverrideAction::empty:
      decision.profile = ProfileAction::z;
      break;
    case OverrideAction::replace:
      decision.action = Action::replace;
      decision.value = &wanted.value;
      break;
    case OverrideAction::hash:
      decision.action = Action::hash;
      break;
    case OverrideAction::shift:
      decision.action = Action::shift;
      break;
    case OverrideAction::map:
      decision.action = Action::map;
      decision.value = &wanted.value;
      break;
    case OverrideAction::clean:
      decision.action = Action::clean;
      decision.words = &words_of_overrides_.emplace_back(wanted.terms, wanted.patterns);
      break;
  }
  return decision;
}

void ActionTable::add_overrides() {
  for (const DeidentificationOverride& wanted : rules_.overrides) {
    std::vector<Tag> path = path_of(wanted);
    if (path.empty()) continue;
    const Tag tag = path.back();
    Decision decision = from_override(wanted, lookup(tag)->vr);
    const bool falls_back = decision.action == Action::shift || decision.action == Action::clean;
    if (const auto earlier = decisions_.find(tag); falls_back && earlier != decisions_.end()) {
      decision.profile = earlier->second.profile;
    }
    if (path.size() == 1) {
      decisions_[tag] = decision;
    } else {
      by_path_.emplace_back(std::move(path), decision);
    }
  }
}

Decision ActionTable::by_vr(const DictionaryEntry& attribute) const {
  switch (attribute.vr) {
    case Vr::pn:
      return by_profile(ProfileAction::x, attribute.vr, "VR PN");
    case Vr::ur:
      return by_profile(ProfileAction::x, attribute.vr, "VR UR");
    case Vr::un:
      return by_profile(ProfileAction::x, attribute.vr, "VR UN");
    case Vr::da:
    case Vr::dt:
    case Vr::tm: {
      Decision decision = for_date(ProfileAction::x, attribute.vr);
      if (decision.action == Action::profile) decision.rule = "VR DA, DT, TM";
      return decision;
    }
    case Vr::ui:
      if (is_structural_uid(attribute.tag)) return kept(attribute.vr);
      if (rules_.has(Option::retain_uids)) return kept(attribute.vr, to_string(Option::retain_uids));
      return by_profile(ProfileAction::u, attribute.vr, "VR UI");
    case Vr::lt:
    case Vr::st:
    case Vr::uc:
    case Vr::ut: {
      Decision decision = by_profile(ProfileAction::d, attribute.vr, "VR LT, ST, UC, UT");
      decision.action = Action::dummy;
      return decision;
    }
    default:
      return kept(attribute.vr);
  }
}

Decision ActionTable::decide(Tag tag, std::span<const Tag> path) const {
  for (const auto& [wanted, decision] : by_path_) {
    if (wanted.back() == tag && std::ranges::equal(std::span(wanted).first(wanted.size() - 1), path)) {
      return decision;
    }
  }
  if (const auto found = decisions_.find(tag); found != decisions_.end()) return found->second;
  const unsigned group = tag.group();
  if (group < 0x0008 || tag.is_group_length())
    return by_profile(ProfileAction::x, Vr::un, "not of a data set");
  // An overlay or a curve without its data is no valid plane: the whole group goes.
  if (group >= 0x5000 && group <= 0x50FF) return by_profile(ProfileAction::x, Vr::ow, "E.1-1 curves");
  if (group >= 0x6000 && group <= 0x60FF) return by_profile(ProfileAction::x, Vr::ow, "E.1-1 overlays");
  // Variable Pixel Data (7Fxx), retired: pixels that nobody looks at.
  if (group >= 0x7F00 && group < 0x7FE0) return by_profile(ProfileAction::x, Vr::ow, "retired pixel data");
  const DictionaryEntry* attribute = lookup(tag);
  if (attribute == nullptr) return by_profile(ProfileAction::x, Vr::un, "unknown attribute");
  return by_vr(*attribute);
}

std::string ActionTable::canonical_text() const {
  std::vector<Tag> sorted;
  sorted.reserve(decisions_.size());
  for (const auto& [tag, decision] : decisions_) sorted.push_back(tag);
  std::ranges::sort(sorted);
  std::string text(tables_edition);
  text += ' ' + tables_sha256() + ' ' + std::string(to_string(rules_.dates)) + ' ' +
          std::to_string(rules_.max_shift_days) + ' ' + std::string(to_string(rules_.device_dates));
  for (const Option option : rules_.options) text += ' ' + std::string(to_string(option));
  const auto add_words = [&text](const std::vector<std::string>& words) {
    for (const std::string& word : words) text += '\n' + word;
  };
  add_words(rules_.clean_terms);
  add_words(rules_.clean_patterns);
  for (const DeidentificationOverride& wanted : rules_.overrides) {
    text += '\n' + wanted.attribute;
    add_words(wanted.terms);
    add_words(wanted.patterns);
  }
  const auto add = [&text](const Decision& decision) {
    text += ' ' + std::to_string(static_cast<int>(decision.action)) + ' ' +
            std::to_string(static_cast<int>(decision.profile)) + ' ' + std::string(decision.rule);
    if (decision.value != nullptr) text += ' ' + *decision.value;
  };
  for (const Tag tag : sorted) {
    text += '\n' + to_string(tag);
    add(decisions_.at(tag));
  }
  for (const auto& [path, decision] : by_path_) {
    text += '\n';
    for (const Tag tag : path) text += to_string(tag);
    add(decision);
  }
  return text;
}

Outcome resolve(ProfileAction action, AttributeType type) noexcept {
  const bool one_or_unknown = type == AttributeType::one || type == AttributeType::unknown;
  switch (action) {
    case ProfileAction::x:
      return Outcome::remove;
    case ProfileAction::z:
      return Outcome::empty;
    case ProfileAction::d:
      return Outcome::dummy;
    case ProfileAction::u:
      return Outcome::map_uid;
    case ProfileAction::z_d:
      return one_or_unknown ? Outcome::dummy : Outcome::empty;
    case ProfileAction::x_z:
      if (type == AttributeType::three) return Outcome::remove;
      return type == AttributeType::one ? Outcome::dummy : Outcome::empty;
    case ProfileAction::x_d:
      return type == AttributeType::three ? Outcome::remove : Outcome::dummy;
    case ProfileAction::x_z_d:
      if (type == AttributeType::three) return Outcome::remove;
      return type == AttributeType::two ? Outcome::empty : Outcome::dummy;
    case ProfileAction::x_z_u:
      if (type == AttributeType::three) return Outcome::remove;
      return type == AttributeType::two ? Outcome::empty : Outcome::map_references;
  }
  return Outcome::remove;
}

}  // namespace trialgate::rules
