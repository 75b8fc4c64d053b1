#include "gateway/worklist/scheduled_visits.h"

#include <algorithm>
#include <map>
#include <set>

namespace trialgate::gateway {
namespace {

using std::chrono::days;

void add_modalities(const rules::Predicate& predicate, std::set<std::string>& modalities) {
  for (const rules::Test& test : predicate.all) {
    if (test.property.quantity || test.property.attribute != "Modality") continue;
    for (const rules::Condition& condition : test.conditions) {
      if (condition.op == rules::Operator::equals || condition.op == rules::Operator::one_of)
        modalities.insert(condition.texts.begin(), condition.texts.end());
    }
  }
  for (const rules::Predicate& one : predicate.any) add_modalities(one, modalities);
}

/// Names of the series that are wanted at a time point, by modality. Of a series that may come from several
/// modalities each gets it; one that names none is nobody's task.
std::map<std::string, std::string> wanted_series(const rules::Trial& trial, const std::string& time_point) {
  std::map<std::string, std::string> wanted;
  for (const rules::SeriesSlot& slot : trial.series) {
    const bool required =
        slot.required_at_all || std::ranges::find(slot.required_at, time_point) != slot.required_at.end();
    if (!required) continue;
    std::set<std::string> modalities;
    add_modalities(slot.select, modalities);
    for (const std::string& modality : modalities) {
      std::string& names = wanted[modality];
      names += (names.empty() ? "" : "; ") + (slot.name.en.empty() ? slot.id : slot.name.en);
    }
  }
  return wanted;
}

/// Visits of one reference date whose window meets [from, to], each once, ascending.
std::vector<rules::Visit> visits_between(const rules::TimePoints& time_points, const std::string& reference,
                                         int from, int to) {
  std::vector<rules::Visit> visits;
  for (int day = from; day <= to; ++day) {
    auto visit = time_points.visit_on(reference, day);
    if (visit && (visits.empty() || visits.back().id != visit->id)) visits.push_back(std::move(*visit));
  }
  return visits;
}

}  // namespace

std::vector<ScheduledVisit> scheduled_visits(const rules::Trial& trial, std::string_view site,
                                             rules::Date today, const WorklistConfig& config,
                                             const rules::Identity& identity, const IsClosed& is_closed) {
  std::vector<ScheduledVisit> list;
  const rules::Date from = today - days(config.days_behind);
  const rules::Date to = today + days(config.days_ahead);
  const auto day_of = [](rules::Date date, rules::Date reference) {
    return static_cast<int>((date - reference).count());
  };
  for (const rules::Subject& subject : trial.subjects.subjects()) {
    if (subject.site != site) continue;
    for (const auto& [name, reference] : subject.dates) {
      for (const rules::Visit& visit :
           visits_between(trial.time_points, name, day_of(from, reference), day_of(to, reference))) {
        if (is_closed(subject, visit.id)) continue;
        ScheduledVisit step;
        step.issuer = subject.issuer;
        step.patient_id = subject.patient_id;
        step.subject_id = subject.subject_id;
        step.site = subject.site;
        step.protocol_id = trial.protocol_id;
        step.protocol_name = trial.name;
        step.sponsor = trial.sponsor;
        step.time_point = visit.id;
        step.first_day = reference + days(visit.earliest_day);
        step.last_day = reference + days(visit.latest_day);
        const std::string name_of_visit =
            "work list/" + trial.protocol_id + '/' + subject.subject_id + '/' + visit.id;
        step.study_uid = identity.new_uid(name_of_visit);
        step.visit_id = identity.hash(name_of_visit);
        for (const auto& [modality, series] : wanted_series(trial, visit.id)) {
          step.modality = modality;
          step.series = series;
          step.step_id = identity.hash(name_of_visit + '/' + modality);
          list.push_back(step);
        }
      }
    }
  }
  return list;
}

}  // namespace trialgate::gateway
