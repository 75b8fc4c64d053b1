#include "gateway/commands/verdict_text.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace trialgate::gateway {
namespace {

const std::string& in(const rules::Text& text, rules::Language language) {
  const std::string& wanted = language == rules::Language::zh ? text.zh : text.en;
  if (!wanted.empty()) return wanted;
  return language == rules::Language::zh ? text.en : text.zh;
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

/// Columns as wide as their widest cell. Cells are ASCII here: rule ids, numbers, keywords.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::ostream& out, const std::string& indent) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const auto& row : rows_) {
      std::string line = indent;
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
      }
      out << line << '\n';
    }
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

void print_visit(std::ostream& out, const rules::Verdict& verdict) {
  out << "  subject " << or_dash(verdict.subject_id) << ", time point " << or_dash(verdict.time_point_id);
  if (verdict.visit.study_date) out << ", study date " << rules::to_iso_date(*verdict.visit.study_date);
  if (verdict.visit.day) out << ", day " << *verdict.visit.day;
  if (verdict.visit.earliest && verdict.visit.latest) {
    out << ", window " << rules::to_iso_date(*verdict.visit.earliest) << " to "
        << rules::to_iso_date(*verdict.visit.latest);
  }
  out << '\n';
  if (verdict.outcome == rules::Outcome::quarantine && verdict.visit.rescan_until) {
    out << "  a re-scan counts until " << rules::to_iso_date(*verdict.visit.rescan_until) << '\n';
  }
}

void print_findings(std::ostream& out, const rules::Verdict& verdict, rules::Language language) {
  if (verdict.findings.empty()) return;
  Table table({"severity", "rule", "result", "expected", "found"});
  for (const rules::Finding& finding : verdict.findings) {
    const std::string unit = finding.unit.empty() ? "" : ' ' + finding.unit;
    table.add({std::string(to_string(finding.severity)), finding.rule_id,
               std::string(to_string(finding.result)), or_dash(finding.expected) + unit,
               finding.found.empty() ? "-" : finding.found + unit});
  }
  table.print(out, "  ");
  for (const rules::Finding& finding : verdict.findings) {
    out << "  * " << in(finding.text, language) << '\n';
    if (!finding.remedy.empty()) out << "    -> " << in(finding.remedy, language) << '\n';
  }
}

/// Every rule with what it looked at, in the order of the trial file.
void print_rules(std::ostream& out, const rules::Verdict& verdict) {
  for (const rules::AppliedRule& rule : verdict.rules) {
    const std::string unit = rule.unit.empty() ? "" : ' ' + rule.unit;
    out << "  " << (rule.result ? to_string(*rule.result) : "not applied") << "  " << rule.rule_id;
    if (!rule.property.empty() && !rule.rule_id.ends_with('/' + rule.property)) out << "  " << rule.property;
    if (!rule.expected.empty()) out << ", expected " << rule.expected << unit;
    out << '\n';
    if (!rule.why.empty()) out << "      " << rule.why << '\n';
    for (const rules::SeenValue& seen : rule.seen) {
      out << "      " << (seen.value.empty() ? "-" : seen.value + unit) << "  in " << seen.instance_count
          << (seen.instance_count == 1 ? " instance" : " instances");
      if (!seen.series_uid.empty()) out << " of series " << seen.series_uid;
      if (!seen.detail.empty() && seen.detail != rule.why) out << ": " << seen.detail;
      out << '\n';
    }
    if (rule.seen_count > rule.seen.size()) {
      out << "      and " << rule.seen_count - rule.seen.size() << " more values\n";
    }
  }
}

void print_explanation(std::ostream& out, const rules::Verdict& verdict) {
  print_rules(out, verdict);
  if (!verdict.slots.empty()) {
    Table table({"slot", "series", "instances", "alternates"});
    for (const auto& [slot, match] : verdict.slots) {
      std::string series;
      for (const std::string& uid : match.series_uids) series += (series.empty() ? "" : ",") + uid;
      table.add({slot, or_dash(series), std::to_string(match.instances.size()),
                 std::to_string(match.alternates.size())});
    }
    table.print(out, "  ");
  }
  if (!verdict.unmatched.empty()) {
    Table table({"in no slot", "kind", "slices", "modality", "why"});
    for (const rules::UnmatchedStack& stack : verdict.unmatched) {
      table.add({stack.series_uid, std::string(to_string(stack.kind)), std::to_string(stack.slice_count),
                 or_dash(stack.modality), stack.reason});
    }
    table.print(out, "  ");
  }
  out << "  rules " << verdict.rules_sha256 << "\n  register " << verdict.register_sha256 << '\n';
}

}  // namespace

void print_verdict(std::ostream& out, const rules::Verdict& verdict, const VerdictTextOptions& options) {
  out << "study " << or_dash(verdict.study_uid) << "  " << to_string(verdict.outcome);
  if (verdict.outcome == rules::Outcome::release && verdict.has_deviation()) out << " with deviations";
  out << "\n  " << verdict.instance_count << (verdict.instance_count == 1 ? " instance" : " instances")
      << ", site " << or_dash(verdict.site) << ", charter " << or_dash(verdict.charter_version) << '\n';
  print_visit(out, verdict);
  print_findings(out, verdict, options.language);
  if (options.explain) print_explanation(out, verdict);
}

}  // namespace trialgate::gateway
