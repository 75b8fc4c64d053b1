#include "rules/trial/load.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace trialgate::rules;

namespace {

constexpr std::string_view valid = R"(trial:
  protocol_id: T-1
  sponsor: Example
  charter: {version: "1.0", effective: 2026-01-15}
subjects: {register: subjects.csv}
time_points:
  reference: first_dose
  schedule:
    - {id: BL, days: [-28, 0]}
    - {id: W06, day: 42, window: [-7, 7]}
    - {id: "W{06+6n}", every: 42, from: 84, window: [-7, 7]}
  unscheduled: {accept: true, classify: [progression]}
series:
  - id: ct
    name: {en: CT, zh: 增强CT}
    select: {Modality: CT, not: {ImageType: {contains: LOCALIZER}}}
    required_at: all
    checks:
      - {id: thickness, SliceThickness: {max: 5.0}, unit: mm, severity: query, remedy: {en: Thinner, zh: 更薄}}
      - {id: kv, KVP: {same_as: BL, tolerance: 10%}, if_unknown: accept, at: [W06], when: {Modality: CT}}
      - {id: gap, slice_gap: {max: 0.1}}
study:
  visit_window: {severity: query}
  checks:
    - {id: lossless, lossy_compression: no}
deidentify: {profile: basic}
deliver:
  - {to: archive, when: released, confirm: storage_commitment, select: {slots: [ct], time_points: [BL], modalities: [CT]}}
readers: {reads: 2, presentation: simultaneous}
completeness: {quiet_seconds: 60}
messages: {language: zh, sites: {S1: en}}
)";

Result<std::string> read_register(const std::string& name) {
  if (name == "subjects.csv")
    return std::string("site,patient_id,subject_id,first_dose\nS1,P1,T1,2026-03-02\n");
  if (name == "broken.csv") return std::string("site,patient_id,subject_id,first_dose\nS1,P1,T1,soon\n");
  if (name == "scanners.csv") return std::string("site,manufacturer,model\nS1,GE,Revolution\n");
  return fail(Errc::invalid_configuration, "cannot be read");
}

LoadedTrial load(std::string_view text) {
  return load_trial_text(text, "t.yaml", read_register);
}

Trial trial_of(std::string_view text) {
  auto loaded = load(text);
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
    for (const ConfigError& error : *errors) MESSAGE(error.to_string());
    FAIL("the trial has mistakes");
  }
  return std::get<Trial>(std::move(loaded));
}

std::string with(std::string_view what, std::string_view replacement) {
  std::string text(valid);
  const auto at = text.find(what);
  REQUIRE_MESSAGE(at != std::string::npos, what);
  return text.replace(at, what.size(), replacement);
}

/// The change of one place in the valid file, the text at whose start the mistake must be reported, part of
/// the message.
struct Mistake {
  std::string_view what;
  std::string_view replacement;
  std::string_view at;
  std::string_view message;
  std::size_t count = 1;  // of mistakes that it leads to
};

void check_mistake(const Mistake& mistake) {
  CAPTURE(mistake.replacement);
  const std::string text = with(mistake.what, mistake.replacement);
  const auto loaded = load(text);
  const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded);
  REQUIRE_MESSAGE(errors != nullptr, "no mistake was found");
  const auto place = text.find(mistake.at);
  REQUIRE(place != std::string::npos);
  const auto line = static_cast<std::size_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(place), '\n'));
  const auto start = text.rfind('\n', place);
  const std::size_t column = place - (start == std::string::npos || place == 0 ? 0 : start + 1) + 1;
  const auto found = std::ranges::find_if(*errors, [&](const ConfigError& error) {
    return error.message.find(mistake.message) != std::string::npos;
  });
  if (found == errors->end()) {
    for (const ConfigError& error : *errors) MESSAGE(error.to_string());
    FAIL_CHECK("no such message: " << mistake.message);
    return;
  }
  CHECK_MESSAGE(found->line == line + 1, found->to_string());
  CHECK_MESSAGE(found->column == column, found->to_string());
  CHECK(found->file == "t.yaml");
  CHECK_MESSAGE(errors->size() == mistake.count, errors->back().to_string());
}

}  // namespace

TEST_CASE("a trial file gives the whole trial") {
  const Trial trial = trial_of(valid);
  CHECK(trial.protocol_id == "T-1");
  CHECK(trial.charter.version == "1.0");
  CHECK(trial.charter.effective == parse_iso_date("2026-01-15"));
  CHECK(trial.rules_sha256.size() == 64);
  CHECK(trial.register_sha256 == trial.subjects.sha256());
  REQUIRE(trial.time_points.schedule.size() == 3);
  CHECK(trial.time_points.schedule[1].earliest_day == 35);
  CHECK(trial.time_points.schedule[2].every_days == 42);
  REQUIRE(trial.series.size() == 1);
  const SeriesSlot& slot = trial.series.front();
  CHECK(slot.required_at_all);
  CHECK(slot.name.zh == "增强CT");
  REQUIRE(slot.select.all.size() == 1);
  CHECK(slot.select.all[0].property.attribute == "Modality");
  REQUIRE(slot.select.none.size() == 1);
  REQUIRE(slot.checks.size() == 3);
  const Check& thickness = slot.checks[0];
  CHECK(thickness.property.numeric);
  CHECK(thickness.property.unit == "mm");
  CHECK(thickness.requirements[0].severity == RuleSeverity::query);
  CHECK(thickness.requirements[0].conditions[0].numbers == std::vector<double>{5.0});
  CHECK(thickness.remedy.zh == "更薄");
  CHECK(thickness.position.line == 19);
  const Check& kv = slot.checks[1];
  CHECK(kv.if_unknown == IfUnknown::accept);
  CHECK(kv.at == std::vector<std::string>{"W06"});
  CHECK(kv.requirements[0].conditions[0].op == Operator::same_as);
  CHECK(kv.requirements[0].conditions[0].tolerance == Tolerance{10, true});
  CHECK_FALSE(kv.when.empty());
  CHECK(slot.checks[2].property.quantity == Quantity::slice_gap);
  CHECK(trial.study.checks[0].requirements[0].conditions[0].texts == std::vector<std::string>{"no"});
  CHECK(trial.deliver[0].confirm == Confirmation::storage_commitment);
  CHECK(trial.readers->presentation == Presentation::simultaneous);
  CHECK(trial.quiet_seconds == 60);
  CHECK(trial.language_of("S1") == Language::en);
  CHECK(trial.language_of("S2") == Language::zh);
  CHECK(trial.attribute_paths == std::vector<std::string>{"ImageType", "KVP", "Modality", "SliceThickness"});
}

TEST_CASE("paths into sequences are written out") {
  const Trial trial =
      trial_of(with("slice_gap: {max: 0.1}",
                    "RadiopharmaceuticalInformationSequence.RadionuclideTotalDose: {min: 5.0e7}, unit: Bq"));
  const Property& property = trial.series[0].checks[2].property;
  CHECK(property.attribute == "RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose");
  CHECK(property.unit == "Bq");
  CHECK(trial.series[0].checks[2].requirements[0].conditions[0].numbers[0] == doctest::Approx(5.0e7));
}

TEST_CASE("tiers have severities of their own") {
  const Trial trial =
      trial_of(with("SliceThickness: {max: 5.0}",
                    "SliceThickness: {acceptable: {max: 5}, target: {max: 3}, ideal: {max: 1}}"));
  const auto& requirements = trial.series[0].checks[0].requirements;
  REQUIRE(requirements.size() == 3);
  CHECK(requirements[0].severity == RuleSeverity::query);
  CHECK(requirements[1].severity == RuleSeverity::warn);
  CHECK(requirements[2].severity == RuleSeverity::note);
  CHECK(requirements[1].tier == "target");
}

TEST_CASE("mistakes of structure are reported where they are") {
  const Mistake mistakes[] = {
      {"  sponsor:", "  sponsro:", "sponsro:", "did you mean 'sponsor'?", 2},
      {"readers:", "reader:", "reader:", "did you mean 'readers'?"},
      {"  sponsor: Example\n", "", "protocol_id", "'sponsor' is missing in trial"},
      {"  sponsor: Example", "  sponsor: Example\n  protocol_id: T-2", "protocol_id: T-2", "is there twice"},
      {"protocol_id: T-1", "protocol_id: [T-1]", "[T-1]", "protocol_id is a list"},
      {"protocol_id: T-1", "protocol_id: T 1", "T 1", "expected up to 64 letters"},
      {"protocol_id: T-1", "protocol_id:", "protocol_id:", "has no value"},
      {"effective: 2026-01-15", "effective: 15.1.2026", "15.1.2026", "expected a date, YYYY-MM-DD"},
      {"quiet_seconds: 60", "quiet_seconds: soon", "soon", "expected a whole number"},
      {"quiet_seconds: 60", "quiet_seconds: 0", "0}\nmess", "expected a whole number from 1"},
      {"register: subjects.csv", "register: nowhere.csv", "nowhere.csv", "cannot be read"},
      {"sites: {S1: en}", "sites: {S9: en}", "S9", "not in the subject register"},
      {"language: zh", "language: fr", "fr,", "expected one of en, zh"},
      {"presentation: simultaneous", "presentation: simultaneus", "simultaneus",
       "did you mean 'simultaneous'?"},
      {"confirm: storage_commitment", "confirm: storage_comitment", "storage_comitment",
       "did you mean 'storage_commitment'?"},
      {"slots: [ct]", "slots: [mr]", "[mr]", "unknown series 'mr'"},
      {"time_points: [BL]", "time_points: [XL]", "XL]", "unknown time point 'XL'"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of the schedule are reported where they are") {
  const Mistake mistakes[] = {
      {"days: [-28, 0]", "days: [0, -28]", "[0, -28]", "empty range"},
      {"days: [-28, 0]", "days: -28", "-28}", "not a pair"},
      {"days: [-28, 0]", "days: [-28, 35]", "{id: W06", "overlaps that of 'BL'"},
      {"day: 42", "day: 70", "{id: \"W{", "overlaps that of 'W06'"},
      {"every: 42, from", "every: 14, from", "{id: \"W{", "windows of the row overlap"},
      {"id: W06", "id: BL", "{id: BL, day:", "is there already", 2},
      {"id: W06", "id: W12", "{id: \"W{", "is there already", 2},
      {"id: W06", "id: \"W{06+6n}\"", "\"W{06+6n}\", day", "names a row of visits", 3},
      {"id: \"W{06+6n}\"", "id: W12", "W12", "names no row of visits"},
      {", from: 84", "", "{id: \"W{", "'from' is missing"},
      {"day: 42, ", "", "{id: W06", "has no day"},
      {"id: W06", "id: unscheduled", "unscheduled, day", "meaning of its own", 2},
      {"reference: first_dose", "reference: last_dose", "reference: last_dose",
       "unknown reference date 'last_dose'"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of the rules are reported where they are") {
  const Mistake mistakes[] = {
      {"SliceThickness:", "SliceThicknes:", "SliceThicknes:", "did you mean 'SliceThickness'?"},
      {"slice_gap:", "slice_gab:", "slice_gab:", "did you mean 'slice_gap'?"},
      {"severity: query, remedy", "severty: query, remedy", "severty", "did you mean 'severity'?"},
      {"severity: query, remedy", "severity: error, remedy", "error", "unknown severity 'error'"},
      {"if_unknown: accept", "if_unknown: ignore", "ignore", "unknown if_unknown 'ignore'"},
      {"{max: 5.0}", "{max: thin}", "thin", "expected a number of mm without its unit"},
      {"{max: 5.0}", "{max: 5 mm}", "5 mm}", "expected a number of mm without its unit"},
      {"{max: 5.0}", "{maximum: 5.0}", "maximum", "did you mean 'max'?"},
      {"{max: 5.0}", "{min: 6, max: 5}", "{min: 6", "empty range"},
      {"{max: 5.0}", "{between: [5, 3]}", "{between", "empty range"},
      {"{max: 5.0}", "{between: 5}", "5}, unit", "expected [lowest, highest]"},
      {"{max: 5.0}", "{equals: 6, max: 5}", "{equals", "empty range"},
      {"{max: 5.0}", "{matches: \"5\"}", "\"5\"}", "needs a text"},
      {"{max: 5.0}", "{max: .inf}", ".inf", "expected a number"},
      {"unit: mm", "unit: cm", "cm", "expected mm"},
      {"slice_gap: {max: 0.1}", "missing_slices: 0, unit: mm", "mm}\nstudy", "has no unit"},
      {"slice_gap: {max: 0.1}", "Modality: {min: 3}", "3}}", "needs a number"},
      {"slice_gap: {max: 0.1}", "scanner: X", "X}", "can only be compared"},
      {"slice_gap: {max: 0.1}", "slice_gap: {same_as_slot: ctt}", "{id: gap", "unknown series 'ctt'"},
      {"slice_gap: {max: 0.1}", "slice_gap: {same_as_slot: ct}", "{id: gap", "is compared with itself"},
      {"slice_gap: {max: 0.1}", "slice_gap: {after: ct}", "ct}}", "'after' needs a time"},
      {"slice_gap: {max: 0.1}", "acquisition_start: x", "x}", "can only be ordered"},
      {"slice_gap: {max: 0.1}", "acquisition_start: {same_as: BL}", "BL}}", "can only be ordered"},
      {"when: {Modality: CT}", "when: {KVP: {same_as_slot: ct}}", "ct}}}", "same_as_slot cannot stand here"},
      {"lossy_compression: no", "KVP: {same_as_slot: ct}", "- {id: lossless", "expected it in a check of a series"},
      {"slice_gap: {max: 0.1}", "orientation: axail", "axail", "did you mean 'axial'?"},
      {"slice_gap: {max: 0.1}", "z_coverage: {present: true}", "true}}", "is computed, it is never absent"},
      {"slice_gap: {max: 0.1}", "StationName: {matches: \"(\"}", "\"(\"", "no regular expression"},
      {"slice_gap: {max: 0.1}", "ContrastBolusAgentSequence: x", "ContrastBolusAgentSequence",
       "is a sequence"},
      {"slice_gap: {max: 0.1}", "slice_gap: {max: 0.1}, slice_count: 3", "slice_count",
       "one attribute or quantity"},
      {", slice_gap: {max: 0.1}", "", "{id: gap", "looks at nothing"},
      {"slice_gap: {max: 0.1}", "slice_gap: {}", "{}", "has no test"},
      {"slice_gap: {max: 0.1}", "slice_gap: []", "[]", "empty list"},
      {"id: gap", "id: kv", "{id: kv, slice", "is there twice"},
      {"same_as: BL", "same_as: XL", "{same_as: XL", "unknown time point 'XL'"},
      {"same_as: BL", "same_as: \"W{06+6n}\"", "{same_as: \"W", "names a row of visits"},
      {"tolerance: 10%", "tolerance: -1", "-1}, if", "tolerance is no size"},
      {"at: [W06]", "at: [W07]", "W07", "unknown time point 'W07'"},
      {"when: {Modality: CT}", "when: {KVP: {same_as: BL}}", "BL}}}", "same_as cannot stand here"},
      {"lossy_compression: no", "KVP: {same_as: BL}", "- {id: lossless",
       "expected it in a check of a series"},
      {"required_at: all", "required_at: always", "always", "expected all, none"},
      {"lossy_compression: no", "lossy_compression: maybe", "maybe", "value of lossy_compression"},
      {"visit_window: {severity: query}", "visit_windows: {severity: query}", "visit_windows",
       "did you mean 'visit_window'?"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("slots that never match, or match the same as another one, are mistakes") {
  const Mistake mistakes[] = {
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: CTT}", "{Modality: CTT}",
       "unknown Modality"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: CT, not: {Modality: CT}}",
       "{Modality: CT, not", "rules out the same"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{KVP: {absent: true, min: 3}}",
       "{KVP: {absent", "absent and has a value"},
      {"    required_at: all\n",
       "    required_at: all\n  - id: ct2\n    select: {Modality: CT, not: {ImageType: {contains: "
       "LOCALIZER}}}\n    required_at: none\n",
       "id: ct2", "selects the same as 'ct'"},
      {"    required_at: all\n",
       "    required_at: all\n  - id: ct\n    select: {Modality: MR}\n    required_at: none\n",
       "id: ct\n    select", "is there twice"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of de-identification are reported where they are") {
  const Mistake mistakes[] = {
      {"{profile: basic}", "{profile: basic, options: [retain_uid]}", "[retain_uid]",
       "did you mean 'retain_uids'?"},
      {"{profile: basic}", "{profile: basic, options: [retain_longitudinal_modified_dates]}", "{profile",
       "per_subject"},
      {"{profile: basic}", "{profile: basic, dates: {shift: weekly}}", "weekly", "unknown shift 'weekly'"},
      {"{profile: basic}", "{overrides: [{attribute: PatientNam, action: keep}]}", "PatientNam",
       "no attribute of PS3.6"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("YAML that is none, and several documents, are one mistake each") {
  for (const std::string_view text :
       {"trial: [", "a: b: c", "- x\n- y", "just text", "", "a: 1\n---\nb: 2\n", "\t- x"}) {
    CAPTURE(text);
    const auto loaded = load(text);
    const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded);
    REQUIRE(errors != nullptr);
    CHECK(errors->size() == 1);
    CHECK(errors->front().file == "t.yaml");
  }
}

TEST_CASE("every mistake of a file is reported at once, mistakes of a register under its name") {
  std::string text = with("  sponsor:", "  sponsro:");
  text.replace(text.find("{max: 5.0}"), 10, "{max: thin}");
  text.replace(text.find("subjects.csv"), 12, "broken.csv");
  const auto loaded = load(text);
  const auto& errors = std::get<std::vector<ConfigError>>(loaded);
  CHECK(errors.size() == 4);
  CHECK(std::ranges::count(errors, std::string("broken.csv"), &ConfigError::file) == 1);
}

TEST_CASE("deep nesting ends in a mistake") {
  std::string select = "{Modality: CT}";
  for (int i = 0; i < 40; ++i) select = "{Modality: CT, not: " + select + "}";
  const auto loaded = load(with("{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", select));
  CHECK(std::holds_alternative<std::vector<ConfigError>>(loaded));
  std::string brackets(100'000, '[');
  CHECK(std::holds_alternative<std::vector<ConfigError>>(load(brackets)));
}

TEST_CASE("the sample trial is without mistakes") {
  const auto loaded = load_trial(TRIALGATE_SOURCE_DIR "/etc/trials/ONC-301.yaml");
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
    for (const ConfigError& error : *errors) MESSAGE(error.to_string());
    FAIL("the sample trial has mistakes");
  }
  const Trial& trial = std::get<Trial>(loaded);
  CHECK(trial.subjects.subjects().size() == 22);
  CHECK(trial.subjects.find("SITE01", "", "TG-DEMO-0012")->subject_id == "ONC301-012");
  CHECK(trial.time_points.visit_on("first_dose", -10)->id == "BL");
}

TEST_CASE("a file that is not there, and a folder, are one mistake each") {
  for (const char* const path : {"/nowhere/trial.yaml", "/"}) {
    const auto loaded = load_trial(path);
    const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded);
    REQUIRE(errors != nullptr);
    CHECK(errors->front().line == 0);
    CHECK(errors->front().to_string().find("cannot be read") != std::string::npos);
  }
}
