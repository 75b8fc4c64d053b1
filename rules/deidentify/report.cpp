#include "rules/deidentify/report.h"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <tuple>

namespace trialgate::rules {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, deed_count> deed_names = {"kept",   "removed", "emptied", "replaced",
                                                                 "mapped", "shifted", "added"};

constexpr std::array<std::string_view, 15> reason_names = {"unreadable",
                                                           "anomaly",
                                                           "private_sop_class",
                                                           "sop_class_without_rule",
                                                           "burned_in_risk",
                                                           "overlay_in_pixels",
                                                           "identity_missing",
                                                           "subject_mismatch",
                                                           "unknown_character_set",
                                                           "unreadable_sequence",
                                                           "option_conflict",
                                                           "residual_value",
                                                           "not_supported",
                                                           "pixel_metadata",
                                                           "recognizable_features"};
static_assert(reason_names.size() == static_cast<std::size_t>(HoldReason::recognizable_features) + 1);

template <class Enum, std::size_t count>
std::optional<Enum> named(const std::array<std::string_view, count>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

bool read(const json::object& object, std::string_view key, std::string& text) {
  const json::value* found = object.if_contains(key);
  const json::string* value = found == nullptr ? nullptr : found->if_string();
  if (value == nullptr) return false;
  text.assign(value->begin(), value->end());
  return true;
}

bool read(const json::object& object, std::string_view key, std::uint64_t& number) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr) return false;
  boost::system::error_code error;
  number = found->to_number<std::uint64_t>(error);
  return !error;
}

Failure bad(std::string_view member) {
  return fail(Errc::invalid_configuration, "de-identification report: " + std::string(member));
}

bool read_attributes(const json::object& object, std::vector<ReportedAttribute>& attributes) {
  const json::value* found = object.if_contains("attributes");
  const json::array* list = found == nullptr ? nullptr : found->if_array();
  if (list == nullptr) return false;
  for (const json::value& value : *list) {
    const json::object* entry = value.if_object();
    ReportedAttribute attribute;
    std::string deed;
    if (entry == nullptr || !read(*entry, "path", attribute.path) || !read(*entry, "rule", attribute.rule) ||
        !read(*entry, "deed", deed) || !read(*entry, "count", attribute.count)) {
      return false;
    }
    const auto known = named<Deed>(deed_names, deed);
    if (!known) return false;
    attribute.deed = *known;
    attributes.push_back(std::move(attribute));
  }
  return true;
}

bool read_counts(const json::object& object, DeidentificationReport& report) {
  const json::value* found = object.if_contains("counts");
  const json::object* counts = found == nullptr ? nullptr : found->if_object();
  if (counts == nullptr) return false;
  for (std::size_t deed = 0; deed < deed_count; ++deed) {
    if (!read(*counts, deed_names[deed], report.counts[deed])) return false;
  }
  return true;
}

bool read_codes(const json::object& object, std::vector<std::string>& codes) {
  const json::value* found = object.if_contains("codes");
  const json::array* list = found == nullptr ? nullptr : found->if_array();
  if (list == nullptr) return false;
  for (const json::value& value : *list) {
    const json::string* code = value.if_string();
    if (code == nullptr) return false;
    codes.emplace_back(code->begin(), code->end());
  }
  return true;
}

bool read_excluded(const json::object& object, std::map<std::string, std::uint64_t>& excluded) {
  const json::value* found = object.if_contains("residual_excluded");
  const json::object* list = found == nullptr ? nullptr : found->if_object();
  if (list == nullptr) return false;
  for (const auto& [reason, value] : *list) {
    boost::system::error_code error;
    excluded[std::string(reason)] = value.to_number<std::uint64_t>(error);
    if (error) return false;
  }
  return true;
}

auto key_of(const ReportedAttribute& attribute) {
  return std::tie(attribute.path, attribute.deed, attribute.rule);
}

}  // namespace

std::string_view to_string(Deed deed) noexcept {
  return deed_names[static_cast<std::size_t>(deed)];
}

std::string_view to_string(HoldReason reason) noexcept {
  return reason_names[static_cast<std::size_t>(reason)];
}

void DeidentificationReport::merge(const DeidentificationReport& other) {
  for (std::size_t deed = 0; deed < deed_count; ++deed) counts[deed] += other.counts[deed];
  std::vector<ReportedAttribute> merged;
  merged.reserve(attributes.size() + other.attributes.size());
  std::ranges::merge(attributes, other.attributes, std::back_inserter(merged), {}, key_of, key_of);
  attributes.clear();
  for (ReportedAttribute& attribute : merged) {
    if (!attributes.empty() && key_of(attributes.back()) == key_of(attribute)) {
      attributes.back().count += attribute.count;
    } else {
      attributes.push_back(std::move(attribute));
    }
  }
  for (const std::string& code : other.codes) {
    if (std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  }
  std::ranges::sort(codes);
  instances += other.instances;
  residual_values += other.residual_values;
  for (const auto& [reason, count] : other.residual_excluded) residual_excluded[reason] += count;
}

json::value to_json(const DeidentificationReport& report) {
  json::object counts;
  for (std::size_t deed = 0; deed < deed_count; ++deed) counts[deed_names[deed]] = report.counts[deed];
  json::array attributes;
  for (const ReportedAttribute& attribute : report.attributes) {
    attributes.push_back({{"path", attribute.path},
                          {"deed", to_string(attribute.deed)},
                          {"rule", attribute.rule},
                          {"count", attribute.count}});
  }
  json::object excluded;
  for (const auto& [reason, count] : report.residual_excluded) excluded[reason] = count;
  return {{"counts", std::move(counts)},
          {"attributes", std::move(attributes)},
          {"codes", json::array(report.codes.begin(), report.codes.end())},
          {"tables_edition", report.tables_edition},
          {"tables_sha256", report.tables_sha256},
          {"rules_sha256", report.rules_sha256},
          {"key_id", report.key_id},
          {"instances", report.instances},
          {"residual_values", report.residual_values},
          {"residual_excluded", std::move(excluded)}};
}

Result<DeidentificationReport> deidentification_report_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return bad("not an object");
  DeidentificationReport report;
  if (!read_counts(*object, report)) return bad("counts");
  if (!read_attributes(*object, report.attributes)) return bad("attributes");
  if (!read_codes(*object, report.codes)) return bad("codes");
  if (!read_excluded(*object, report.residual_excluded)) return bad("residual_excluded");
  for (const auto& [key, member] : {std::pair{"tables_edition", &report.tables_edition},
                                    {"tables_sha256", &report.tables_sha256},
                                    {"rules_sha256", &report.rules_sha256},
                                    {"key_id", &report.key_id}}) {
    if (!read(*object, key, *member)) return bad(key);
  }
  if (!read(*object, "instances", report.instances)) return bad("instances");
  if (!read(*object, "residual_values", report.residual_values)) return bad("residual_values");
  return report;
}

json::value to_json(const Held& held) {
  json::array causes;
  for (const HoldCause& cause : held.causes) {
    causes.push_back({{"reason", to_string(cause.reason)}, {"path", cause.path}, {"message", cause.message}});
  }
  return {{"causes", std::move(causes)}};
}

Result<Held> held_from_json(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains("causes");
  const json::array* causes = found == nullptr ? nullptr : found->if_array();
  if (causes == nullptr || causes->empty()) return bad("causes");
  Held held;
  for (const json::value& entry : *causes) {
    const json::object* cause = entry.if_object();
    HoldCause read_cause;
    std::string reason;
    if (cause == nullptr || !read(*cause, "reason", reason) || !read(*cause, "path", read_cause.path) ||
        !read(*cause, "message", read_cause.message)) {
      return bad("causes");
    }
    const auto known = named<HoldReason>(reason_names, reason);
    if (!known) return bad("reason");
    read_cause.reason = *known;
    held.causes.push_back(std::move(read_cause));
  }
  return held;
}

}  // namespace trialgate::rules
