#include "rules/evaluate/checks.h"

#include "rules/evaluate/predicate.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::size_t max_found_values = 5;

/// An observation and the stack it is of.
struct PartObservation {
  const MeasuredStack* part = nullptr;
  Observation observation;
};

/// What one requirement came to over all observations.
struct Assessment {
  CheckResult result = CheckResult::pass;
  std::vector<const PartObservation*> culprits;  ///< with that result
  Text expected;
  Text why;  ///< of not_determinable
};

class CheckRun {
 public:
  CheckRun(const Check& check, std::string_view slot, std::span<const MeasuredStack* const> parts,
           const CheckContext& context)
      : check_(check), slot_(slot), parts_(parts), context_(context) {}

  void run(std::string_view rule_prefix, const Text& slot_name, RuleResults& results) {
    AppliedRule& applied = results.applied.emplace_back();
    applied.rule_id = std::string(rule_prefix) + "/" + check_.id;
    applied.property = check_.property.name();
    applied.unit = check_.property.unit;
    applied.expected = describe(check_.requirements.front().conditions).en;
    observe_parts();
    if (observations_.empty()) {
      applied.why = not_applied_;
      return;
    }
    applied.result = CheckResult::pass;
    keep_seen(applied);
    std::optional<Assessment> unknown;
    for (const Requirement& requirement : check_.requirements) {
      Assessment assessment = assess(requirement);
      if (assessment.result == CheckResult::fail) {
        applied.result = CheckResult::fail;
        applied.expected = assessment.expected.en;
        results.findings.push_back(
            finding(rule_prefix, slot_name, requirement.severity, requirement.tier, assessment));
        return;
      }
      if (&requirement == &check_.requirements.front()) applied.expected = assessment.expected.en;
      if (assessment.result == CheckResult::not_determinable && !unknown) unknown = std::move(assessment);
    }
    if (!unknown) return;
    applied.result = CheckResult::not_determinable;
    applied.why = unknown->why.en;
    if (const auto severity = severity_of(check_.if_unknown)) {
      results.findings.push_back(finding(rule_prefix, slot_name, *severity, {}, *unknown));
    }
  }

 private:
  void observe_parts() {
    const bool knows_time_point = check_.at.empty() || !context_.time_point_id.empty();
    if (knows_time_point && !is_listed(check_.at, context_.time_point_id)) {
      not_applied_ = "not at time point " + context_.time_point_id;
      return;
    }
    for (const MeasuredStack* const part : parts_) {
      if (!knows_time_point) {
        is_doubtful(*part, {"the time point is not known", "访视不明"});
        continue;
      }
      if (!check_.when.empty()) {
        const Answer answer = ask(check_.when, *part);
        if (answer.result == CheckResult::fail) {
          not_applied_ = "its condition does not hold: " + answer.reason.en;
          continue;
        }
        if (answer.result == CheckResult::not_determinable) {
          is_doubtful(*part, answer.reason);
          continue;
        }
      }
      if (check_.property.quantity == Quantity::z_coverage) {
        covering_.push_back(part);
        continue;
      }
      for (Observation& observation : observe(check_.property, *part)) {
        observations_.push_back({part, std::move(observation)});
      }
    }
    if (!covering_.empty()) observe_coverage();
  }

  void is_doubtful(const MeasuredStack& part, const Text& reason) {
    Value value = unknown_value(
        {"whether the check applies is not known: " + reason.en, "无法判断该规则是否适用：" + reason.zh});
    observations_.push_back({&part, {std::move(value), part.stack->records, {}}});
  }

  void keep_seen(AppliedRule& applied) const {
    applied.seen_count = observations_.size();
    const bool withheld = is_identifying(check_.property);
    for (const PartObservation& observed : observations_) {
      if (applied.seen.size() == max_seen_values) break;
      const Observation& observation = observed.observation;
      std::string value = describe(observation.value);
      if (withheld && !value.empty()) value = "(withheld)";
      applied.seen.push_back(
          {observed.part->stack->series_uid, observation.instances.size(), std::move(value),
           observation.value.why.empty() ? observation.detail.en : observation.value.why.en});
    }
  }

  void observe_coverage() {
    std::vector<const Stack*> stacks;
    Observation observation;
    for (const MeasuredStack* const part : covering_) {
      stacks.push_back(part->stack);
      observation.instances.insert(observation.instances.end(), part->stack->records.begin(),
                                   part->stack->records.end());
    }
    const auto coverage = union_coverage_mm(stacks);
    observation.value =
        coverage ? known_number(*coverage)
                 : unknown_value({"positions or slice thickness are missing", "缺少层面位置或层厚"});
    observations_.push_back({covering_.front(), std::move(observation)});
  }

  void add(Assessment& assessment, CheckResult result, const PartObservation& culprit) {
    if (result == CheckResult::pass || both(assessment.result, result) != result) return;
    if (assessment.result != result) assessment.culprits.clear();
    assessment.result = result;
    assessment.culprits.push_back(&culprit);
  }

  Assessment assess(const Requirement& requirement) {
    Assessment assessment;
    assessment.expected = describe(requirement.conditions);
    for (const Condition& condition : requirement.conditions) {
      if (condition.op == Operator::same_as || compares_slots(condition.op)) {
        assess_comparison(condition, assessment);
        continue;
      }
      for (const PartObservation& observed : observations_) {
        add(assessment, test_condition(condition, check_.property, observed.observation.value), observed);
      }
    }
    if (assessment.result == CheckResult::not_determinable && assessment.why.empty()) {
      assessment.why = assessment.culprits.front()->observation.value.why;
    }
    return assessment;
  }

  void assess_comparison(const Condition& condition, Assessment& assessment) {
    std::vector<Observation> all;
    for (const PartObservation& observed : observations_) all.push_back(observed.observation);
    const Comparison comparison = compares_slots(condition.op)
                                      ? compare_slots(context_, check_.property, condition, all, parts_)
                                      : compare(context_, slot_, check_.property, condition, all, parts_);
    if (!comparison.expected.empty()) {
      assessment.expected.en += ": " + comparison.expected;
      assessment.expected.zh += "：" + comparison.expected;
    }
    if (both(assessment.result, comparison.result) != assessment.result) assessment.why = comparison.why;
    for (const PartObservation& observed : observations_) add(assessment, comparison.result, observed);
  }

  Finding finding(std::string_view rule_prefix, const Text& slot_name, RuleSeverity severity,
                  const std::string& tier, const Assessment& assessment) const {
    Finding finding;
    finding.rule_id = std::string(rule_prefix) + "/" + check_.id;
    finding.severity = severity;
    finding.result = assessment.result;
    finding.property = check_.property.name();
    finding.unit = check_.property.unit;
    finding.expected = assessment.expected.en;
    finding.charter_version = context_.trial.charter.version;
    finding.subject.slot = slot_;
    finding.subject.series_uid = assessment.culprits.front()->part->stack->series_uid;
    Text detail;
    std::vector<const InstanceRecord*> instances;
    std::vector<std::string> values;
    for (const PartObservation* const culprit : assessment.culprits) {
      const Observation& observation = culprit->observation;
      instances.insert(instances.end(), observation.instances.begin(), observation.instances.end());
      if (detail.empty()) detail = observation.detail;
      std::string value = describe(observation.value);
      if (!value.empty() && std::ranges::find(values, value) == values.end())
        values.push_back(std::move(value));
    }
    list_instances(uids_of(instances), finding.subject);
    finding.found = is_identifying(check_.property) && !values.empty() ? "(withheld)" : found_text(values);
    write_texts(slot_name, tier, assessment, detail, finding);
    if (!detail.en.empty()) finding.found += " (" + detail.en + ")";
    return finding;
  }

  static std::string found_text(const std::vector<std::string>& values) {
    std::string text;
    for (std::size_t i = 0; i < values.size() && i < max_found_values; ++i)
      text += (i == 0 ? "" : ", ") + values[i];
    if (values.size() > max_found_values) text += ", ...";
    return text;
  }

  void write_texts(const Text& slot_name, const std::string& tier, const Assessment& assessment,
                   const Text& detail, Finding& finding) const {
    Text label = check_.name.empty() ? label_of(check_.property) : check_.name;
    if (label.zh.empty()) label.zh = label.en;
    const std::string unit = finding.unit.empty() ? "" : " " + finding.unit;
    const std::string tier_en = tier.empty() ? "" : " (" + tier + ")";
    const std::string zh_name = slot_name.zh.empty() ? slot_name.en : slot_name.zh;
    if (assessment.result == CheckResult::fail) {
      finding.text.en = slot_name.en + ": " + label.en + " is " +
                        (finding.found.empty() ? "absent" : finding.found + unit) +
                        (detail.en.empty() ? "" : ", " + detail.en) + "; expected " + assessment.expected.en +
                        unit + tier_en + ".";
      finding.text.zh = zh_name + "：" + label.zh + "为 " +
                        (finding.found.empty() ? "空" : finding.found + unit) +
                        (detail.zh.empty() ? "" : "，" + detail.zh) + "；要求 " + assessment.expected.zh +
                        unit + tier_en + "。";
    } else {
      finding.text.en = slot_name.en + ": " + label.en + " cannot be determined: " + assessment.why.en +
                        "; expected " + assessment.expected.en + unit + ".";
      finding.text.zh = zh_name + "：无法确定" + label.zh + "：" + assessment.why.zh + "；要求 " +
                        assessment.expected.zh + unit + "。";
    }
    finding.remedy =
        check_.remedy.empty() ? default_remedy(check_.property, assessment.result) : check_.remedy;
  }

  const Check& check_;
  std::string_view slot_;
  std::span<const MeasuredStack* const> parts_;
  const CheckContext& context_;
  std::vector<PartObservation> observations_;
  std::vector<const MeasuredStack*> covering_;
  std::string not_applied_;  ///< why there is nothing to observe
};

}  // namespace

RuleResults run_checks(const std::vector<Check>& checks, std::string_view rule_prefix, std::string_view slot,
                       const Text& slot_name, std::span<const MeasuredStack* const> parts,
                       const CheckContext& context) {
  RuleResults results;
  for (const Check& check : checks) {
    CheckRun(check, slot, parts, context).run(rule_prefix, slot_name, results);
  }
  return results;
}

}  // namespace trialgate::rules
