#pragma once

#include "rules/evaluate/verdict.h"
#include "rules/examine/instance_record.h"
#include "rules/trial/trial.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::rules {

/// What staff said a study outside the schedule is. Given by people, never concluded.
struct Classification {
  std::string time_point;  ///< a visit's id, or unscheduled_time_point
  std::string reason;      ///< one of unscheduled.classify for an unscheduled study
};

/// What the site says there is of a study (its archive, or the modality in its performed procedure steps),
/// compared with what arrived.
struct SourceComparison {
  std::size_t source_count = 0;      ///< instances there
  std::size_t missing_count = 0;     ///< of which so many did not arrive
  std::vector<std::string> missing;  ///< their SOP Instance UIDs, the first of them
  std::string problem;               ///< why the comparison could not be made; empty: it was
};

/// One submission: all instances of one study from one site, as far as it has arrived.
struct SubmissionFacts {
  std::string site;
  std::string study_uid;
  std::vector<const InstanceRecord*> records;  ///< not owned, alive during the call; any order
  std::vector<std::string> conflicts;          ///< SOP Instance UIDs that arrived again with other bytes
  std::vector<std::string> unreadable;         ///< SOP Instance UIDs that could not be examined
  std::uint32_t previous_version = 0;          ///< of this submission's verdicts; 0: none yet
  std::optional<Classification> classification;
  std::vector<std::string> locked_time_points = {};  ///< of this subject: what comes later waits for a person
  std::optional<SourceComparison> source = {};       ///< not set: the site's archive is not asked
  std::optional<SourceComparison> performed = {};    ///< not set: no performed procedure step named instances
  bool site_qualified = false;        ///< a test submission of the site was accepted for the trial
  std::optional<Date> received = {};  ///< UTC day of the first instance's arrival; a scan cannot be later
};

/// What is known of one earlier (or later) study of the subject: the newest verdict of a released submission.
struct PriorStudy {
  std::string study_uid;
  std::string time_point_id;
  std::optional<Date> study_date;
  Facts facts;
};

/// All released studies of the subject but the one that is judged, in any order.
struct SubjectHistory {
  std::vector<PriorStudy> studies;
};

/// The subject that the instances are of, to look up its history: the one named by site, issuer and patient
/// ID of most of them. Null when no instance is of a registered patient. Points into `trial`.
[[nodiscard]] const Subject* identify_subject(const Trial& trial, const SubmissionFacts& submission);

/// Judges a study against the charter. Pure: no clock, no I/O; the same arguments give the same verdict
/// whatever the order of the records. Never fails: what cannot be judged is a finding.
[[nodiscard]] Verdict evaluate(const Trial& trial, const SubmissionFacts& submission,
                               const SubjectHistory& history);

}  // namespace trialgate::rules
