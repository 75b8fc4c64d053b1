#pragma once

#include "rules/result.h"
#include "rules/trial/date.h"
#include "rules/trial/trial.h"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// The answer of one check. What a header does not say is never guessed.
enum class CheckResult : std::uint8_t { pass, fail, not_determinable };
[[nodiscard]] std::string_view to_string(CheckResult result) noexcept;

/// What becomes of a submission.
enum class Outcome : std::uint8_t {
  release,    ///< no finding of severity query or reject; warnings are deviations
  quarantine  ///< held, the site is asked
};
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

/// What a finding is about. All empty: the study as a whole.
struct FindingSubject {
  std::string slot;
  std::string series_uid;
  std::vector<std::string> instances;  ///< SOP Instance UIDs, at most max_listed_instances of them
  std::size_t instance_count = 0;      ///< all of them

  friend bool operator==(const FindingSubject&, const FindingSubject&) = default;
};

/// UIDs listed with a finding or a slot; the rest is only counted.
inline constexpr std::size_t max_listed_instances = 500;

/// One check that did not pass. Holds no name, patient ID or birth date, whatever a rule asked for.
struct Finding {
  std::string rule_id;  ///< "ct-cap-pv/thickness", "study/visit_window"
  RuleSeverity severity = RuleSeverity::query;
  CheckResult result = CheckResult::fail;
  FindingSubject subject;
  std::string property;  ///< keyword path, quantity, or name of the built-in rule
  std::string expected;  ///< "at most 5"
  std::string found;     ///< "7.5", "4 missing: 2 after slice 11 ..."; empty: nothing
  std::string unit;      ///< of expected and found; empty: none
  Text text;             ///< the whole finding as a sentence
  Text remedy;           ///< what to do about it
  std::string charter_version;

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// What a stack of slices is, told by its content.
enum class StackKind : std::uint8_t { image, localizer, dose_report, screen_save, derived, not_an_image };
[[nodiscard]] std::string_view to_string(StackKind kind) noexcept;

/// What one rule saw in one series or stack.
struct SeenValue {
  std::string series_uid;          ///< empty: the study as a whole
  std::size_t instance_count = 0;  ///< with this value
  std::string value;               ///< empty: none
  std::string detail;              ///< where exactly, or why there is no value

  friend bool operator==(const SeenValue&, const SeenValue&) = default;
};

/// Values listed with a rule; the rest is only counted.
inline constexpr std::size_t max_seen_values = 8;

/// One rule of the charter with what it looked at, whether it passed or not. Holds no identifying value.
struct AppliedRule {
  std::string rule_id;
  std::optional<CheckResult> result;  ///< nothing: the rule did not apply
  std::string property;               ///< keyword path, quantity, or name of the built-in rule
  std::string unit;
  std::string expected;
  std::string why;              ///< why it did not apply, or its answer is not known
  std::vector<SeenValue> seen;  ///< at most max_seen_values
  std::size_t seen_count = 0;   ///< all of them

  friend bool operator==(const AppliedRule&, const AppliedRule&) = default;
};

/// The series that a slot was given.
struct SlotMatch {
  std::vector<std::string> series_uids;  ///< each once, judged together (e.g. chest and abdomen)
  std::vector<std::string> instances;    ///< all SOP Instance UIDs of the judged stacks, each once
  std::vector<std::string> alternates;   ///< Series Instance UIDs that fit too, but were not judged

  friend bool operator==(const SlotMatch&, const SlotMatch&) = default;
};

/// A stack that no slot took, and why.
struct UnmatchedStack {
  std::string series_uid;
  StackKind kind = StackKind::image;
  std::size_t slice_count = 0;
  std::string modality;
  std::string reason;

  friend bool operator==(const UnmatchedStack&, const UnmatchedStack&) = default;
};

/// Value of a property at one time point, to which later ones compare.
struct FactValue {
  std::vector<std::string> texts;
  std::optional<double> number;

  friend bool operator==(const FactValue&, const FactValue&) = default;
};

/// Values by property name; scanner identity under manufacturer, model, station and serial with prefix
/// "scanner.".
using SlotFacts = std::map<std::string, FactValue, std::less<>>;
/// Facts by slot id.
using Facts = std::map<std::string, SlotFacts, std::less<>>;

/// Where the study stands in the subject's schedule.
struct VisitFacts {
  std::optional<Date> study_date;
  std::optional<int> day;            ///< study date less reference date
  std::optional<Date> earliest;      ///< first date of the window
  std::optional<Date> target;        ///< planned date
  std::optional<Date> latest;        ///< last date of the window
  std::optional<Date> rescan_until;  ///< last date at which a re-scan still counts
  bool in_window = false;            ///< false: the time point is only the nearest one

  friend bool operator==(const VisitFacts&, const VisitFacts&) = default;
};

/// The judgement of one version of a submission, with everything it rests on.
struct Verdict {
  Outcome outcome = Outcome::quarantine;
  std::uint32_t version = 1;  ///< previous version + 1
  std::string protocol_id;
  std::string site;
  std::string study_uid;
  std::string subject_id;     ///< Clinical Trial Subject ID; empty: not known
  std::string time_point_id;  ///< empty: could not be told
  VisitFacts visit;
  std::vector<Finding> findings;   ///< most severe first
  std::vector<AppliedRule> rules;  ///< every rule of the charter; empty in verdicts of older versions
  std::map<std::string, SlotMatch, std::less<>> slots;
  std::vector<UnmatchedStack> unmatched;
  Facts facts;
  std::vector<std::string> modalities;  ///< of the matched series, each once, sorted
  std::size_t instance_count = 0;
  std::string charter_version;
  std::string rules_sha256;
  std::string register_sha256;

  /// Whether it holds for a reason that the site can do something about, and is asked; what staff decide
  /// among themselves (a locked time point, an adverse event, a site not yet qualified) is none.
  [[nodiscard]] bool asks_site() const;
  /// Rule ids of the findings, "ct/thickness, study/visit_window"; empty: none.
  [[nodiscard]] std::string findings_in_short() const;
  [[nodiscard]] bool has_deviation() const;  ///< a finding of severity warn
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// JSON with sorted, stable keys; from_json(to_json(v)) == v.
[[nodiscard]] boost::json::value to_json(const Verdict& verdict);
[[nodiscard]] boost::json::value to_json(const Facts& facts);
/// Errors: invalid_configuration, naming the member that is missing or of a wrong type.
[[nodiscard]] Result<Verdict> verdict_from_json(const boost::json::value& json);
[[nodiscard]] Result<Facts> facts_from_json(const boost::json::value& json);

}  // namespace trialgate::rules
