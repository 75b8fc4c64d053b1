#pragma once

#include "rules/evaluate/condition.h"
#include "rules/evaluate/verdict.h"
#include "rules/examine/instance_record.h"
#include "rules/trial/trial.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What a built-in rule of the study has to say.
struct StudyStatement {
  std::string_view rule;  ///< key of the section `study`: "visit_window"
  CheckResult result = CheckResult::fail;
  std::string expected;
  std::string found;
  Text text;
  Text remedy;  ///< unless the trial file has its own
  std::vector<std::string> instances;
};

/// The finding that a policy makes of a statement; nothing when the rule passes, or its answer is unknown and
/// accepted.
[[nodiscard]] std::optional<Finding> finding_of(const Trial& trial, const RulePolicy& policy,
                                                StudyStatement statement);

/// Name of a property for people: that of PS3.6 or of the quantity in English, and in Chinese where we have
/// one.
[[nodiscard]] Text label_of(const Property& property);

/// What a site can do about a property that failed, or that the header does not tell.
[[nodiscard]] Text default_remedy(const Property& property, CheckResult result);

/// UIDs, each once, in the order given.
[[nodiscard]] std::vector<std::string> uids_of(const std::vector<const InstanceRecord*>& records);
/// Lists instances with a subject, bounded.
void list_instances(std::vector<std::string> uids, FindingSubject& subject);

/// Most severe first, then by rule and series: the order does not depend on that of the input.
void sort_findings(std::vector<Finding>& findings);

}  // namespace trialgate::rules
