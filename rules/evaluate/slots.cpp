#include "rules/evaluate/slots.h"

#include "rules/evaluate/checks.h"
#include "rules/evaluate/predicate.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

namespace trialgate::rules {
namespace {

/// Share of the largest candidate's range from which another one may stand for the scan.
constexpr double least_share = 0.5;
/// Fewer slices continue nothing.
constexpr std::size_t least_slices_of_part = 3;

bool is_countable(StackKind kind) {
  return kind == StackKind::image || kind == StackKind::derived;
}

/// What a candidate covers, in mm; its slices where there is no geometry (then all are compared by number).
double range_of(const MeasuredStack& measured, bool by_geometry) {
  return by_geometry ? *measured.geometry.coverage_mm : static_cast<double>(measured.stack->slices.size());
}

std::vector<const MeasuredStack*> without_fragments(std::vector<const MeasuredStack*> candidates) {
  const bool by_geometry = std::ranges::all_of(
      candidates, [](const MeasuredStack* m) { return m->geometry.coverage_mm.has_value(); });
  double largest = 0;
  for (const MeasuredStack* const candidate : candidates)
    largest = std::max(largest, range_of(*candidate, by_geometry));
  std::erase_if(candidates,
                [&](const MeasuredStack* m) { return range_of(*m, by_geometry) < least_share * largest; });
  return candidates;
}

/// Most severe finding, number of findings; smaller is better. No finding comes before a note.
std::tuple<int, std::size_t> badness(const std::vector<Finding>& findings) {
  int worst = -1;
  for (const Finding& finding : findings) worst = std::max(worst, static_cast<int>(finding.severity));
  return {worst, findings.size()};
}

/// True when most of `other` lies outside of what `main` covers, in the same frame of reference and
/// orientation.
bool continues(const MeasuredStack& main, const MeasuredStack& other) {
  const Stack& a = *main.stack;
  const Stack& b = *other.stack;
  if (a.frame_of_reference_uid.empty() || a.frame_of_reference_uid != b.frame_of_reference_uid) return false;
  if (!a.normal || !b.normal || b.slices.size() < least_slices_of_part) return false;
  const Vector3& n = *a.normal;
  const Vector3& m = *b.normal;
  if (std::abs(n[0] * m[0] + n[1] * m[1] + n[2] * m[2]) < 1 - orientation_tolerance) return false;
  const auto main_extent = extent_along(a, n);
  const auto extent = extent_along(b, n);
  if (!main_extent || !extent || extent->second <= extent->first) return false;
  const double overlap =
      std::min(main_extent->second, extent->second) - std::max(main_extent->first, extent->first);
  return overlap < least_share * (extent->second - extent->first);
}

class Assigning {
 public:
  Assigning(std::span<const MeasuredStack> stacks, const CheckContext& context)
      : stacks_(stacks), context_(context), reasons_(stacks.size()), is_judged_(stacks.size(), false) {}

  Assignment assign() {
    Assignment assignment;
    for (const SeriesSlot& slot : context_.trial.series) assignment.slots.push_back(assign_slot(slot));
    judge_all(assignment);
    list_unmatched(assignment);
    return assignment;
  }

 private:
  RuleResults judge(const SeriesSlot& slot, std::span<const MeasuredStack* const> parts) const {
    return run_checks(slot.checks, slot.id, slot.id, slot.name.empty() ? Text{slot.id, slot.id} : slot.name,
                      parts, context_);
  }

  std::vector<const MeasuredStack*> matching(const SeriesSlot& slot) {
    std::vector<const MeasuredStack*> candidates;
    for (std::size_t i = 0; i < stacks_.size(); ++i) {
      if (!is_countable(stacks_[i].stack->kind)) continue;
      const Answer answer = ask(slot.select, stacks_[i]);
      if (answer.result == CheckResult::pass) {
        candidates.push_back(&stacks_[i]);
      } else {
        const std::string doubt = answer.result == CheckResult::not_determinable ? "cannot be told: " : "";
        reasons_[i] += (reasons_[i].empty() ? "" : "; ") + slot.id + ": " + doubt + answer.reason.en;
      }
    }
    return candidates;
  }

  /// Once every slot has its stacks, so that series can be compared with each other.
  void judge_all(Assignment& assignment) {
    SlotParts parts;
    for (const SlotAssignment& slot : assignment.slots) parts[slot.slot->id] = slot.parts;
    context_.slots = &parts;
    for (SlotAssignment& slot : assignment.slots) {
      if (slot.parts.empty()) continue;
      RuleResults results = judge(*slot.slot, slot.parts);
      std::ranges::move(results.applied, std::back_inserter(slot.results.applied));
      std::ranges::move(results.findings, std::back_inserter(slot.results.findings));
    }
    context_.slots = nullptr;
  }

  SlotAssignment assign_slot(const SeriesSlot& slot) {
    SlotAssignment assignment;
    assignment.slot = &slot;
    const auto matches = matching(slot);
    if (matches.empty()) {
      add_missing(slot, assignment);
      return assignment;
    }
    const MeasuredStack* best = nullptr;
    std::tuple<int, std::size_t> least;
    for (const MeasuredStack* const candidate : without_fragments(matches)) {
      const auto bad = badness(judge(slot, std::span(&candidate, 1)).findings);
      const bool more_slices =
          best != nullptr && bad == least && candidate->stack->slices.size() > best->stack->slices.size();
      if (best == nullptr || bad < least || more_slices) {
        best = candidate;
        least = bad;
      }
    }
    assignment.parts.push_back(best);
    for (const MeasuredStack* const other : matches) {
      if (other == best) continue;
      const bool continues_all = std::ranges::all_of(
          assignment.parts, [&](const MeasuredStack* part) { return continues(*part, *other); });
      if (continues_all) assignment.parts.push_back(other);
    }
    list_alternates(matches, assignment);
    list_passed_over(matches, assignment);
    account_for_presence(slot, assignment);
    return assignment;
  }

  /// A series may have several stacks that fit; that it was judged does not say that all of it was.
  void list_passed_over(const std::vector<const MeasuredStack*>& matches, const SlotAssignment& assignment) {
    for (const MeasuredStack* const match : matches) {
      const auto i = static_cast<std::size_t>(match - stacks_.data());
      if (std::ranges::find(assignment.parts, match) != assignment.parts.end()) {
        is_judged_[i] = true;
      } else {
        reasons_[i] += (reasons_[i].empty() ? "" : "; ") + assignment.slot->id +
                       ": it fits, but other slices fit better and it does not continue them";
      }
    }
  }

  AppliedRule presence_rule(const SeriesSlot& slot) const {
    AppliedRule rule;
    rule.rule_id = slot.id + "/required";
    rule.property = "required_series";
    rule.expected = slot.name.en.empty() ? slot.id : slot.name.en;
    return rule;
  }

  void account_for_presence(const SeriesSlot& slot, SlotAssignment& assignment) const {
    AppliedRule rule = presence_rule(slot);
    rule.result = CheckResult::pass;
    rule.seen_count = assignment.parts.size();
    for (const MeasuredStack* const part : assignment.parts) {
      if (rule.seen.size() == max_seen_values) break;
      rule.seen.push_back({part->stack->series_uid, part->stack->records.size(),
                           std::to_string(part->stack->slices.size()) + " slices", ""});
    }
    assignment.results.applied.push_back(std::move(rule));
  }

  static void list_alternates(const std::vector<const MeasuredStack*>& matches, SlotAssignment& assignment) {
    std::set<std::string> judged;
    for (const MeasuredStack* const part : assignment.parts) judged.insert(part->stack->series_uid);
    std::set<std::string> others;
    for (const MeasuredStack* const match : matches) {
      if (!judged.contains(match->stack->series_uid)) others.insert(match->stack->series_uid);
    }
    assignment.alternates.assign(others.begin(), others.end());
  }

  bool is_required(const SeriesSlot& slot) const {
    const bool scheduled =
        !context_.time_point_id.empty() && context_.time_point_id != unscheduled_time_point;
    if (slot.required_at_all && (scheduled || context_.time_point_id.empty())) return true;
    return !slot.required_at.empty() && !context_.time_point_id.empty() &&
           is_listed(slot.required_at, context_.time_point_id);
  }

  void add_missing(const SeriesSlot& slot, SlotAssignment& assignment) const {
    AppliedRule rule = presence_rule(slot);
    if (!is_required(slot)) {
      const bool knows = slot.required_at.empty() || !context_.time_point_id.empty();
      if (!knows) rule.result = CheckResult::not_determinable;
      rule.why = knows ? "no series fits, and none is required at this time point"
                       : "no series fits, and the time point is not known";
      assignment.results.applied.push_back(std::move(rule));
      return;
    }
    std::set<std::string_view> series;
    for (const MeasuredStack& measured : stacks_) series.insert(measured.stack->series_uid);
    const Text name{slot.name.en.empty() ? slot.id : slot.name.en,
                    slot.name.zh.empty() ? slot.id : slot.name.zh};
    Finding finding;
    finding.rule_id = slot.id + "/required";
    finding.severity = slot.missing;
    finding.result = CheckResult::fail;
    finding.subject.slot = slot.id;
    finding.property = "required_series";
    finding.expected = name.en;
    finding.found = std::to_string(series.size()) + " series, none fits";
    const Text nearest = nearest_reason(slot);
    finding.text = {
        "The series \"" + name.en + "\" is missing" +
            (nearest.empty() ? "" : ". Nearest series: " + nearest.en) + ".",
        "缺少序列“" + name.zh + "”" + (nearest.empty() ? "" : "。最接近的序列：" + nearest.zh) + "。"};
    finding.remedy =
        slot.remedy.empty()
            ? Text{"Send the series; if it was not acquired, acquire it within the visit's window.",
                   "请发送该序列；如未采集，请在访视窗口内补做。"}
            : slot.remedy;
    finding.charter_version = context_.trial.charter.version;
    rule.result = CheckResult::fail;
    rule.seen.push_back({"", 0, finding.found, nearest.en});
    rule.seen_count = 1;
    assignment.results.applied.push_back(std::move(rule));
    assignment.results.findings.push_back(std::move(finding));
  }

  /// Why the largest stack of images is not the slot's.
  Text nearest_reason(const SeriesSlot& slot) const {
    const MeasuredStack* largest = nullptr;
    for (const MeasuredStack& measured : stacks_) {
      if (!is_countable(measured.stack->kind)) continue;
      if (largest == nullptr || measured.stack->slices.size() > largest->stack->slices.size())
        largest = &measured;
    }
    return largest == nullptr ? Text{} : ask(slot.select, *largest).reason;
  }

  static bool is_alternate(const Assignment& assignment, const Stack& stack) {
    return std::ranges::any_of(assignment.slots, [&](const SlotAssignment& slot) {
      return std::ranges::find(slot.alternates, stack.series_uid) != slot.alternates.end();
    });
  }

  void list_unmatched(Assignment& assignment) const {
    for (std::size_t i = 0; i < stacks_.size(); ++i) {
      if (is_judged_[i] || is_alternate(assignment, *stacks_[i].stack)) continue;
      const Stack& stack = *stacks_[i].stack;
      std::string reason = is_countable(stack.kind)
                               ? reasons_[i]
                               : "a " + std::string(to_string(stack.kind)) + " is not counted";
      assignment.unmatched.push_back(
          {stack.series_uid, stack.kind, stack.slices.size(), stack.modality, std::move(reason)});
    }
  }

  std::span<const MeasuredStack> stacks_;
  CheckContext context_;
  std::vector<std::string> reasons_;
  std::vector<bool> is_judged_;
};

}  // namespace

Assignment assign_slots(std::span<const MeasuredStack> stacks, const CheckContext& context) {
  return Assigning(stacks, context).assign();
}

}  // namespace trialgate::rules
