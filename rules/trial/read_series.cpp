#include "rules/trial/read_series.h"

#include "rules/trial/contradiction.h"
#include "rules/trial/property.h"

#include <algorithm>
#include <utility>

namespace trialgate::rules {
namespace {

/// A check whose condition cannot hold, or whose quantity no header of the series can give, says nothing.
void check_applies(const Check& check, const Predicate& select, YamlErrors& errors) {
  const Predicate where = conjunction(select, check.when);
  if (const auto reason = contradiction(where); !reason.empty()) {
    errors.add(check.position, "check '" + check.id + "' never applies: " + reason);
  } else if (check.property.quantity && !can_be_of(where, modalities_of(*check.property.quantity))) {
    errors.add(check.position, check.property.name() + " is a quantity of " +
                                   std::string(modalities_of(*check.property.quantity).front()) +
                                   ", which the series cannot be; expected another one");
  }
}

void read_required_at(const YAML::Node& node, SeriesSlot& slot, TrialReading& reading) {
  if (node.IsScalar() && node.Scalar() == "all") {
    slot.required_at_all = true;
  } else if (node.IsScalar() && node.Scalar() == "none") {
    slot.required_at_all = false;
  } else if (node.IsSequence()) {
    slot.required_at = reading.read_time_points(node, "required_at");
  } else {
    reading.errors.add(node, "required_at is unknown; expected all, none, or a list of time points");
  }
}

SeriesSlot read_slot(const YAML::Node& node, TrialReading& reading) {
  YamlErrors& errors = reading.errors;
  YamlMap map(node, "a series", errors);
  SeriesSlot slot;
  slot.position = position_of(node);
  if (const auto id = map.need("id")) {
    slot.id = read_id(*id, "id", errors).value_or("");
    if (slot.id == "study") errors.add(*id, "'study' has a meaning of its own; expected another id");
  }
  if (const auto name = map.take("name")) slot.name = read_sentence(*name, "name", errors);
  bool selectable = true;
  if (const auto select = map.need("select")) {
    slot.select = read_predicate(*select, "select", reading);
    if (const auto reason = contradiction(slot.select); !reason.empty()) {
      errors.add(*select, "no series can ever match '" + slot.id + "': " + reason);
      selectable = false;
    }
  }
  if (const auto value = map.need("required_at")) read_required_at(*value, slot, reading);
  if (const auto value = map.take("missing"))
    slot.missing = read_severity(*value, "missing", errors).value_or(slot.missing);
  if (const auto remedy = map.take("remedy")) slot.remedy = read_sentence(*remedy, "remedy", errors);
  if (const auto checks = map.take("checks")) slot.checks = read_checks(*checks, reading);
  if (selectable) {
    for (const Check& check : slot.checks) check_applies(check, slot.select, errors);
  }
  map.finish();
  return slot;
}

bool compares(const Check& check) {
  return std::ranges::any_of(check.requirements, [](const Requirement& requirement) {
    return std::ranges::any_of(requirement.conditions, [](const Condition& condition) {
      return condition.op == Operator::same_as || compares_slots(condition.op);
    });
  });
}

/// A comparison with a series that is none of the trial's, or with the series itself, can never pass.
void check_compared_slots(const std::vector<SeriesSlot>& slots, YamlErrors& errors) {
  std::vector<std::string_view> ids;
  for (const SeriesSlot& slot : slots) ids.push_back(slot.id);
  for (const SeriesSlot& slot : slots) {
    for (const Check& check : slot.checks) {
      for (const Requirement& requirement : check.requirements) {
        for (const Condition& condition : requirement.conditions) {
          if (!compares_slots(condition.op)) continue;
          const std::string& other = condition.texts.front();
          if (other == slot.id) {
            errors.add(check.position,
                       "series '" + slot.id + "' is compared with itself; expected another series");
          } else if (std::ranges::find(ids, other) == ids.end()) {
            errors.add(check.position, unknown_word("series", other, ids));
          }
        }
      }
    }
  }
}

/// False when the file does not speak of it.
bool read_policy(YamlMap& map, std::string_view key, RulePolicy& policy, YamlErrors& errors) {
  const auto node = map.take(key);
  if (!node) return false;
  YamlMap rule(*node, key, errors);
  if (const auto value = rule.take("severity")) {
    policy.severity = read_severity(*value, "severity", errors).value_or(policy.severity);
  }
  if (const auto value = rule.take("if_unknown")) {
    policy.if_unknown = read_if_unknown(*value, "if_unknown", errors).value_or(policy.if_unknown);
  }
  if (const auto remedy = rule.take("remedy")) policy.remedy = read_sentence(*remedy, "remedy", errors);
  rule.finish();
  return true;
}

}  // namespace

std::vector<SeriesSlot> read_series_section(const YAML::Node& node, TrialReading& reading) {
  std::vector<SeriesSlot> slots;
  if (!node.IsSequence() || node.size() == 0) {
    reading.errors.add(node, "series is no list; expected '- id: ...' entries, at least one");
    return slots;
  }
  for (const YAML::Node& item : node) {
    SeriesSlot slot = read_slot(item, reading);
    for (const SeriesSlot& other : slots) {
      if (!slot.id.empty() && other.id == slot.id) {
        reading.errors.add(item, "series id '" + slot.id + "' is there twice; first in line " +
                                     std::to_string(other.position.line));
      } else if (!slot.select.empty() && demands_the_same(other.select, slot.select)) {
        reading.errors.add(item, "series '" + slot.id + "' selects the same as '" + other.id + "' in line " +
                                     std::to_string(other.position.line) +
                                     "; expected something that tells them apart");
      }
    }
    slots.push_back(std::move(slot));
  }
  check_compared_slots(slots, reading.errors);
  return slots;
}

StudyRules read_study_section(const YAML::Node& node, TrialReading& reading) {
  StudyRules rules;
  YamlMap map(node, "study", reading.errors);
  read_policy(map, "known_subject", rules.known_subject, reading.errors);
  read_policy(map, "one_subject", rules.one_subject, reading.errors);
  read_policy(map, "visit_window", rules.visit_window, reading.errors);
  read_policy(map, "dates_agree", rules.dates_agree, reading.errors);
  read_policy(map, "single_study", rules.single_study, reading.errors);
  read_policy(map, "resent_instances", rules.resent_instances, reading.errors);
  read_policy(map, "readable_instances", rules.readable_instances, reading.errors);
  read_policy(map, "consistent_headers", rules.consistent_headers, reading.errors);
  read_policy(map, "qualified_scanner", rules.qualified_scanner, reading.errors);
  read_policy(map, "complete_at_source", rules.complete_at_source, reading.errors);
  read_policy(map, "complete_as_performed", rules.complete_as_performed, reading.errors);
  RulePolicy qualified_site;
  if (read_policy(map, "qualified_site", qualified_site, reading.errors))
    rules.qualified_site = qualified_site;
  read_policy(map, "current_phantom", rules.current_phantom, reading.errors);
  if (const auto checks = map.take("checks")) {
    rules.checks = read_checks(*checks, reading);
    if (std::ranges::any_of(rules.checks, compares)) {
      reading.errors.add(*checks,
                         "a comparison is of one series with its like; expected it in a check of a series");
    }
    for (const Check& check : rules.checks) check_applies(check, {}, reading.errors);
  }
  map.finish();
  return rules;
}

}  // namespace trialgate::rules
