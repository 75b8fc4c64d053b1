#pragma once

#include "rules/deidentify/rules.h"
#include "rules/trial/date.h"
#include "rules/trial/subject_register.h"
#include "rules/trial/test.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// A sentence for people, in both languages that sites and sponsors read.
struct Text {
  std::string en;
  std::string zh;

  [[nodiscard]] bool empty() const noexcept { return en.empty() && zh.empty(); }
  friend bool operator==(const Text&, const Text&) = default;
};

enum class Language : std::uint8_t { en, zh };

/// What a failed check does.
enum class RuleSeverity : std::uint8_t {
  note,    ///< recorded only
  warn,    ///< released, recorded as a deviation
  query,   ///< quarantined, the site is asked
  reject,  ///< quarantined, must be sent anew
};
[[nodiscard]] std::string_view to_string(RuleSeverity severity) noexcept;
[[nodiscard]] std::optional<RuleSeverity> severity_named(std::string_view name) noexcept;

/// What a check does whose answer the headers do not give.
enum class IfUnknown : std::uint8_t { accept, note, warn, query, reject };
[[nodiscard]] std::string_view to_string(IfUnknown choice) noexcept;
/// The severity that the choice stands for; none for accept.
[[nodiscard]] std::optional<RuleSeverity> severity_of(IfUnknown choice) noexcept;

/// What must hold, and what it means if it does not. A check without tiers has one requirement with an empty
/// tier.
struct Requirement {
  std::string tier;  ///< "acceptable", "target" or "ideal" (QIBA/UPICT), or empty
  RuleSeverity severity = RuleSeverity::query;
  std::vector<Condition> conditions;
};

/// One rule of the charter about one property of a series or of every instance of a study.
struct Check {
  std::string id;  ///< unique in its slot; the rule id of a finding is "slot/id" or "study/id"
  Text name;
  Property property;
  std::vector<Requirement> requirements;  ///< most severe first, at least one
  IfUnknown if_unknown = IfUnknown::warn;
  Predicate when;               ///< empty: always; the check does not apply where this is not true
  std::vector<std::string> at;  ///< time points it applies to; empty: all
  Text remedy;                  ///< what the site is to do about it
  FilePosition position;
};

/// A series that the charter asks for or knows.
struct SeriesSlot {
  std::string id;
  Text name;
  Predicate select;                            ///< which stacks of slices can be this series
  bool required_at_all = false;                ///< at every scheduled time point
  std::vector<std::string> required_at;        ///< or at these
  RuleSeverity missing = RuleSeverity::query;  ///< severity of its absence where it is required
  Text remedy;                                 ///< what the site is to do when it is missing
  std::vector<Check> checks;
  FilePosition position;
};

/// How a rule that is built in, rather than written in the file, is applied.
struct RulePolicy {
  RuleSeverity severity = RuleSeverity::query;
  IfUnknown if_unknown = IfUnknown::warn;
  Text remedy;  ///< empty: the built-in sentence
};

/// Rules about the study as a whole.
struct StudyRules {
  RulePolicy known_subject{RuleSeverity::query, IfUnknown::query, {}};  ///< patient is in the register
  RulePolicy one_subject{RuleSeverity::query, IfUnknown::query, {}};    ///< all instances are of one patient
  RulePolicy visit_window{RuleSeverity::query, IfUnknown::query, {}};   ///< study date is within a window
  RulePolicy dates_agree{RuleSeverity::warn, IfUnknown::accept, {}};  ///< Study Date against Acquisition Date
  RulePolicy single_study{
      RuleSeverity::warn, IfUnknown::accept, {}};  ///< no other study holds the time point
  RulePolicy resent_instances{RuleSeverity::query, IfUnknown::accept, {}};  ///< no UID came with two contents
  RulePolicy readable_instances{
      RuleSeverity::query, IfUnknown::accept, {}};  ///< every instance could be examined
  RulePolicy consistent_headers{
      RuleSeverity::note, IfUnknown::accept, {}};  ///< no anomaly met by the examination
  RulePolicy qualified_scanner{RuleSeverity::warn, IfUnknown::warn, {}};  ///< only with a scanner register
  RulePolicy complete_at_source{
      RuleSeverity::query, IfUnknown::note, {}};  ///< only where the archive is asked
  RulePolicy complete_as_performed{
      RuleSeverity::warn, IfUnknown::accept, {}};  ///< only where the modality reported what it made
  std::optional<RulePolicy> qualified_site;  ///< the site passed with a test submission; not set: no rule
  RulePolicy current_phantom{
      RuleSeverity::query, IfUnknown::query, {}};  ///< only for modalities with a phantom schedule
  std::vector<Check> checks;  ///< on every image instance of the study that is matched to a slot
};

/// One planned visit, or a row of visits.
struct TimePoint {
  std::string id;         ///< "W06"; for a row the pattern "W{06+6n}", n = 1, 2, ...
  std::string reference;  ///< name of the reference date its days count from; day 0 is that date
  int earliest_day = 0;   ///< first day of the window of the (first) visit, included
  int target_day = 0;     ///< planned day of the (first) visit
  int latest_day = 0;     ///< last day of the window, included
  int every_days = 0;     ///< 0: one visit; else the row repeats at this distance
  int until_day = 0;      ///< last target day of a row; 0: without end
  FilePosition position;
};

/// One visit with its window as days counted from the reference date.
struct Visit {
  std::string id;
  std::string reference;
  int earliest_day = 0;
  int target_day = 0;
  int latest_day = 0;

  friend bool operator==(const Visit&, const Visit&) = default;
};

struct UnscheduledPolicy {
  bool accept = true;                 ///< taken in and held until classified; false: must not be sent
  std::vector<std::string> classify;  ///< classes that staff may give, e.g. "suspected_progression"
};

struct TimePoints {
  std::vector<TimePoint> schedule;
  UnscheduledPolicy unscheduled;
  std::optional<int> rescan_turnaround_days;  ///< re-scans count until the window's end less this many days

  /// The visit whose window holds `day` counted from `reference`, if there is one. Windows do not overlap.
  [[nodiscard]] std::optional<Visit> visit_on(std::string_view reference, int day) const;
  /// The visit whose window is the fewest days away; the earlier one of two.
  [[nodiscard]] std::optional<Visit> nearest_visit(std::string_view reference, int day) const;
  /// The visit with this id, rows expanded: "W12" finds the first of "W{06+6n}".
  [[nodiscard]] std::optional<Visit> visit_named(std::string_view id) const;
  /// Reference dates that the schedule counts from, each once.
  [[nodiscard]] std::vector<std::string> references() const;
};

/// Id of the time point of a study that was classified as unscheduled.
inline constexpr std::string_view unscheduled_time_point = "unscheduled";
/// Class of an unscheduled study of an adverse event that the charter does not name.
inline constexpr std::string_view adverse_event_class = "adverse_event";

struct AdverseEventPolicy {
  bool hold = true;                  ///< default for images of adverse events: never leave the node
  std::vector<std::string> forward;  ///< named events that do leave, e.g. "immune_related_pneumonitis"
};

/// A scanner that passed the site qualification. One row of the scanner register.
struct QualifiedScanner {
  std::string site;
  std::string manufacturer;
  std::string model;
  std::string serial;  ///< Device Serial Number (0018,1000); empty: any of this model
  std::optional<Date> qualified_from;
  std::optional<Date> qualified_until;
  std::vector<Date> phantom_dates;  ///< of accepted phantom scans, ascending
};

struct Scanners {
  std::string register_file;    ///< as named in the trial file; empty: no register, no rule
  std::string register_sha256;  ///< hex, of the scanner register's bytes
  std::vector<QualifiedScanner> qualified;
  std::map<std::string, int, std::less<>> phantom_every_days;  ///< by Modality (0008,0060)
};

enum class Confirmation : std::uint8_t {
  none,               ///< a success status of C-STORE is enough
  storage_commitment  ///< delivered only when the destination took responsibility (PS3.4 annex J)
};

/// Which released studies go to which destination.
struct DeliveryRule {
  std::string to;  ///< name of a destination of the node
  Confirmation confirm = Confirmation::none;
  std::vector<std::string> time_points;  ///< empty: all
  std::vector<std::string> slots;        ///< only what these took; empty: what any slot of the charter took
  std::vector<std::string> modalities;   ///< empty: all
  FilePosition position;
};

enum class Presentation : std::uint8_t {
  time_sequential,
  simultaneous,
  simultaneous_randomized_temporal,
  single_time_point_simultaneous,
  hybrid_randomized,
};

/// How readers are given the images. Kept for the reader delivery.
struct Readers {
  int reads = 2;
  Presentation presentation = Presentation::time_sequential;
};

struct Charter {
  std::string version;
  std::optional<Date> effective;
};

/// Everything that a trial's file and its registers say. Immutable once loaded; any thread may read it.
struct Trial {
  std::string protocol_id;  ///< Clinical Trial Protocol ID (0012,0020)
  std::string name;         ///< Clinical Trial Protocol Name (0012,0021)
  std::string sponsor;      ///< Clinical Trial Sponsor Name (0012,0010)
  Charter charter;
  std::string rules_sha256;     ///< hex, of the trial file and the files of masks and scanners that it names
  std::string register_sha256;  ///< hex, of the subject register's bytes

  SubjectRegister subjects;
  TimePoints time_points;
  AdverseEventPolicy adverse_events;
  std::vector<SeriesSlot> series;
  StudyRules study;
  Scanners scanners;
  DeidentificationRules deidentify;
  std::vector<DeliveryRule> deliver;
  std::optional<Readers> readers;

  std::uint32_t quiet_seconds = 300;  ///< a study is complete when no instance came for so long
  Language language = Language::en;   ///< of messages to sites
  std::map<std::string, Language, std::less<>> site_languages;

  /// Every attribute path that a rule of this trial looks at, sorted, each once: the extra paths for
  /// examine().
  std::vector<std::string> attribute_paths;

  /// Whether staff may say that an unscheduled study is of this class: one of unscheduled.classify, or a
  /// named adverse event.
  [[nodiscard]] bool may_classify_as(std::string_view what) const;
  [[nodiscard]] Language language_of(std::string_view site) const;
  [[nodiscard]] const SeriesSlot* slot(std::string_view id) const;
};

}  // namespace trialgate::rules
