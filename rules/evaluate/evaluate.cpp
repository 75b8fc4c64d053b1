#include "rules/evaluate/evaluate.h"

#include "rules/evaluate/checks.h"
#include "rules/evaluate/findings.h"
#include "rules/evaluate/plausible.h"
#include "rules/evaluate/scanner.h"
#include "rules/evaluate/slots.h"
#include "rules/evaluate/visit.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace trialgate::rules {
namespace {

void add(Verdict& verdict, RuleResults results) {
  std::ranges::move(results.findings, std::back_inserter(verdict.findings));
  std::ranges::move(results.applied, std::back_inserter(verdict.rules));
}

void add(const Trial& trial, const RulePolicy& policy, StudyStatement statement, Verdict& verdict) {
  RuleResults results;
  add_statement(trial, policy, std::move(statement), results);
  add(verdict, std::move(results));
}

/// resent_instances and readable_instances.
void check_arrival(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  if (!submission.conflicts.empty()) {
    const std::string count = std::to_string(submission.conflicts.size());
    add(trial, trial.study.resent_instances,
        {"resent_instances",
         CheckResult::fail,
         "each instance once",
         count + " with other content",
         {count + " instances were sent again under the same SOP Instance UID with other "
                  "content; both versions "
                  "are kept.",
          count + " 个实例以相同的SOP实例UID、不同内容再次发送；两个版本均已保存。"},
         {"Say which version is the right one and why the other was sent; a changed "
          "image needs a new UID.",
          "请说明哪个版本正确以及另一版本的发送原因；修改后的图像须使用新的UID。"},
         submission.conflicts},
        verdict);
  }
  if (!submission.unreadable.empty()) {
    const std::string count = std::to_string(submission.unreadable.size());
    add(trial, trial.study.readable_instances,
        {"readable_instances",
         CheckResult::fail,
         "readable DICOM instances",
         count + " unreadable",
         {count + " instances cannot be read as DICOM data sets.",
          count + " 个实例无法作为DICOM数据集读取。"},
         {"Send these instances again from the scanner or PACS.", "请从扫描仪或PACS重新发送这些实例。"},
         submission.unreadable},
        verdict);
  }
}

/// consistent_headers: fatal anomalies that the examination met, and values that cannot be.
void check_headers(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  constexpr std::size_t most_named = 8;
  std::vector<const InstanceRecord*> broken;
  std::vector<const InstanceRecord*> odd;
  std::vector<Text> named;
  for (const InstanceRecord* const record : submission.records) {
    if (record->fatal_anomaly) broken.push_back(record);
    const std::vector<Text> contradictions = header_contradictions(*record);
    if (!contradictions.empty()) odd.push_back(record);
    for (const Text& text : contradictions) {
      if (std::ranges::find(named, text) == named.end()) named.push_back(text);
    }
  }
  std::ranges::sort(named, {}, &Text::en);
  if (named.size() > most_named) named.resize(most_named);
  const auto sorted_uids = [](const std::vector<const InstanceRecord*>& records) {
    auto uids = uids_of(records);
    std::ranges::sort(uids);
    return uids;
  };
  if (!broken.empty()) {
    auto uids = sorted_uids(broken);
    const std::string count = std::to_string(uids.size());
    add(trial, trial.study.consistent_headers,
        {"consistent_headers",
         CheckResult::fail,
         "data sets as PS3.5 has them",
         count + " are not",
         {"The data sets of " + count + " instances break PS3.5 so that parts may be misread.",
          count + " 个实例的数据集不符合PS3.5，部分内容可能被误读。"},
         {"Send these instances again from the scanner or PACS.", "请从扫描仪或PACS重新发送这些实例。"},
         std::move(uids)},
        verdict);
  }
  if (!odd.empty()) {
    auto uids = sorted_uids(odd);
    const std::string count = std::to_string(uids.size());
    Text list;
    for (const Text& text : named) {
      list.en += (list.en.empty() ? "" : "; ") + text.en;
      list.zh += (list.zh.empty() ? "" : "；") + text.zh;
    }
    add(trial, trial.study.consistent_headers,
        {"consistent_headers",
         CheckResult::fail,
         "headers that agree with themselves",
         list.en,
         {"The headers of " + count + " instances hold what cannot be: " + list.en + ".",
          count + " 个实例的图像头信息存在不可能的内容：" + list.zh + "。"},
         {"Confirm these values with the scanner's records.", "请核对设备记录中的上述数值。"},
         std::move(uids)},
        verdict);
  }
}

/// qualified_scanner, when the trial has a register of scanners.
void check_qualification(const Trial& trial, const SubmissionFacts& submission, const Stack& stack,
                         const Scanner& scanner, Verdict& verdict) {
  const auto qualification =
      qualification_of(trial.scanners, submission.site, scanner, verdict.visit.study_date);
  const std::string words = scanner.in_words();
  StudyStatement statement{"qualified_scanner",
                           CheckResult::fail,
                           "a scanner qualified for the trial",
                           words,
                           {},
                           {"Have the scanner qualified with a test submission, or use a qualified one.",
                            "请通过测试提交完成设备资格认定，或使用已认定的设备。"},
                           uids_of(stack.records)};
  switch (qualification) {
    case Qualification::qualified:
      statement.result = CheckResult::pass;
      break;
    case Qualification::not_on_date:
      statement.text = {"The scanner (" + words + ") was not qualified on the date of the study.",
                        "该设备（" + words + "）在检查当日未处于合格有效期内。"};
      break;
    case Qualification::not_registered:
      statement.text = {"The scanner (" + words + ") is not qualified for the trial.",
                        "该设备（" + words + "）未通过本试验的资格认定。"};
      break;
    case Qualification::not_determinable:
      statement.result = CheckResult::not_determinable;
      statement.text = {"Whether the scanner (" + words + ") is qualified cannot be told.",
                        "无法判断该设备（" + words + "）是否合格。"};
      break;
  }
  add(trial, trial.study.qualified_scanner, std::move(statement), verdict);
}

/// current_phantom, for modalities that the trial wants phantom scans of.
void check_phantom(const Trial& trial, const SubmissionFacts& submission, const Stack& stack,
                   const Scanner& scanner, Verdict& verdict) {
  const auto schedule = trial.scanners.phantom_every_days.find(stack.modality);
  if (schedule == trial.scanners.phantom_every_days.end()) return;
  const std::string most = std::to_string(schedule->second);
  const std::string words = scanner.in_words();
  StudyStatement statement{
      "current_phantom",
      CheckResult::not_determinable,
      stack.modality + " phantom scan at most " + most + " days before",
      "",
      {"The scanner register has no phantom scan of the scanner (" + words + ") before the study.",
       "设备登记表中没有该设备（" + words + "）在检查前的体模扫描记录。"},
      {"Scan the phantom, have it accepted and the register completed.",
       "请完成体模扫描、通过审核并更新设备登记表。"},
      uids_of(stack.records)};
  const auto& date = verdict.visit.study_date;
  const auto age = date ? days_since_phantom(trial.scanners, submission.site, scanner, *date) : std::nullopt;
  if (age) {
    statement.result = *age <= schedule->second ? CheckResult::pass : CheckResult::fail;
    statement.found = std::to_string(*age) + " days";
    statement.text = {"The last accepted phantom scan of the scanner (" + words + ") was " +
                          std::to_string(*age) + " days before the study; at most " + most + " are allowed.",
                      "该设备（" + words + "）最近一次合格的体模扫描距检查 " + std::to_string(*age) +
                          " 天，最多允许 " + most + " 天。"};
  }
  add(trial, trial.study.current_phantom, std::move(statement), verdict);
}

/// Both rules once for each scanner and modality.
void check_scanners(const Trial& trial, const SubmissionFacts& submission, const Assignment& assignment,
                    Verdict& verdict) {
  std::set<std::string> qualified;
  std::set<std::pair<std::string, std::string>> measured;
  for (const SlotAssignment& slot : assignment.slots) {
    for (const MeasuredStack* const part : slot.parts) {
      const Stack& stack = *part->stack;
      const Scanner scanner = scanner_of(*stack.records.front());
      const std::string words = scanner.in_words();
      if (!trial.scanners.register_file.empty() && qualified.insert(words).second) {
        check_qualification(trial, submission, stack, scanner, verdict);
      }
      if (measured.emplace(words, stack.modality).second) {
        check_phantom(trial, submission, stack, scanner, verdict);
      }
    }
  }
}

/// complete_at_source: nothing of the series that arrived is still in the site's archive.
void check_source(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  if (!submission.source) return;
  const SourceComparison& source = *submission.source;
  const Text remedy{"Send the images that are missing from the scanner or PACS again.",
                    "请从扫描仪或PACS补发缺失的图像。"};
  if (!source.problem.empty()) {
    add(trial, trial.study.complete_at_source,
        {"complete_at_source",
         CheckResult::not_determinable,
         "all images of the site's archive",
         "",
         {"The site's archive could not be asked what it has: " + source.problem + ".",
          "无法查询该中心影像归档系统：" + source.problem + "。"},
         {"Compare the number of images by hand.", "请人工核对图像数量。"},
         {}},
        verdict);
    return;
  }
  if (source.missing_count == 0) return;
  const std::string missing = std::to_string(source.missing_count);
  const std::string total = std::to_string(source.source_count);
  add(trial, trial.study.complete_at_source,
      {"complete_at_source",
       CheckResult::fail,
       total + " images, as in the site's archive",
       missing + " did not arrive",
       {"The site's archive has " + total + " images of these series; " + missing + " did not arrive.",
        "该中心归档系统中这些序列共有 " + total + " 幅图像，其中 " + missing + " 幅未收到。"},
       remedy,
       source.missing},
      verdict);
}

/// complete_as_performed: all that the modality says it made has arrived.
void check_performed(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  if (!submission.performed || submission.performed->missing_count == 0) return;
  const SourceComparison& performed = *submission.performed;
  const std::string missing = std::to_string(performed.missing_count);
  const std::string total = std::to_string(performed.source_count);
  add(trial, trial.study.complete_as_performed,
      {"complete_as_performed",
       CheckResult::fail,
       total + " instances, as the modality reported",
       missing + " did not arrive",
       {"The modality reported " + total + " instances of this study when it had finished; " + missing +
            " did not arrive.",
        "设备完成检查时报告该检查共有 " + total + " 个实例，其中 " + missing + " 个未收到。"},
       {"Send the instances that are missing from the scanner or PACS again, or say why they are not needed.",
        "请从扫描仪或PACS补发缺失的实例，或说明无需发送的原因。"},
       performed.missing},
      verdict);
}

/// locked_time_point and qualified_site: what staff decided about the subject's visit and the site.
void check_standing(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  const auto& locked = submission.locked_time_points;
  if (!verdict.time_point_id.empty() && std::ranges::find(locked, verdict.time_point_id) != locked.end()) {
    add(trial, {RuleSeverity::query, IfUnknown::query, {}},
        {"locked_time_point",
         CheckResult::fail,
         "nothing more for " + verdict.time_point_id,
         "images of " + verdict.time_point_id,
         {"Time point " + verdict.time_point_id + " is locked: its images are being read.",
          "访视 " + verdict.time_point_id + " 已锁定：其影像正在阅片。"},
         {"Release the study with a reason, or leave it.", "请说明理由后放行，或保留不放行。"},
         {}},
        verdict);
  }
  if (trial.study.qualified_site && !submission.site_qualified) {
    add(trial, *trial.study.qualified_site,
        {"qualified_site",
         CheckResult::fail,
         "a site whose test submission was accepted",
         "none",
         {"The site is not qualified for the trial yet.", "该中心尚未通过本试验的资格认定。"},
         {"Accept a test submission of the site, then judge the study again.",
          "请先通过该中心的测试提交，再重新判定。"},
         {}},
        verdict);
  }
}

/// Built-in rules with nothing to say have passed, as far as they apply.
void account_for_silent_rules(Verdict& verdict) {
  std::vector<std::string_view> names{"known_subject",      "one_subject",       "visit_window",
                                      "dates_agree",        "single_study",      "resent_instances",
                                      "readable_instances", "consistent_headers"};
  const bool unscheduled = verdict.time_point_id == unscheduled_time_point;
  for (const std::string_view name : names) {
    AppliedRule rule;
    rule.rule_id = "study/" + std::string(name);
    if (std::ranges::find(verdict.rules, rule.rule_id, &AppliedRule::rule_id) != verdict.rules.end())
      continue;
    rule.property = name;
    if (name == "visit_window" && (unscheduled || verdict.subject_id.empty())) {
      rule.why = unscheduled ? "the study was classified as unscheduled" : "the subject is not known";
    } else {
      rule.result = CheckResult::pass;
    }
    if (name == "visit_window" && verdict.visit.earliest && verdict.visit.latest) {
      rule.expected = to_iso_date(*verdict.visit.earliest) + " to " + to_iso_date(*verdict.visit.latest);
    }
    if ((name == "visit_window" || name == "dates_agree") && verdict.visit.study_date) {
      rule.seen.push_back({"", verdict.instance_count, to_iso_date(*verdict.visit.study_date), "Study Date"});
      rule.seen_count = 1;
    }
    if (name == "known_subject") {
      rule.seen.push_back({"", verdict.instance_count, verdict.subject_id, ""});
      rule.seen_count = 1;
    }
    verdict.rules.push_back(std::move(rule));
  }
  std::ranges::stable_sort(verdict.rules, [&](const AppliedRule& a, const AppliedRule& b) {
    return a.rule_id.starts_with("study/") && !b.rule_id.starts_with("study/");
  });
}

void keep_slots(const Trial& trial, Assignment& assignment, Verdict& verdict) {
  std::set<std::string> modalities;
  for (SlotAssignment& slot : assignment.slots) {
    add(verdict, std::move(slot.results));
    if (slot.parts.empty()) continue;
    SlotMatch match;
    std::set<std::string> series;
    std::vector<const InstanceRecord*> records;
    for (const MeasuredStack* const part : slot.parts) {
      series.insert(part->stack->series_uid);
      records.insert(records.end(), part->stack->records.begin(), part->stack->records.end());
      if (!part->stack->modality.empty()) modalities.insert(part->stack->modality);
    }
    match.series_uids.assign(series.begin(), series.end());
    match.instances = uids_of(records);
    match.alternates = std::move(slot.alternates);
    verdict.slots.emplace(slot.slot->id, std::move(match));
    verdict.facts.emplace(slot.slot->id, facts_of(trial, *slot.slot, slot.parts));
  }
  verdict.modalities.assign(modalities.begin(), modalities.end());
  verdict.unmatched = std::move(assignment.unmatched);
}

std::vector<const MeasuredStack*> judged_parts(const Assignment& assignment) {
  std::vector<const MeasuredStack*> parts;
  for (const SlotAssignment& slot : assignment.slots) {
    for (const MeasuredStack* const part : slot.parts) {
      if (std::ranges::find(parts, part) == parts.end()) parts.push_back(part);
    }
  }
  return parts;
}

Outcome outcome_of(const std::vector<Finding>& findings) {
  const bool held =
      std::ranges::any_of(findings, [](const Finding& f) { return f.severity >= RuleSeverity::query; });
  return held ? Outcome::quarantine : Outcome::release;
}

}  // namespace

Verdict evaluate(const Trial& trial, const SubmissionFacts& submission, const SubjectHistory& history) {
  Verdict verdict;
  verdict.version = submission.previous_version + 1;
  verdict.protocol_id = trial.protocol_id;
  verdict.site = submission.site;
  verdict.study_uid = submission.study_uid;
  verdict.instance_count = submission.records.size();
  verdict.charter_version = trial.charter.version;
  verdict.rules_sha256 = trial.rules_sha256;
  verdict.register_sha256 = trial.register_sha256;

  StudyPlace place = place_study(trial, submission, history);
  if (place.subject != nullptr) verdict.subject_id = place.subject->subject_id;
  verdict.time_point_id = std::move(place.time_point_id);
  verdict.visit = place.visit;
  add(verdict, std::move(place.results));
  check_arrival(trial, submission, verdict);
  check_source(trial, submission, verdict);
  check_performed(trial, submission, verdict);
  check_standing(trial, submission, verdict);
  check_headers(trial, submission, verdict);

  const std::vector<Stack> stacks = build_stacks(submission.records);
  std::vector<MeasuredStack> measured;
  measured.reserve(stacks.size());
  for (const Stack& stack : stacks) measured.push_back({&stack, geometry_of(stack)});
  const CheckContext context{trial, history, place.subject != nullptr, verdict.time_point_id,
                             verdict.visit.study_date};
  Assignment assignment = assign_slots(measured, context);
  const auto parts = judged_parts(assignment);
  add(verdict, run_checks(trial.study.checks, "study", "", {"Study", "检查"}, parts, context));
  check_scanners(trial, submission, assignment, verdict);
  keep_slots(trial, assignment, verdict);

  account_for_silent_rules(verdict);
  sort_findings(verdict.findings);
  verdict.outcome = outcome_of(verdict.findings);
  return verdict;
}

}  // namespace trialgate::rules
