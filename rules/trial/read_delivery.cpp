#include "rules/trial/read_delivery.h"

#include "rules/dataset/dictionary.h"
#include "rules/trial/read_masks.h"
#include "rules/trial/vocabulary.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 1> delivery_times{"released"};
constexpr std::array<std::string_view, 2> confirmations{"none", "storage_commitment"};
constexpr std::array<std::string_view, 5> presentations{
    "time_sequential", "simultaneous", "simultaneous_randomized_temporal", "single_time_point_simultaneous",
    "hybrid_randomized"};
constexpr std::array<std::string_view, 2> adverse_event_defaults{"hold", "forward"};
constexpr std::array<std::string_view, 3> date_words{"removed", "unmodified", "per_subject"};
constexpr std::array<std::string_view, 4> device_date_words{"unresolved", "removed", "shifted", "kept"};
constexpr std::array<std::string_view, 8> override_words{"keep", "remove", "empty", "replace",
                                                         "hash", "shift",  "map",   "clean"};

void check_slots(const YAML::Node& node, const std::vector<std::string>& slots,
                 const std::vector<SeriesSlot>& series, YamlErrors& errors) {
  std::vector<std::string_view> vocabulary;
  for (const SeriesSlot& slot : series) vocabulary.push_back(slot.id);
  for (const std::string& slot : slots) {
    if (std::ranges::find(vocabulary, slot) == vocabulary.end()) {
      errors.add(node, unknown_word("series", slot, vocabulary));
    }
  }
}

DeliveryRule read_delivery_rule(const YAML::Node& node, const std::vector<SeriesSlot>& series,
                                TrialReading& reading) {
  YamlErrors& errors = reading.errors;
  YamlMap map(node, "a delivery rule", errors);
  DeliveryRule rule;
  rule.position = position_of(node);
  if (const auto to = map.need("to")) rule.to = read_id(*to, "to", errors).value_or("");
  if (const auto when = map.take("when")) (void)read_word(*when, "when", delivery_times, errors);
  if (const auto confirm = map.take("confirm")) {
    const auto place = read_word(*confirm, "confirm", confirmations, errors);
    rule.confirm = place == 1U ? Confirmation::storage_commitment : Confirmation::none;
  }
  if (const auto value = map.take("select")) {
    YamlMap select(*value, "select", errors);
    if (const auto ids = select.take("time_points"))
      rule.time_points = reading.read_time_points(*ids, "time_points");
    if (const auto ids = select.take("slots")) {
      rule.slots = read_texts(*ids, "slots", errors);
      check_slots(*ids, rule.slots, series, errors);
    }
    if (const auto words = select.take("modalities")) {
      rule.modalities = read_texts(*words, "modalities", errors);
      for (const std::string& word : rule.modalities) check_modality(*words, word, errors);
    }
    select.finish();
  }
  map.finish();
  return rule;
}

void read_dates(const YAML::Node& node, DeidentificationRules& rules, YamlErrors& errors) {
  YamlMap map(node, "dates", errors);
  if (const auto shift = map.take("shift")) {
    if (const auto place = read_word(*shift, "shift", date_words, errors)) {
      rules.dates = date_handling_named(date_words[*place]).value_or(rules.dates);
    }
  }
  if (const auto days = map.take("max_days")) {
    rules.max_shift_days = read_integer(*days, "max_days", errors, 1, 36'500).value_or(rules.max_shift_days);
  }
  if (const auto ruling = map.take("device_dates")) {
    if (const auto place = read_word(*ruling, "device_dates", device_date_words, errors)) {
      rules.device_dates = device_dates_named(device_date_words[*place]).value_or(rules.device_dates);
    }
  }
  map.finish();
}

DeidentificationOverride read_override(const YAML::Node& node, YamlErrors& errors) {
  YamlMap map(node, "an override", errors);
  DeidentificationOverride rule;
  if (const auto attribute = map.need("attribute")) {
    rule.attribute = read_text(*attribute, "attribute", errors).value_or("");
    if (!rule.attribute.empty() && path_of(rule).empty()) {
      errors.add(*attribute,
                 "'" + rule.attribute +
                     "' is no attribute of PS3.6; expected its keyword or (gggg,eeee), or several "
                     "of them joined by points");
    }
  }
  if (const auto action = map.need("action")) {
    if (const auto place = read_word(*action, "action", override_words, errors)) {
      rule.action = override_action_named(override_words[*place]).value_or(rule.action);
    }
  }
  if (const auto value = map.take("value")) rule.value = read_text(*value, "value", errors).value_or("");
  if (const auto terms = map.take("terms")) rule.terms = read_texts(*terms, "terms", errors);
  if (const auto patterns = map.take("patterns")) rule.patterns = read_texts(*patterns, "patterns", errors);
  if (const auto why = map.take("deviation"))
    rule.deviation = read_text(*why, "deviation", errors).value_or("");
  map.finish();
  return rule;
}

}  // namespace

std::vector<DeliveryRule> read_deliver_section(const YAML::Node& node, const std::vector<SeriesSlot>& series,
                                               TrialReading& reading) {
  std::vector<DeliveryRule> rules;
  if (!node.IsSequence()) {
    reading.errors.add(node, "deliver is no list; expected '- {to: ..., when: released}' entries");
    return rules;
  }
  for (const YAML::Node& item : node) {
    DeliveryRule rule = read_delivery_rule(item, series, reading);
    const auto same = std::ranges::find_if(rules, [&rule](const DeliveryRule& other) {
      return other.to == rule.to && other.time_points == rule.time_points && other.slots == rule.slots &&
             other.modalities == rule.modalities;
    });
    if (!rule.to.empty() && same != rules.end()) {
      reading.errors.add(item, "the same goes to '" + rule.to + "' by the rule in line " +
                                   std::to_string(same->position.line) + " already");
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

Readers read_readers_section(const YAML::Node& node, YamlErrors& errors) {
  Readers readers;
  YamlMap map(node, "readers", errors);
  if (const auto reads = map.take("reads"))
    readers.reads = read_integer(*reads, "reads", errors, 1, 9).value_or(2);
  if (const auto order = map.take("presentation")) {
    if (const auto place = read_word(*order, "presentation", presentations, errors)) {
      readers.presentation = static_cast<Presentation>(*place);
    }
  }
  map.finish();
  return readers;
}

AdverseEventPolicy read_adverse_events_section(const YAML::Node& node, YamlErrors& errors) {
  AdverseEventPolicy policy;
  YamlMap map(node, "adverse_events", errors);
  if (const auto value = map.take("default")) {
    policy.hold = read_word(*value, "default", adverse_event_defaults, errors) != 1U;
  }
  if (const auto events = map.take("forward")) {
    policy.forward = read_texts(*events, "forward", errors);
    if (!policy.hold)
      errors.add(*events, "all adverse events are forwarded; expected default: hold, or no list of them");
  }
  map.finish();
  return policy;
}

DeidentificationRules read_deidentify_section(const YAML::Node& node, const RegisterReader& read_file,
                                              YamlErrors& errors) {
  DeidentificationRules rules;
  const std::size_t mistakes = errors.size();
  YamlMap map(node, "deidentify", errors);
  if (const auto profile = map.take("profile"))
    rules.profile = read_text(*profile, "profile", errors).value_or("basic");
  if (const auto options = map.take("options")) {
    const auto vocabulary = deidentification_option_names();
    for (const std::string& name : read_texts(*options, "options", errors)) {
      if (const auto option = deidentification_option_named(name)) {
        rules.options.insert(*option);
      } else {
        errors.add(*options, unknown_word("option", name, vocabulary));
      }
    }
  }
  if (const auto dates = map.take("dates")) read_dates(*dates, rules, errors);
  if (const auto value = map.take("key")) {
    YamlMap key(*value, "key", errors);
    if (const auto file = key.need("file")) rules.key_file = read_text(*file, "file", errors).value_or("");
    if (const auto id = key.take("id")) rules.key_id = read_text(*id, "id", errors).value_or("1");
    key.finish();
  }
  if (const auto value = map.take("descriptors")) {
    YamlMap words(*value, "descriptors", errors);
    if (const auto terms = words.take("terms")) rules.clean_terms = read_texts(*terms, "terms", errors);
    if (const auto patterns = words.take("patterns"))
      rules.clean_patterns = read_texts(*patterns, "patterns", errors);
    words.finish();
  }
  if (const auto overrides = map.take("overrides")) {
    if (overrides->IsSequence()) {
      for (const YAML::Node& item : *overrides) rules.overrides.push_back(read_override(item, errors));
    } else {
      errors.add(*overrides, "overrides is no list; expected '- {attribute: ..., action: ...}' entries");
    }
  }
  if (const auto pixels = map.take("pixels")) rules.masks = read_pixels_section(*pixels, read_file, errors);
  map.finish();
  if (errors.size() == mistakes) {
    for (const std::string& message : validate(rules)) errors.add(node, message);
  }
  return rules;
}

}  // namespace trialgate::rules
