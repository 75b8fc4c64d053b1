#include "rules/evaluate/history.h"

#include "rules/dataset/values.h"
#include "rules/evaluate/header_quantities.h"
#include "rules/evaluate/scanner.h"
#include "rules/trial/property.h"
#include "rules/trial/visit_pattern.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::size_t max_fact_values = 20;

/// What charters ask for when a later visit looks odd, kept although no rule names it yet.
constexpr std::array common_facts = std::to_array<std::string_view>({
    "Modality",           "SliceThickness",         "KVP",
    "ConvolutionKernel",  "ReconstructionDiameter", "PixelSpacing",
    "SoftwareVersions",   "MagneticFieldStrength",  "RepetitionTime",
    "EchoTime",           "InversionTime",          "FlipAngle",
    "ContrastBolusAgent", "slice_spacing",          "z_coverage",
    "field_of_view",      "kernel_class",           "uptake_time",
    "software_versions",
});

/// The study that holds a time point; the later one when two do.
const PriorStudy* study_at(const SubjectHistory& history, std::string_view time_point_id) {
  const PriorStudy* found = nullptr;
  for (const PriorStudy& study : history.studies) {
    if (study.time_point_id != time_point_id) continue;
    if (found == nullptr ||
        std::tie(study.study_date, study.study_uid) > std::tie(found->study_date, found->study_uid)) {
      found = &study;
    }
  }
  return found;
}

const PriorStudy* study_before(const SubjectHistory& history, const std::optional<Date>& date) {
  const PriorStudy* found = nullptr;
  for (const PriorStudy& study : history.studies) {
    if (!date || !study.study_date || *study.study_date >= *date) continue;
    if (found == nullptr ||
        std::tie(study.study_date, study.study_uid) > std::tie(found->study_date, found->study_uid)) {
      found = &study;
    }
  }
  return found;
}

std::optional<FactValue> fact_from(std::span<const Observation> observations) {
  FactValue fact;
  std::vector<double> numbers;
  for (const Observation& observation : observations) {
    if (observation.value.state != Value::State::known || !observation.value.why.empty()) return std::nullopt;
    for (const std::string& text : observation.value.texts) {
      if (std::ranges::find(fact.texts, text) == fact.texts.end() && fact.texts.size() < max_fact_values) {
        fact.texts.push_back(text);
      }
    }
    // An attribute with several values, as Pixel Spacing, has no one number.
    if (observation.value.numbers.size() == 1) {
      numbers.insert(numbers.end(), observation.instances.size(), observation.value.numbers.front());
    }
  }
  if (fact.texts.empty()) return std::nullopt;
  std::ranges::sort(fact.texts);
  if (!numbers.empty()) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::ranges::nth_element(numbers, middle);
    fact.number = *middle;
  }
  return fact;
}

/// Every text of one list has its like in the other.
template <class Same>
bool same_sets(const std::vector<std::string>& a, const std::vector<std::string>& b, Same same) {
  const auto is_in = [&same](const std::vector<std::string>& list) {
    return [&](const std::string& text) {
      return std::ranges::any_of(list, [&](const std::string& other) { return same(text, other); });
    };
  };
  return std::ranges::all_of(a, is_in(b)) && std::ranges::all_of(b, is_in(a));
}

bool same_facts(const FactValue& now, const FactValue& then, const Property& property,
                const std::optional<Tolerance>& tolerance) {
  if (!property.numeric) return same_sets(now.texts, then.texts, same_text);
  if (now.number && then.number) return same_number(*now.number, *then.number, property, tolerance);
  return same_sets(now.texts, then.texts, [&](const std::string& a, const std::string& b) {
    const auto x = parse_decimal(a);
    const auto y = parse_decimal(b);
    return x && y && same_number(*x, *y, property, tolerance);
  });
}

std::vector<Observation> observe_all(const Property& property, std::span<const MeasuredStack* const> parts) {
  std::vector<Observation> observations;
  for (const MeasuredStack* const part : parts) {
    for (Observation& observation : observe(property, *part)) observations.push_back(std::move(observation));
  }
  return observations;
}

/// The first acquisition of all parts; nothing when one of them does not tell.
std::optional<AcquisitionInstant> start_of(std::span<const MeasuredStack* const> parts) {
  std::optional<AcquisitionInstant> first;
  for (const MeasuredStack* const part : parts) {
    const auto start = first_acquisition(*part->stack);
    if (!start) return std::nullopt;
    if (!first || *start < *first) first = start;
  }
  return first;
}

Comparison compare_order(Operator op, std::span<const MeasuredStack* const> ours,
                         std::span<const MeasuredStack* const> theirs) {
  const auto our_start = start_of(ours);
  const auto their_start = start_of(theirs);
  if (!our_start || !their_start) {
    return {CheckResult::not_determinable,
            "",
            {"the time of acquisition is absent or malformed", "缺少采集时间或其格式有误"}};
  }
  const bool holds = op == Operator::after_slot ? *our_start > *their_start : *our_start < *their_start;
  return {holds ? CheckResult::pass : CheckResult::fail, instant_text(*their_start), {}};
}

Comparison compare_scanner(const SlotFacts& facts, std::span<const MeasuredStack* const> parts) {
  const Scanner then = scanner_from(facts);
  Comparison comparison{CheckResult::pass, then.in_words(), {}};
  for (const MeasuredStack* const part : parts) {
    for (const InstanceRecord* const record : part->stack->records) {
      comparison.result = both(comparison.result, same_scanner(scanner_of(*record), then));
    }
  }
  if (comparison.result == CheckResult::not_determinable) {
    comparison.why = {"the headers do not name the scanner well enough (serial number, or station and model)",
                      "图像头信息不足以识别设备（序列号，或站点名称与型号）"};
  }
  return comparison;
}

Comparison compare_value(const Property& property, const Condition& condition, const FactValue& then,
                         std::span<const Observation> observations) {
  std::string expected;
  for (const std::string& text : then.texts) expected += (expected.empty() ? "" : "\\") + text;
  const auto now = fact_from(observations);
  if (!now) {
    const auto unknown = std::ranges::find_if(observations, [](const Observation& o) {
      return o.value.state != Value::State::known || !o.value.why.empty();
    });
    return {CheckResult::not_determinable, expected,
            unknown == observations.end() ? Text{} : unknown->value.why};
  }
  const bool same = same_facts(*now, then, property, condition.tolerance);
  return {same ? CheckResult::pass : CheckResult::fail, expected, {}};
}

}  // namespace

bool is_listed(const std::vector<std::string>& ids, std::string_view time_point_id) {
  return ids.empty() || std::ranges::any_of(ids, [&](const std::string& id) {
           return id == time_point_id || visit_number(id, time_point_id).has_value();
         });
}

Comparison compare(const CheckContext& context, std::string_view slot, const Property& property,
                   const Condition& condition, std::span<const Observation> observations,
                   std::span<const MeasuredStack* const> parts) {
  const std::string& other = condition.texts.front();
  if (!context.has_subject || other == context.time_point_id) return {};
  const bool previous = other == "previous";
  const PriorStudy* const study =
      previous ? study_before(context.history, context.study_date) : study_at(context.history, other);
  if (study == nullptr) {
    if (previous) return {};
    return {CheckResult::not_determinable,
            "",
            {"no study of time point " + other + " was released yet", "尚无已放行的 " + other + " 访视影像"}};
  }
  const Text not_kept{"time point " + study->time_point_id + " has no value to compare with",
                      "访视 " + study->time_point_id + " 没有可供比较的数值"};
  const auto facts = study->facts.find(slot);
  if (facts == study->facts.end()) return {CheckResult::not_determinable, "", not_kept};
  if (property.quantity == Quantity::scanner) return compare_scanner(facts->second, parts);
  const auto fact = facts->second.find(property.name());
  if (fact == facts->second.end()) return {CheckResult::not_determinable, "", not_kept};
  return compare_value(property, condition, fact->second, observations);
}

Comparison compare_slots(const CheckContext& context, const Property& property, const Condition& condition,
                         std::span<const Observation> observations,
                         std::span<const MeasuredStack* const> parts) {
  if (context.slots == nullptr) return {};
  const std::string& other = condition.texts.front();
  const auto found = context.slots->find(other);
  if (found == context.slots->end() || found->second.empty()) {
    return {CheckResult::not_determinable, "", {"there is no series " + other, "没有序列 " + other}};
  }
  if (condition.op != Operator::same_as_slot) return compare_order(condition.op, parts, found->second);
  const std::vector<Observation> theirs = observe_all(property, found->second);
  const auto fact = fact_from(theirs);
  if (!fact) {
    return {CheckResult::not_determinable,
            "",
            {"series " + other + " has no value to compare with", "序列 " + other + " 没有可供比较的数值"}};
  }
  return compare_value(property, condition, *fact, observations);
}

SlotFacts facts_of(const Trial& trial, const SeriesSlot& slot, std::span<const MeasuredStack* const> parts) {
  SlotFacts facts;
  if (parts.empty()) return facts;
  keep_scanner(scanner_of(*parts.front()->stack->records.front()), facts);
  std::vector<Property> properties;
  for (const std::string_view name : common_facts) {
    if (auto property = property_named(name)) properties.push_back(std::move(*property));
  }
  for (const Check& check : slot.checks) properties.push_back(check.property);
  for (const Check& check : trial.study.checks) properties.push_back(check.property);
  for (const Property& property : properties) {
    if (is_identifying(property) || property.quantity == Quantity::scanner || facts.contains(property.name()))
      continue;
    if (auto fact = fact_from(observe_all(property, parts))) facts.emplace(property.name(), std::move(*fact));
  }
  return facts;
}

}  // namespace trialgate::rules
