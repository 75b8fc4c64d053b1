#include "rules/evaluate/visit.h"

#include "rules/dataset/values.h"
#include "rules/evaluate/stacks.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace trialgate::rules {
namespace {

using namespace std::chrono;

/// One identity that instances carry, and which of them.
struct Patient {
  std::string issuer;
  std::string patient_id;  // empty: absent
  const Subject* subject = nullptr;
  std::vector<std::string> instances;
};

std::string trimmed_text(const InstanceRecord& record, std::string_view path) {
  const auto text = record.text(path);
  return text ? std::string(trim(*text)) : std::string();
}

/// The identities of a submission, most instances first.
std::vector<Patient> patients_of(const Trial& trial, const SubmissionFacts& submission) {
  std::map<std::pair<std::string, std::string>, Patient> by_identity;
  for (const InstanceRecord* const record : submission.records) {
    std::string issuer = trimmed_text(*record, "IssuerOfPatientID");
    std::string id = trimmed_text(*record, "PatientID");
    Patient& patient = by_identity[std::pair(issuer, id)];
    patient.issuer = std::move(issuer);
    patient.patient_id = std::move(id);
    patient.instances.push_back(record->sop_instance_uid);
  }
  std::vector<Patient> patients;
  for (auto& [identity, patient] : by_identity) {
    if (!patient.patient_id.empty()) {
      patient.subject = trial.subjects.find(submission.site, patient.issuer, patient.patient_id);
    }
    std::ranges::sort(patient.instances);
    patients.push_back(std::move(patient));
  }
  std::ranges::stable_sort(patients, std::ranges::greater{},
                           [](const Patient& p) { return p.instances.size(); });
  return patients;
}

/// The subject that most instances are of.
const Subject* main_subject(const std::vector<Patient>& patients) {
  const auto known = std::ranges::find_if(patients, [](const Patient& p) { return p.subject != nullptr; });
  return known == patients.end() ? nullptr : known->subject;
}

/// A DA, or the day of a DT.
std::optional<Date> date_in(const InstanceRecord& record, std::string_view path) {
  constexpr std::size_t date_length = 8;
  const auto text = record.text(path);
  if (!text) return std::nullopt;
  return parse_dicom_date(path.ends_with("DateTime") ? text->substr(0, date_length) : *text);
}

/// Reads an attribute of every instance as a date; how often each occurs.
std::map<Date, std::size_t> dates_of(const SubmissionFacts& submission, std::string_view path) {
  std::map<Date, std::size_t> dates;
  for (const InstanceRecord* const record : submission.records) {
    if (const auto date = date_in(*record, path)) ++dates[*date];
  }
  return dates;
}

/// Study Date of most instances; the earlier of two.
std::optional<Date> study_date_of(const SubmissionFacts& submission) {
  const auto dates = dates_of(submission, "StudyDate");
  const auto most = std::ranges::max_element(dates, {}, [](const auto& entry) { return entry.second; });
  return most == dates.end() ? std::nullopt : std::optional(most->first);
}

int days_between(Date from, Date to) {
  return static_cast<int>((to - from).count());
}

int days_outside(const Visit& visit, int day) {
  return std::max({0, visit.earliest_day - day, day - visit.latest_day});
}

/// A visit and the reference date that its days count from.
struct Candidate {
  Visit visit;
  Date reference;
  int day = 0;
};

/// The visit whose window holds the date, or is nearest to it.
std::optional<Candidate> nearest_visit(const Trial& trial, const Subject& subject, Date study_date) {
  std::optional<Candidate> nearest;
  for (const std::string& name : trial.time_points.references()) {
    const auto reference = subject.dates.find(name);
    if (reference == subject.dates.end()) continue;
    const int day = days_between(reference->second, study_date);
    auto visit = trial.time_points.nearest_visit(name, day);
    if (!visit) continue;
    const bool closer =
        !nearest || days_outside(*visit, day) < days_outside(nearest->visit, nearest->day) ||
        (days_outside(*visit, day) == days_outside(nearest->visit, nearest->day) &&
         std::abs(day - visit->target_day) < std::abs(nearest->day - nearest->visit.target_day));
    if (closer) nearest = Candidate{std::move(*visit), reference->second, day};
  }
  return nearest;
}

/// The visit that staff named, if the subject has its reference date.
std::optional<Candidate> named_visit(const Trial& trial, const Subject& subject, std::string_view id,
                                     Date study_date) {
  auto visit = trial.time_points.visit_named(id);
  if (!visit) return std::nullopt;
  const auto reference = subject.dates.find(visit->reference);
  if (reference == subject.dates.end()) return std::nullopt;
  return Candidate{std::move(*visit), reference->second, days_between(reference->second, study_date)};
}

/// Applies the rules one after the other.
class Placing {
 public:
  Placing(const Trial& trial, const SubmissionFacts& submission, const SubjectHistory& history)
      : trial_(trial), submission_(submission), history_(history) {}

  StudyPlace place() {
    const auto patients = patients_of(trial_, submission_);
    place_.subject = main_subject(patients);
    check_subject(patients);
    place_.visit.study_date = study_date_of(submission_);
    check_dates();
    if (place_.subject != nullptr) check_visit();
    check_single_study();
    return std::move(place_);
  }

 private:
  void add(const RulePolicy& policy, StudyStatement statement) {
    add_statement(trial_, policy, std::move(statement), place_.results);
  }

  void check_subject(const std::vector<Patient>& patients) {
    if (patients.empty()) return;
    std::vector<std::string> unnamed;
    std::vector<std::string> unknown;
    std::vector<std::string> others;
    for (const Patient& patient : patients) {
      auto& list = patient.patient_id.empty() ? unnamed : patient.subject == nullptr ? unknown : others;
      if (patient.subject != nullptr && patient.subject->subject_id == place_.subject->subject_id) continue;
      list.insert(list.end(), patient.instances.begin(), patient.instances.end());
    }
    if (place_.subject != nullptr) {
      others.insert(others.end(), unknown.begin(), unknown.end());
      check_one_subject(std::move(others), std::move(unnamed));
      return;
    }
    const Text remedy{
        "Check that the study is of a subject of this trial and ask the trial team to register the patient "
        "ID; if it was sent by mistake, say so.",
        "请确认该检查属于本试验受试者，并请试验团队登记患者编号；如属误发，请说明。"};
    if (!unknown.empty()) {
      add(trial_.study.known_subject,
          {"known_subject",
           CheckResult::fail,
           "a registered subject",
           "not registered",
           {"The patient of this study is not in the subject register for site " + submission_.site + ".",
            "该检查的患者不在研究中心 " + submission_.site + " 的受试者登记表中。"},
           remedy,
           std::move(unknown)});
    } else {
      add(trial_.study.known_subject, {"known_subject",
                                       CheckResult::not_determinable,
                                       "a registered subject",
                                       "",
                                       {"The study has no patient ID, so that its subject cannot be told.",
                                        "该检查没有患者编号，无法确定受试者。"},
                                       remedy,
                                       std::move(unnamed)});
    }
  }

  void check_one_subject(std::vector<std::string> others, std::vector<std::string> unnamed) {
    const Text remedy{"Send the images of each patient as a study of its own.",
                      "请将每位患者的图像作为独立检查发送。"};
    if (!others.empty()) {
      const std::string count = std::to_string(others.size());
      add(trial_.study.one_subject, {"one_subject",
                                     CheckResult::fail,
                                     "one patient",
                                     count + " instances of another patient",
                                     {"The study holds images of more than one patient: " + count +
                                          " instances are not of this subject.",
                                      "该检查包含多名患者的图像：" + count + " 个实例不属于本受试者。"},
                                     remedy,
                                     std::move(others)});
    }
    if (!unnamed.empty()) {
      const std::string count = std::to_string(unnamed.size());
      add(trial_.study.one_subject,
          {"one_subject",
           CheckResult::not_determinable,
           "one patient",
           "",
           {count + " instances have no patient ID.", count + " 个实例没有患者编号。"},
           remedy,
           std::move(unnamed)});
    }
  }

  void add_date_conflict(std::string expected, std::string found, Text text,
                         std::vector<std::string> instances = {}) {
    add(trial_.study.dates_agree, {"dates_agree",
                                   CheckResult::fail,
                                   std::move(expected),
                                   std::move(found),
                                   std::move(text),
                                   {"Confirm the date of the examination and the clocks of the devices.",
                                    "请确认检查日期及各设备时钟。"},
                                   std::move(instances)});
  }

  void check_dates() {
    const auto study_dates = dates_of(submission_, "StudyDate");
    if (study_dates.size() > 1) {
      add_date_conflict(
          to_iso_date(*place_.visit.study_date),
          to_iso_date(study_dates.begin()->first) + " to " + to_iso_date(study_dates.rbegin()->first),
          {"The instances name different study dates.", "各实例的检查日期不一致。"});
    }
    check_content_dates();
    check_arrival_date();
    auto acquired = dates_of(submission_, "AcquisitionDate");
    if (acquired.empty()) acquired = dates_of(submission_, "AcquisitionDateTime");
    if (!place_.visit.study_date || acquired.empty()) return;
    const int difference = days_between(*place_.visit.study_date, acquired.begin()->first);
    // A study that starts before midnight acquires its first image on the next day.
    if (difference == 0 || difference == 1) return;
    const std::string study = to_iso_date(*place_.visit.study_date);
    const std::string first = to_iso_date(acquired.begin()->first);
    add_date_conflict(study, first,
                      {"Study Date is " + study + ", but the first image was acquired on " + first + ".",
                       "检查日期为 " + study + "，但首幅图像采集于 " + first + "。"});
  }

  /// An image cannot exist before it was acquired (PS3.3 §C.7.6.1: Content Date is that of its creation).
  void check_content_dates() {
    std::vector<std::string> instances;
    std::string acquired_on;
    std::string made_on;
    for (const InstanceRecord* const record : submission_.records) {
      const auto acquired = date_in(*record, "AcquisitionDate");
      const auto made = date_in(*record, "ContentDate");
      if (!acquired || !made || *made >= *acquired) continue;
      acquired_on = to_iso_date(*acquired);
      made_on = to_iso_date(*made);
      instances.push_back(record->sop_instance_uid);
    }
    if (instances.empty()) return;
    std::ranges::sort(instances);
    const std::string count = std::to_string(instances.size());
    add_date_conflict("a Content Date not before " + acquired_on, made_on,
                      {"The clocks disagree: " + count + " images have a Content Date (" + made_on +
                           ") before their Acquisition Date (" + acquired_on + ").",
                       "时钟不一致：" + count + " 幅图像的内容日期（" + made_on + "）早于采集日期（" +
                           acquired_on + "）。"},
                      std::move(instances));
  }

  /// Zones reach 14 hours beyond UTC, so that a scan of the next day may have arrived.
  void check_arrival_date() {
    if (!submission_.received) return;
    std::optional<Date> latest = place_.visit.study_date;
    for (const char* const path : {"AcquisitionDate", "AcquisitionDateTime"}) {
      const auto dates = dates_of(submission_, path);
      if (!dates.empty()) latest = std::max(latest, std::optional(dates.rbegin()->first));
    }
    if (!latest || *latest <= *submission_.received + days{1}) return;
    const std::string received = to_iso_date(*submission_.received);
    const std::string scanned = to_iso_date(*latest);
    add_date_conflict(
        "not after " + received, scanned,
        {"The clocks disagree: the images are of " + scanned + ", but arrived on " + received + ".",
         "时钟不一致：图像日期为 " + scanned + "，但于 " + received + " 即已到达。"});
  }

  void check_visit() {
    const auto& classification = submission_.classification;
    const bool unscheduled = classification && classification->time_point == unscheduled_time_point;
    if (unscheduled) place_.time_point_id = unscheduled_time_point;
    if (unscheduled && classification->reason == adverse_event_class && trial_.adverse_events.hold)
      hold_adverse_event();
    const auto& study_date = place_.visit.study_date;
    if (!study_date) {
      if (classification) place_.time_point_id = classification->time_point;
      cannot_tell_window({"The study has no readable Study Date.", "该检查没有可读的检查日期。"});
      return;
    }
    const auto candidate = classification && !unscheduled
                               ? named_visit(trial_, *place_.subject, classification->time_point, *study_date)
                               : nearest_visit(trial_, *place_.subject, *study_date);
    if (!candidate) {
      if (classification) place_.time_point_id = classification->time_point;
      if (!unscheduled) {
        cannot_tell_window(
            {"The register has no reference date of this subject, so that the visit cannot be told.",
             "登记表中没有该受试者的基准日期，无法确定访视。"});
      }
      return;
    }
    place_.visit.day = candidate->day;
    if (unscheduled) return;
    place_.time_point_id = candidate->visit.id;
    place_.visit.earliest = candidate->reference + days{candidate->visit.earliest_day};
    place_.visit.target = candidate->reference + days{candidate->visit.target_day};
    place_.visit.latest = candidate->reference + days{candidate->visit.latest_day};
    place_.visit.in_window = days_outside(candidate->visit, candidate->day) == 0;
    place_.visit.rescan_until =
        *place_.visit.latest - days{trial_.time_points.rescan_turnaround_days.value_or(0)};
    if (!place_.visit.in_window) out_of_window(*candidate, classification.has_value());
  }

  void hold_adverse_event() {
    add({RuleSeverity::query, IfUnknown::query, {}},
        {"adverse_event",
         CheckResult::fail,
         "no images of adverse events",
         "an adverse event",
         {"Images of adverse events stay in the node: they would tell the readers what they must not know.",
          "不良事件影像不予转交，以免影响阅片者盲态。"},
         {"Release it only if the charter asks for it.", "仅在影像章程要求时放行。"},
         {}});
  }

  void cannot_tell_window(Text text) {
    add(trial_.study.visit_window,
        {"visit_window",
         CheckResult::not_determinable,
         "a visit of the schedule",
         "",
         std::move(text),
         {"Ask the trial team to complete the register, or confirm the date of the examination.",
          "请试验团队补全登记表，或确认检查日期。"},
         {}});
  }

  void out_of_window(const Candidate& candidate, bool is_classified) {
    const std::string outside = std::to_string(days_outside(candidate.visit, candidate.day));
    const bool early = candidate.day < candidate.visit.earliest_day;
    const std::string window =
        to_iso_date(*place_.visit.earliest) + " to " + to_iso_date(*place_.visit.latest);
    const std::string found = to_iso_date(*place_.visit.study_date);
    const bool unscheduled = trial_.time_points.unscheduled.accept;
    RulePolicy policy = trial_.study.visit_window;
    // Staff have seen the date and named the visit: what is left is the deviation.
    if (is_classified) policy.severity = std::min(policy.severity, RuleSeverity::warn);
    add(policy,
        {"visit_window",
         CheckResult::fail,
         window,
         found,
         {"The study of " + found + " (day " + std::to_string(candidate.day) + ") is " + outside +
              " days too " + (early ? "early" : "late") + " for " + candidate.visit.id + " (" + window + ").",
          found + " 的检查（第 " + std::to_string(candidate.day) + " 天）比 " + candidate.visit.id + "（" +
              window + "）" + (early ? "提前" : "推迟") + " " + outside + " 天。"},
         unscheduled
             ? Text{"Say whether this is visit " + candidate.visit.id +
                        " or an unscheduled one, and why; confirm " + "the date.",
                    "请说明该检查是 " + candidate.visit.id + " 访视还是计划外检查及原因，并确认日期。"}
             : Text{"Confirm the date; the trial takes no unscheduled studies.",
                    "请确认日期；本试验不接收计划外检查。"},
         {}});
  }

  void check_single_study() {
    if (place_.time_point_id.empty() || place_.time_point_id == unscheduled_time_point ||
        place_.subject == nullptr) {
      return;
    }
    const bool taken = std::ranges::any_of(history_.studies, [&](const PriorStudy& study) {
      return study.time_point_id == place_.time_point_id && study.study_uid != submission_.study_uid;
    });
    if (!taken) return;
    add(trial_.study.single_study,
        {"single_study",
         CheckResult::fail,
         "one study",
         "another study of this time point",
         {"Another study of time point " + place_.time_point_id + " was released already.",
          "访视 " + place_.time_point_id + " 已有另一项检查放行。"},
         {"Say which of the studies belongs to the visit, or that they complement each other.",
          "请说明哪项检查属于该访视，或两者互为补充。"},
         {}});
  }

  const Trial& trial_;
  const SubmissionFacts& submission_;
  const SubjectHistory& history_;
  StudyPlace place_;
};

}  // namespace

const Subject* identify_subject(const Trial& trial, const SubmissionFacts& submission) {
  return main_subject(patients_of(trial, submission));
}

StudyPlace place_study(const Trial& trial, const SubmissionFacts& submission, const SubjectHistory& history) {
  return Placing(trial, submission, history).place();
}

}  // namespace trialgate::rules
