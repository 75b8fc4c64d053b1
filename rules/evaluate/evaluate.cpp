#include "rules/evaluate/evaluate.h"

#include "rules/evaluate/checks.h"
#include "rules/evaluate/findings.h"
#include "rules/evaluate/scanner.h"
#include "rules/evaluate/slots.h"
#include "rules/evaluate/visit.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace trialgate::rules {
namespace {

void add(Verdict& verdict, std::optional<Finding> finding) {
  if (finding) verdict.findings.push_back(std::move(*finding));
}

void add(Verdict& verdict, std::vector<Finding> findings) {
  std::ranges::move(findings, std::back_inserter(verdict.findings));
}

/// resent_instances and readable_instances.
void check_arrival(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  if (!submission.conflicts.empty()) {
    const std::string count = std::to_string(submission.conflicts.size());
    add(verdict, finding_of(trial, trial.study.resent_instances,
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
                             submission.conflicts}));
  }
  if (!submission.unreadable.empty()) {
    const std::string count = std::to_string(submission.unreadable.size());
    add(verdict, finding_of(trial, trial.study.readable_instances,
                            {"readable_instances",
                             CheckResult::fail,
                             "readable DICOM instances",
                             count + " unreadable",
                             {count + " instances cannot be read as DICOM data sets.",
                              count + " 个实例无法作为DICOM数据集读取。"},
                             {"Send these instances again from the scanner or PACS.",
                              "请从扫描仪或PACS重新发送这些实例。"},
                             submission.unreadable}));
  }
}

/// consistent_headers: fatal anomalies that the examination met.
void check_headers(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  std::vector<const InstanceRecord*> odd;
  std::ranges::copy_if(submission.records, std::back_inserter(odd),
                       [](const InstanceRecord* record) { return record->fatal_anomaly; });
  if (odd.empty()) return;
  auto uids = uids_of(odd);
  std::ranges::sort(uids);
  const std::string count = std::to_string(uids.size());
  add(verdict,
      finding_of(
          trial, trial.study.consistent_headers,
          {"consistent_headers",
           CheckResult::fail,
           "data sets as PS3.5 has them",
           count + " are not",
           {"The data sets of " + count + " instances break PS3.5 so that parts may be misread.",
            count + " 个实例的数据集不符合PS3.5，部分内容可能被误读。"},
           {"Send these instances again from the scanner or PACS.", "请从扫描仪或PACS重新发送这些实例。"},
           std::move(uids)}));
}

/// qualified_scanner, when the trial has a register of scanners.
void check_scanners(const Trial& trial, const SubmissionFacts& submission, const Assignment& assignment,
                    Verdict& verdict) {
  if (trial.scanners.register_file.empty()) return;
  std::set<std::string> judged;
  for (const SlotAssignment& slot : assignment.slots) {
    for (const MeasuredStack* const part : slot.parts) {
      const Scanner scanner = scanner_of(*part->stack->records.front());
      if (!judged.insert(scanner.in_words()).second) continue;
      const auto qualification =
          qualification_of(trial.scanners, submission.site, scanner, verdict.visit.study_date);
      if (qualification == Qualification::qualified) continue;
      const bool known = qualification != Qualification::not_determinable;
      const bool expired = qualification == Qualification::not_on_date;
      add(verdict,
          finding_of(
              trial, trial.study.qualified_scanner,
              {"qualified_scanner",
               known ? CheckResult::fail : CheckResult::not_determinable,
               "a scanner qualified for the trial",
               scanner.in_words(),
               expired ? Text{"The scanner (" + scanner.in_words() +
                                  ") was not qualified on the date of the study.",
                              "该设备（" + scanner.in_words() + "）在检查当日未处于合格有效期内。"}
               : known ? Text{"The scanner (" + scanner.in_words() + ") is not qualified for the trial.",
                              "该设备（" + scanner.in_words() + "）未通过本试验的资格认定。"}
                       : Text{"Whether the scanner (" + scanner.in_words() + ") is qualified cannot be told.",
                              "无法判断该设备（" + scanner.in_words() + "）是否合格。"},
               {"Have the scanner qualified with a test submission, or use a qualified one.",
                "请通过测试提交完成设备资格认定，或使用已认定的设备。"},
               uids_of(part->stack->records)}));
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
    add(verdict, finding_of(trial, trial.study.complete_at_source,
                            {"complete_at_source",
                             CheckResult::not_determinable,
                             "all images of the site's archive",
                             "",
                             {"The site's archive could not be asked what it has: " + source.problem + ".",
                              "无法查询该中心影像归档系统：" + source.problem + "。"},
                             {"Compare the number of images by hand.", "请人工核对图像数量。"},
                             {}}));
    return;
  }
  if (source.missing_count == 0) return;
  const std::string missing = std::to_string(source.missing_count);
  const std::string total = std::to_string(source.source_count);
  add(verdict,
      finding_of(
          trial, trial.study.complete_at_source,
          {"complete_at_source",
           CheckResult::fail,
           total + " images, as in the site's archive",
           missing + " did not arrive",
           {"The site's archive has " + total + " images of these series; " + missing + " did not arrive.",
            "该中心归档系统中这些序列共有 " + total + " 幅图像，其中 " + missing + " 幅未收到。"},
           remedy,
           source.missing}));
}

/// locked_time_point and qualified_site: what staff decided about the subject's visit and the site.
void check_standing(const Trial& trial, const SubmissionFacts& submission, Verdict& verdict) {
  const auto& locked = submission.locked_time_points;
  if (!verdict.time_point_id.empty() && std::ranges::find(locked, verdict.time_point_id) != locked.end()) {
    add(verdict,
        finding_of(trial, {RuleSeverity::query, IfUnknown::query, {}},
                   {"locked_time_point",
                    CheckResult::fail,
                    "nothing more for " + verdict.time_point_id,
                    "images of " + verdict.time_point_id,
                    {"Time point " + verdict.time_point_id + " is locked: its images are being read.",
                     "访视 " + verdict.time_point_id + " 已锁定：其影像正在阅片。"},
                    {"Release the study with a reason, or leave it.", "请说明理由后放行，或保留不放行。"},
                    {}}));
  }
  if (trial.study.qualified_site && !submission.site_qualified) {
    add(verdict,
        finding_of(trial, *trial.study.qualified_site,
                   {"qualified_site",
                    CheckResult::fail,
                    "a site whose test submission was accepted",
                    "none",
                    {"The site is not qualified for the trial yet.", "该中心尚未通过本试验的资格认定。"},
                    {"Accept a test submission of the site, then judge the study again.",
                     "请先通过该中心的测试提交，再重新判定。"},
                    {}}));
  }
}

void keep_slots(const Trial& trial, Assignment& assignment, Verdict& verdict) {
  std::set<std::string> modalities;
  for (SlotAssignment& slot : assignment.slots) {
    add(verdict, std::move(slot.findings));
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
  add(verdict, std::move(place.findings));
  check_arrival(trial, submission, verdict);
  check_source(trial, submission, verdict);
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

  sort_findings(verdict.findings);
  verdict.outcome = outcome_of(verdict.findings);
  return verdict;
}

}  // namespace trialgate::rules
