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

/// What rules came to: the findings of those that did not pass, and what each looked at.
struct RuleResults {
  std::vector<Finding> findings;
  std::vector<AppliedRule> applied;
};

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

/// Adds a statement, and the finding that the policy makes of it: none when the rule passes, or its answer is
/// unknown and accepted.
void add_statement(const Trial& trial, const RulePolicy& policy, StudyStatement statement,
                   RuleResults& results);

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
