#include "rules/deidentify/rules.h"

#include "rules/deidentify/descriptors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

// In the order of the enumeration.
constexpr std::array<std::string_view, 12> option_names = {
    "clean_pixel_data",
    "clean_recognizable_visual_features",
    "clean_graphics",
    "clean_structured_content",
    "clean_descriptors",
    "retain_longitudinal_full_dates",
    "retain_longitudinal_modified_dates",
    "retain_patient_characteristics",
    "retain_device_identity",
    "retain_uids",
    "retain_safe_private",
    "retain_institution_identity",
};
static_assert(option_names.size() == static_cast<std::size_t>(Option::retain_institution_identity) + 1);

struct OtherName {
  std::string_view name;
  Option option;
};
constexpr std::array other_option_names = {
    OtherName{"retain_longitudinal_temporal_information_full_dates", Option::retain_longitudinal_full_dates},
    OtherName{"retain_longitudinal_temporal_information_modified_dates",
              Option::retain_longitudinal_modified_dates},
    OtherName{"retain_full_dates", Option::retain_longitudinal_full_dates},
    OtherName{"retain_modified_dates", Option::retain_longitudinal_modified_dates},
};

constexpr std::array<std::string_view, 3> date_handling_names = {"removed", "unmodified", "per_subject"};
constexpr std::array<std::string_view, 4> device_dates_names = {"unresolved", "removed", "shifted", "kept"};
constexpr std::array<std::string_view, 8> override_action_names = {"keep", "remove", "empty", "replace",
                                                                   "hash", "shift",  "map",   "clean"};

template <class Enum, std::size_t count>
std::optional<Enum> named(const std::array<std::string_view, count>& names, std::string_view name) noexcept {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

// Ten centuries either way stay within the years that DA can write.
constexpr std::int32_t largest_shift_days = 36500;

void check_dates(const DeidentificationRules& rules, std::vector<std::string>& problems) {
  const bool full = rules.has(Option::retain_longitudinal_full_dates);
  const bool modified = rules.has(Option::retain_longitudinal_modified_dates);
  if (full && modified) {
    problems.emplace_back(
        "retain_longitudinal_full_dates and retain_longitudinal_modified_dates exclude each other (PS3.15 "
        "E.3.6): "
        "choose one of them");
    return;
  }
  if (full && rules.dates == DateHandling::shift_per_subject) {
    problems.emplace_back(
        "dates are to be shifted, but the option is retain_longitudinal_full_dates: choose "
        "retain_longitudinal_modified_dates, or leave the dates unmodified");
  }
  if (full && rules.dates == DateHandling::removed) {
    problems.emplace_back("retain_longitudinal_full_dates needs dates: unmodified");
  }
  if (modified && rules.dates != DateHandling::shift_per_subject) {
    problems.emplace_back("retain_longitudinal_modified_dates needs dates: shift: per_subject");
  }
  if (!full && !modified && rules.dates != DateHandling::removed) {
    problems.emplace_back(
        "dates that are kept or shifted need the option retain_longitudinal_full_dates or "
        "retain_longitudinal_modified_dates");
  }
  if (rules.dates == DateHandling::shift_per_subject &&
      (rules.max_shift_days < 1 || rules.max_shift_days > largest_shift_days)) {
    problems.emplace_back("the largest date shift must be within 1 and 36500 days");
  }
  if (modified && rules.has(Option::retain_device_identity) &&
      rules.device_dates == DeviceDates::unresolved) {
    problems.emplace_back(
        "retain_device_identity keeps and retain_longitudinal_modified_dates shifts the dates of "
        "calibration, "
        "manufacture and installation (11 attributes, e.g. DateOfLastCalibration): rule with device_dates: "
        "removed, "
        "shifted or kept which option decides; the other is then not claimed for instances that have one of "
        "them");
  }
}

void check_words(const DeidentificationRules& rules, std::vector<std::string>& problems) {
  const bool has_words = !rules.clean_terms.empty() || !rules.clean_patterns.empty();
  if (has_words && !rules.has(Option::clean_descriptors)) {
    problems.emplace_back(
        "terms and patterns of descriptions need the option clean_descriptors, which uses them");
  }
  for (std::string& problem : DescriptorWords::check(rules.clean_terms, rules.clean_patterns)) {
    problems.push_back(std::move(problem));
  }
}

void check_masks(const DeidentificationRules& rules, std::vector<std::string>& problems) {
  for (std::string& problem : validate_masks(rules.masks)) problems.push_back(std::move(problem));
  if (!rules.masks.empty() && !rules.has(Option::clean_pixel_data)) {
    problems.emplace_back("pixel masks need the option clean_pixel_data, which is what they carry out");
  }
}

bool is_ascii_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool takes_new_text(Vr vr) noexcept {
  switch (vr) {
    case Vr::as:
    case Vr::da:
    case Vr::ds:
    case Vr::dt:
    case Vr::is:
    case Vr::sq:
    case Vr::tm:
    case Vr::ui:
      return false;
    default:
      return is_text(vr);
  }
}

constexpr std::array<std::string_view, 6> mapped_values = {"subject_id", "reading_id",    "site_id",
                                                           "site_name",  "time_point_id", "protocol_id"};

/// What the action needs of the attribute and of its other members; empty when that is there.
std::string obstacle(const DeidentificationOverride& rule, Vr vr) {
  switch (rule.action) {
    case OverrideAction::replace:
      if (vr == Vr::sq || !is_text(vr)) return "only text can be replaced";
      if (rule.value.empty() || !is_ascii_value(rule.value)) {
        return "the replacement must be printable ASCII, not empty";
      }
      return {};
    case OverrideAction::hash:
      return takes_new_text(vr) ? std::string()
                                : "only text of VR AE, CS, LO, LT, PN, SH, ST, UC, UR or UT can be hashed";
    case OverrideAction::shift:
      return vr == Vr::da || vr == Vr::dt ? std::string() : "only dates (VR DA, DT) can be shifted";
    case OverrideAction::map:
      if (!takes_new_text(vr)) return "only text can be mapped";
      if (std::ranges::find(mapped_values, rule.value) == mapped_values.end()) {
        return "value says what to write: subject_id, reading_id, site_id, site_name, time_point_id or "
               "protocol_id";
      }
      return {};
    case OverrideAction::clean:
      return takes_new_text(vr) ? std::string() : "only text can be cleaned";
    case OverrideAction::keep:
    case OverrideAction::remove:
    case OverrideAction::empty:
      break;
  }
  return {};
}

void check_overrides(const DeidentificationRules& rules, std::vector<std::string>& problems) {
  for (const DeidentificationOverride& rule : rules.overrides) {
    const std::string subject = "override of " + rule.attribute + ": ";
    const std::vector<Tag> path = path_of(rule);
    if (path.empty()) {
      problems.push_back(subject + "no such attribute in PS3.6");
      continue;
    }
    if (is_weakening(rule, rules) && rule.deviation.empty()) {
      problems.push_back(subject + std::string(to_string(rule.action)) +
                         " is weaker than the profile with these options and needs a named deviation");
    }
    if (std::string why = obstacle(rule, lookup(path.back())->vr); !why.empty())
      problems.push_back(subject + why);
    for (std::string& problem : DescriptorWords::check(rule.terms, rule.patterns)) {
      problems.push_back(subject + std::move(problem));
    }
  }
}

}  // namespace

std::string_view to_string(DeidentificationOption option) noexcept {
  return option_names[static_cast<std::size_t>(option)];
}

std::optional<DeidentificationOption> deidentification_option_named(std::string_view name) noexcept {
  for (const OtherName& other : other_option_names) {
    if (other.name == name) return other.option;
  }
  return named<Option>(option_names, name);
}

std::vector<std::string_view> deidentification_option_names() {
  return {option_names.begin(), option_names.end()};
}

std::string_view to_string(DateHandling dates) noexcept {
  return date_handling_names[static_cast<std::size_t>(dates)];
}

std::optional<DateHandling> date_handling_named(std::string_view name) noexcept {
  return named<DateHandling>(date_handling_names, name);
}

std::string_view to_string(DeviceDates ruling) noexcept {
  return device_dates_names[static_cast<std::size_t>(ruling)];
}

std::optional<DeviceDates> device_dates_named(std::string_view name) noexcept {
  return named<DeviceDates>(device_dates_names, name);
}

std::string_view to_string(OverrideAction action) noexcept {
  return override_action_names[static_cast<std::size_t>(action)];
}

std::optional<OverrideAction> override_action_named(std::string_view name) noexcept {
  return named<OverrideAction>(override_action_names, name);
}

std::vector<Tag> path_of(const DeidentificationOverride& rule) {
  std::vector<Tag> path;
  std::string_view rest = rule.attribute;
  while (true) {
    const std::size_t point = rest.find('.');
    const std::string_view step = rest.substr(0, point);
    const auto tag = parse_tag(step);
    const DictionaryEntry* known = tag ? lookup(*tag) : lookup(step);
    if (known == nullptr) return {};
    path.push_back(tag.value_or(known->tag));
    if (point == std::string_view::npos) return path;
    rest.remove_prefix(point + 1);
  }
}

bool is_weakening(const DeidentificationOverride& rule, const DeidentificationRules& rules) noexcept {
  switch (rule.action) {
    case OverrideAction::keep:
    case OverrideAction::hash:
      return true;
    case OverrideAction::shift:
      return !rules.has(Option::retain_longitudinal_modified_dates);
    case OverrideAction::clean:
      return !rules.has(Option::clean_descriptors);
    case OverrideAction::remove:
    case OverrideAction::empty:
    case OverrideAction::replace:
    case OverrideAction::map:
      break;
  }
  return false;
}

std::vector<std::string> validate(const DeidentificationRules& rules) {
  std::vector<std::string> problems;
  if (rules.profile != "basic") {
    problems.emplace_back("the only profile is basic (PS3.15 table E.1-1)");
  }
  check_dates(rules, problems);
  check_words(rules, problems);
  check_overrides(rules, problems);
  check_masks(rules, problems);
  return problems;
}

}  // namespace trialgate::rules
