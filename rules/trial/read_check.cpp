#include "rules/trial/read_check.h"

#include "rules/trial/property.h"
#include "rules/trial/read_conditions.h"
#include "rules/trial/visit_pattern.h"
#include "rules/trial/vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr int max_predicate_depth = 8;
constexpr std::array<std::string_view, 3> tiers{"acceptable", "target", "ideal"};

bool looks_like_attribute(std::string_view name) {
  return (!name.empty() && name.front() >= 'A' && name.front() <= 'Z') ||
         name.find_first_of("(:[.") != std::string_view::npos;
}

/// The property that a key names; a mistake at the key when there is none.
std::optional<Property> property_of(const YamlMap::Entry& entry, std::string_view where,
                                    std::span<const std::string_view> other_keys, TrialReading& reading) {
  if (!looks_like_attribute(entry.name) && !quantity_named(entry.name)) {
    std::vector<std::string_view> vocabulary(other_keys.begin(), other_keys.end());
    const auto quantities = quantity_vocabulary();
    vocabulary.insert(vocabulary.end(), quantities.begin(), quantities.end());
    reading.errors.add(entry.key,
                       unknown_word("key", entry.name, vocabulary) + " (in " + std::string(where) + ")");
    return std::nullopt;
  }
  auto property = property_named(entry.name);
  if (property.has_error()) {
    reading.errors.add(entry.key, property.error().where);
    return std::nullopt;
  }
  if (!property->quantity) reading.attribute_paths.insert(property->attribute);
  return std::move(*property);
}

Predicate read_predicate_at(const YAML::Node& node, std::string_view where, TrialReading& reading,
                            int depth) {
  Predicate predicate;
  if (depth > max_predicate_depth) {
    reading.errors.add(node, "conditions are nested too deeply; expected at most 8 levels");
    return predicate;
  }
  const std::size_t mistakes = reading.errors.size();
  YamlMap map(node, where, reading.errors);
  if (const auto none = map.take("not")) {
    if (none->IsSequence()) {
      for (const YAML::Node& item : *none) {
        predicate.none.push_back(read_predicate_at(item, "not", reading, depth + 1));
      }
    } else {
      predicate.none.push_back(read_predicate_at(*none, "not", reading, depth + 1));
    }
  }
  if (const auto any = map.take("any")) {
    if (!any->IsSequence() || any->size() == 0) {
      reading.errors.add(*any, "any is no list; expected [{...}, {...}], of which one must hold");
    } else {
      for (const YAML::Node& item : *any) {
        predicate.any.push_back(read_predicate_at(item, "any", reading, depth + 1));
      }
    }
  }
  constexpr std::array<std::string_view, 2> other_keys{"not", "any"};
  for (const YamlMap::Entry& entry : map.take_rest()) {
    auto property = property_of(entry, where, other_keys, reading);
    if (!property) continue;
    auto conditions = read_conditions(entry.value, *property, TestPlace::predicate, reading.errors);
    predicate.all.push_back({std::move(*property), std::move(conditions)});
  }
  if (map.is_map() && predicate.empty() && reading.errors.size() == mistakes) {
    reading.errors.add(node, std::string(where) + " is empty; expected at least one attribute");
  }
  return predicate;
}

/// One word for the check, or a map of words for its tiers.
struct Severities {
  RuleSeverity of_check = RuleSeverity::query;
  std::array<std::optional<RuleSeverity>, tiers.size()> of_tier;
  std::optional<YAML::Node> tiers_at;

  /// Unless it is written: what is acceptable is a must, what is better is only recorded.
  [[nodiscard]] RuleSeverity of(std::size_t tier) const {
    if (of_tier[tier]) return *of_tier[tier];
    if (tier == 0) return of_check;
    return tier == 1 ? std::min(of_check, RuleSeverity::warn) : RuleSeverity::note;
  }
};

Severities read_severities(const YAML::Node& node, YamlErrors& errors) {
  Severities severities;
  if (!node.IsMap()) {
    severities.of_check = read_severity(node, "severity", errors).value_or(severities.of_check);
    return severities;
  }
  severities.tiers_at = node;
  YamlMap map(node, "severity", errors);
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const auto word = map.take(tiers[i]);
    if (!word) continue;
    severities.of_tier[i] = read_severity(*word, tiers[i], errors);
    if (i != 0 && severities.of_tier[i] && *severities.of_tier[i] > severities.of(i - 1)) {
      errors.add(*word, "to miss " + std::string(tiers[i]) + " is worse than to miss " +
                            std::string(tiers[i - 1]) + "; expected the same severity or a lower one");
    }
  }
  map.finish();
  return severities;
}

/// A tier that asks for no more than the one before it is never what is missed.
void check_tier_order(const YAML::Node& node, const std::vector<Requirement>& requirements,
                      YamlErrors& errors) {
  const Requirement& tier = requirements.back();
  if (requirements.size() < 2 || tier.conditions.empty()) return;
  const Requirement& before = requirements[requirements.size() - 2];
  const NumberRange wide = range_of(before.conditions);
  const NumberRange narrow = range_of(tier.conditions);
  const bool is_range = std::isfinite(narrow.lowest) || std::isfinite(narrow.highest);
  const bool is_wider = is_range && (narrow.lowest < wide.lowest || narrow.highest > wide.highest);
  if (is_wider || tier.conditions == before.conditions) {
    errors.add(node, tier.tier + " asks for no more than " + before.tier + "; expected a narrower range");
  }
}

std::vector<Requirement> read_requirements(const YAML::Node& node, const Property& property,
                                           const Severities& severities, YamlErrors& errors) {
  std::vector<Requirement> requirements;
  const bool has_tiers =
      node.IsMap() && std::ranges::any_of(node, [](const auto& pair) {
        return pair.first.IsScalar() && std::ranges::find(tiers, pair.first.Scalar()) != tiers.end();
      });
  if (!has_tiers) {
    if (severities.tiers_at)
      errors.add(*severities.tiers_at, "severity is of tiers, the test has none; expected one word");
    requirements.push_back(
        {"", severities.of_check, read_conditions(node, property, TestPlace::check, errors)});
    return requirements;
  }
  YamlMap map(node, property.name(), errors);
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const auto test = map.take(tiers[i]);
    if (test) {
      requirements.push_back({std::string(tiers[i]), severities.of(i),
                              read_conditions(*test, property, TestPlace::check, errors)});
      check_tier_order(*test, requirements, errors);
    } else if (severities.of_tier[i]) {
      errors.add(*severities.tiers_at,
                 "severity names " + std::string(tiers[i]) + ", the test does not; expected only its tiers");
    }
  }
  map.finish();
  return requirements;
}

void check_unit(const YAML::Node& node, const Property& property, YamlErrors& errors) {
  const auto unit = read_text(node, "unit", errors);
  if (!unit || *unit == property.unit) return;
  if (!is_unit(*unit)) {
    const std::string wanted = property.unit.empty() ? "one of DICOM's, such as mm" : property.unit;
    errors.add(node, "unknown unit '" + *unit + "'; expected " + wanted);
    return;
  }
  if (!property.unit.empty()) {
    errors.add(node,
               "unit '" + *unit + "' is not that of " + property.name() + "; expected " + property.unit);
  } else if (!property.numeric || property.quantity) {
    errors.add(node, property.name() + " has no unit; expected none");
  }
}

/// The visits at which a check applies; of a row that is named by its pattern, or of all, the first one.
std::vector<Visit> visits_of(const Check& check, const TimePoints& time_points) {
  std::vector<Visit> visits;
  for (const TimePoint& point : time_points.schedule) {
    if (check.at.empty() || std::ranges::find(check.at, point.id) != check.at.end())
      visits.push_back({point.id, point.reference, point.earliest_day, point.target_day, point.latest_day});
  }
  for (const std::string& id : check.at) {
    if (auto visit = time_points.visit_named(id)) visits.push_back(std::move(*visit));
  }
  return visits;
}

/// What is compared with must be there already when the study comes.
void check_is_earlier(const YAML::Node& node, const Check& check, const Visit& other, TrialReading& reading) {
  if (check.at.size() == 1 && check.at.front() == other.id) {
    reading.errors.add(node, "'" + other.id + "' is compared with itself; expected later time points in at");
    return;
  }
  for (const Visit& visit : visits_of(check, reading.time_points)) {
    if (visit.id == other.id || visit.reference != other.reference || visit.target_day >= other.target_day)
      continue;
    reading.errors.add(node, "same_as names '" + other.id + "', which comes after '" + visit.id +
                                 "'; expected an earlier time point, or at: with those that come after '" +
                                 other.id + "'");
    return;
  }
}

void check_comparisons(const YAML::Node& node, const Check& check, TrialReading& reading) {
  for (const Requirement& requirement : check.requirements) {
    for (const Condition& condition : requirement.conditions) {
      if (condition.op != Operator::same_as || condition.texts.front() == "previous") continue;
      const std::string& id = condition.texts.front();
      if (parse_visit_pattern(id)) {
        reading.errors.add(node,
                           "same_as names a row of visits, '" + id + "'; expected one visit, or previous");
      } else if (id == unscheduled_time_point) {
        reading.errors.add(node, "same_as names no one study; expected a planned visit, or previous");
      } else if (const auto visit = reading.time_points.visit_named(id)) {
        check_is_earlier(node, check, *visit, reading);
      } else {
        reading.check_time_point(node, id);
      }
    }
  }
}

}  // namespace

void TrialReading::check_time_point(const YAML::Node& node, const std::string& id) {
  if (id == unscheduled_time_point || time_points.visit_named(id)) return;
  std::vector<std::string_view> vocabulary{unscheduled_time_point};
  for (const TimePoint& point : time_points.schedule) vocabulary.push_back(point.id);
  errors.add(node, unknown_word("time point", id, vocabulary));
}

std::vector<std::string> TrialReading::read_time_points(const YAML::Node& node, std::string_view what) {
  auto ids = read_texts(node, what, errors);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (std::ranges::find(time_points.schedule, ids[i], &TimePoint::id) != time_points.schedule.end())
      continue;
    check_time_point(node.IsSequence() ? YAML::Node(node[i]) : YAML::Node(node), ids[i]);
  }
  return ids;
}

Predicate read_predicate(const YAML::Node& node, std::string_view where, TrialReading& reading) {
  return read_predicate_at(node, where, reading, 1);
}

Check read_check(const YAML::Node& node, TrialReading& reading) {
  YamlErrors& errors = reading.errors;
  YamlMap map(node, "a check", errors);
  Check check;
  check.position = position_of(node);
  Severities severities;
  if (const auto id = map.need("id")) check.id = read_id(*id, "id", errors).value_or("");
  if (const auto name = map.take("name")) check.name = read_sentence(*name, "name", errors);
  if (const auto value = map.take("severity")) severities = read_severities(*value, errors);
  if (const auto value = map.take("if_unknown")) {
    check.if_unknown = read_if_unknown(*value, "if_unknown", errors).value_or(check.if_unknown);
  }
  if (const auto when = map.take("when")) check.when = read_predicate(*when, "when", reading);
  if (const auto at = map.take("at")) check.at = reading.read_time_points(*at, "at");
  if (const auto remedy = map.take("remedy")) check.remedy = read_sentence(*remedy, "remedy", errors);
  const auto unit = map.take("unit");

  bool has_property = false;
  const std::vector<std::string_view> other_keys(map.asked().begin(), map.asked().end());
  for (const YamlMap::Entry& entry : map.take_rest()) {
    auto property = property_of(entry, "a check", other_keys, reading);
    if (!property) {
      has_property = true;  // the mistake is named already
      continue;
    }
    if (has_property) {
      errors.add(entry.key,
                 "a check looks at one attribute or quantity; expected a check of its own for " + entry.name);
      continue;
    }
    has_property = true;
    check.property = std::move(*property);
    check.requirements = read_requirements(entry.value, check.property, severities, errors);
    check_comparisons(entry.value, check, reading);
  }
  if (map.is_map() && !has_property) {
    errors.add(node, "the check looks at nothing; expected an attribute keyword or a quantity, as in " +
                         std::string("SliceThickness: {max: 5}"));
  }
  if (unit && !check.requirements.empty()) check_unit(*unit, check.property, errors);
  return check;
}

std::vector<Check> read_checks(const YAML::Node& node, TrialReading& reading) {
  std::vector<Check> checks;
  if (!node.IsSequence()) {
    reading.errors.add(node, "checks is no list; expected '- {id: ..., ...}' entries");
    return checks;
  }
  for (const YAML::Node& item : node) {
    Check check = read_check(item, reading);
    const auto same = std::ranges::find(checks, check.id, &Check::id);
    if (!check.id.empty() && same != checks.end()) {
      reading.errors.add(item, "check id '" + check.id + "' is there twice; first in line " +
                                   std::to_string(same->position.line));
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace trialgate::rules
