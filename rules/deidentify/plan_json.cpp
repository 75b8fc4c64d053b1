#include "rules/deidentify/deidentify.h"

#include <boost/json.hpp>

#include <array>
#include <utility>

namespace trialgate::rules {
namespace {

namespace json = boost::json;

Failure bad(std::string_view member) {
  return fail(Errc::invalid_configuration, "de-identification plan: " + std::string(member));
}

/// The members of an object that are text. Absent ones are an error: both ends are the same program.
bool read(const json::object& object, std::string_view key, std::string& text) {
  const json::value* found = object.if_contains(key);
  const json::string* value = found == nullptr ? nullptr : found->if_string();
  if (value == nullptr) return false;
  text.assign(value->begin(), value->end());
  return true;
}

bool read_texts(const json::object& object, std::string_view key, std::vector<std::string>& texts) {
  const json::value* found = object.if_contains(key);
  const json::array* values = found == nullptr ? nullptr : found->if_array();
  if (values == nullptr) return false;
  for (const json::value& value : *values) {
    const json::string* text = value.if_string();
    if (text == nullptr) return false;
    texts.emplace_back(text->data(), text->size());
  }
  return true;
}

template <class Enum>
bool read_enum(const json::object& object, std::string_view key,
               std::optional<Enum> (*named)(std::string_view) noexcept, Enum& target) {
  std::string text;
  if (!read(object, key, text)) return false;
  const std::optional<Enum> value = named(text);
  if (value) target = *value;
  return value.has_value();
}

using TextMember = std::pair<std::string_view, std::string DeidentificationSubject::*>;
constexpr std::array subject_members = {
    TextMember{"patient_id", &DeidentificationSubject::patient_id},
    TextMember{"issuer_of_patient_id", &DeidentificationSubject::issuer_of_patient_id},
    TextMember{"subject_id", &DeidentificationSubject::subject_id},
    TextMember{"reading_id", &DeidentificationSubject::reading_id},
    TextMember{"sponsor", &DeidentificationSubject::sponsor},
    TextMember{"protocol_id", &DeidentificationSubject::protocol_id},
    TextMember{"protocol_name", &DeidentificationSubject::protocol_name},
    TextMember{"site_id", &DeidentificationSubject::site_id},
    TextMember{"site_name", &DeidentificationSubject::site_name},
    TextMember{"time_point_id", &DeidentificationSubject::time_point_id},
    TextMember{"time_point_description", &DeidentificationSubject::time_point_description},
    TextMember{"coordinating_center", &DeidentificationSubject::coordinating_center},
};

bool read_options(const json::object& object, DeidentificationRules& rules) {
  const json::value* found = object.if_contains("options");
  const json::array* options = found == nullptr ? nullptr : found->if_array();
  if (options == nullptr) return false;
  for (const json::value& option : *options) {
    const json::string* name = option.if_string();
    const auto known =
        name == nullptr ? std::nullopt : deidentification_option_named({name->data(), name->size()});
    if (!known) return false;
    rules.options.insert(*known);
  }
  return true;
}

bool read_overrides(const json::object& object, DeidentificationRules& rules) {
  const json::value* found = object.if_contains("overrides");
  const json::array* overrides = found == nullptr ? nullptr : found->if_array();
  if (overrides == nullptr) return false;
  for (const json::value& entry : *overrides) {
    const json::object* rule = entry.if_object();
    DeidentificationOverride read_rule;
    if (rule == nullptr || !read(*rule, "attribute", read_rule.attribute) ||
        !read_enum(*rule, "action", &override_action_named, read_rule.action) ||
        !read(*rule, "value", read_rule.value) || !read_texts(*rule, "terms", read_rule.terms) ||
        !read_texts(*rule, "patterns", read_rule.patterns) ||
        !read(*rule, "deviation", read_rule.deviation)) {
      return false;
    }
    rules.overrides.push_back(std::move(read_rule));
  }
  return true;
}

}  // namespace

json::value to_json(const DeidentificationRules& rules) {
  json::array options;
  for (const DeidentificationOption option : rules.options)
    options.push_back(json::string(to_string(option)));
  json::array overrides;
  for (const DeidentificationOverride& rule : rules.overrides) {
    overrides.push_back({{"attribute", rule.attribute},
                         {"action", to_string(rule.action)},
                         {"value", rule.value},
                         {"terms", json::value_from(rule.terms)},
                         {"patterns", json::value_from(rule.patterns)},
                         {"deviation", rule.deviation}});
  }
  return {{"profile", rules.profile},
          {"options", std::move(options)},
          {"dates", to_string(rules.dates)},
          {"max_shift_days", rules.max_shift_days},
          {"device_dates", to_string(rules.device_dates)},
          {"key_file", rules.key_file},
          {"key_id", rules.key_id},
          {"clean_terms", json::value_from(rules.clean_terms)},
          {"clean_patterns", json::value_from(rules.clean_patterns)},
          {"overrides", std::move(overrides)},
          {"masks", to_json(rules.masks)}};
}

Result<DeidentificationRules> deidentification_rules_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return bad("not an object");
  DeidentificationRules rules;
  if (!read(*object, "profile", rules.profile)) return bad("profile");
  if (!read_options(*object, rules)) return bad("options");
  if (!read_enum(*object, "dates", &date_handling_named, rules.dates)) return bad("dates");
  if (!read_enum(*object, "device_dates", &device_dates_named, rules.device_dates))
    return bad("device_dates");
  if (!read(*object, "key_file", rules.key_file)) return bad("key_file");
  if (!read(*object, "key_id", rules.key_id)) return bad("key_id");
  if (!read_texts(*object, "clean_terms", rules.clean_terms)) return bad("clean_terms");
  if (!read_texts(*object, "clean_patterns", rules.clean_patterns)) return bad("clean_patterns");
  if (!read_overrides(*object, rules)) return bad("overrides");
  const json::value* listed = object->if_contains("masks");
  auto masks = pixel_masks_from_json(listed == nullptr ? json::value() : *listed);
  if (!masks) return bad("masks");
  rules.masks = std::move(*masks);
  const json::value* days = object->if_contains("max_shift_days");
  if (days == nullptr) return bad("max_shift_days");
  boost::system::error_code error;
  rules.max_shift_days = days->to_number<std::int32_t>(error);
  if (error) return bad("max_shift_days");
  return rules;
}

json::value to_json(const DeidentificationSubject& subject) {
  json::object object;
  for (const auto& [key, member] : subject_members) object[key] = subject.*member;
  json::object series;
  for (const auto& [uid, label] : subject.series) {
    series[uid] = {{"id", label.id}, {"description", label.description}};
  }
  object["series"] = std::move(series);
  return object;
}

Result<DeidentificationSubject> deidentification_subject_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return bad("not an object");
  DeidentificationSubject subject;
  for (const auto& [key, member] : subject_members) {
    if (!read(*object, key, subject.*member)) return bad(key);
  }
  const json::value* found = object->if_contains("series");
  const json::object* series = found == nullptr ? nullptr : found->if_object();
  if (series == nullptr) return bad("series");
  for (const auto& [uid, entry] : *series) {
    const json::object* label = entry.if_object();
    SeriesLabel read_label;
    if (label == nullptr || !read(*label, "id", read_label.id) ||
        !read(*label, "description", read_label.description)) {
      return bad("series");
    }
    subject.series.emplace(uid, std::move(read_label));
  }
  return subject;
}

}  // namespace trialgate::rules
