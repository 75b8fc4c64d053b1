#include "rules/trial/read_series.h"

#include "rules/trial/read_conditions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

/// Defined Terms of Modality (0008,0060), PS3.3 §C.7.3.1.1.1, the retired ones that still come included.
constexpr std::array modalities = std::to_array<std::string_view>({
    "AR",         "ANN",        "ASMT", "AU",     "BDUS",    "BI",       "BMD",        "CFM",    "CR",
    "CT",         "CTPROTOCOL", "DMS",  "DG",     "DOC",     "DX",       "ECG",        "EEG",    "EMG",
    "EOG",        "EPS",        "ES",   "FID",    "GM",      "HC",       "HD",         "IO",     "IOL",
    "IVOCT",      "IVUS",       "KER",  "KO",     "LEN",     "LS",       "M3D",        "MG",     "MR",
    "NM",         "OAM",        "OCT",  "OP",     "OPM",     "OPT",      "OPTBSV",     "OPTENF", "OPV",
    "OSS",        "OT",         "PA",   "PLAN",   "POS",     "PR",       "PT",         "PX",     "REG",
    "RESP",       "RF",         "RG",   "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN",     "RTRAD",  "RTRECORD",
    "RTSEGANN",   "RTSTRUCT",   "RWV",  "SEG",    "SM",      "SMR",      "SR",         "SRF",    "STAIN",
    "TEXTUREMAP", "TG",         "US",   "VA",     "VF",      "XA",       "XAPROTOCOL", "XC",
});

const Test* find_test(const Predicate& predicate, std::string_view name) {
  const auto found =
      std::ranges::find_if(predicate.all, [&](const Test& t) { return t.property.name() == name; });
  return found == predicate.all.end() ? nullptr : &*found;
}

/// Everything that `inner` demands is demanded by `outer` too, word for word.
bool is_implied(const Predicate& inner, const Predicate& outer) {
  return !inner.all.empty() && inner.none.empty() && inner.any.empty() &&
         std::ranges::all_of(inner.all, [&](const Test& test) {
           return std::ranges::find(outer.all, test) != outer.all.end();
         });
}

/// Why no stack can ever satisfy the predicate; empty when one may.
std::string contradiction(const Predicate& predicate) {
  for (const Predicate& none : predicate.none) {
    if (is_implied(none, predicate)) {
      return "it demands " + none.all.front().property.name() + " and rules out the same";
    }
  }
  for (const Test& test : predicate.all) {
    const auto has = [&](Operator op) {
      return std::ranges::any_of(test.conditions, [op](const Condition& c) { return c.op == op; });
    };
    if (has(Operator::absent) && test.conditions.size() > 1) {
      return "it demands that " + test.property.name() + " is absent and has a value";
    }
  }
  if (const Test* const modality = find_test(predicate, "Modality")) {
    for (const Condition& condition : modality->conditions) {
      const bool names_values = condition.op == Operator::equals || condition.op == Operator::one_of;
      if (!names_values) continue;
      const bool known = std::ranges::any_of(condition.texts, [](const std::string& text) {
        return std::ranges::find(modalities, text) != modalities.end();
      });
      if (!known) return unknown_word("Modality", condition.texts.front(), modalities);
    }
  }
  return {};
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
  if (const auto select = map.need("select")) {
    slot.select = read_predicate(*select, "select", reading);
    if (const auto reason = contradiction(slot.select); !reason.empty()) {
      errors.add(*select, "no series can ever match '" + slot.id + "': " + reason);
    }
  }
  if (const auto value = map.need("required_at")) read_required_at(*value, slot, reading);
  if (const auto value = map.take("missing"))
    slot.missing = read_severity(*value, "missing", errors).value_or(slot.missing);
  if (const auto remedy = map.take("remedy")) slot.remedy = read_sentence(*remedy, "remedy", errors);
  if (const auto checks = map.take("checks")) slot.checks = read_checks(*checks, reading);
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
      YAML::Mark mark;
      mark.line = static_cast<int>(check.position.line) - 1;
      mark.column = static_cast<int>(check.position.column) - 1;
      for (const Requirement& requirement : check.requirements) {
        for (const Condition& condition : requirement.conditions) {
          if (!compares_slots(condition.op)) continue;
          const std::string& other = condition.texts.front();
          if (other == slot.id) {
            errors.add(mark, "series '" + slot.id + "' is compared with itself; expected another series");
          } else if (std::ranges::find(ids, other) == ids.end()) {
            errors.add(mark, unknown_word("series", other, ids));
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
      } else if (!slot.select.empty() && other.select == slot.select) {
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
  RulePolicy qualified_site;
  if (read_policy(map, "qualified_site", qualified_site, reading.errors))
    rules.qualified_site = qualified_site;
  if (const auto checks = map.take("checks")) {
    rules.checks = read_checks(*checks, reading);
    if (std::ranges::any_of(rules.checks, compares)) {
      reading.errors.add(*checks,
                         "a comparison is of one series with its like; expected it in a check of a series");
    }
  }
  map.finish();
  return rules;
}

}  // namespace trialgate::rules
