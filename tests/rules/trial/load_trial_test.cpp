#include "tests/rules/trial/trial_text.h"

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

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

TEST_CASE("severities may be given to each tier") {
  const Trial trial = trial_of(with("slice_gap: {max: 0.1}",
                                    "slice_gap: {acceptable: {max: 1}, target: {max: 0}}, "
                                    "severity: {acceptable: reject, target: query}"));
  const auto& requirements = trial.series[0].checks[2].requirements;
  REQUIRE(requirements.size() == 2);
  CHECK(requirements[0].severity == RuleSeverity::reject);
  CHECK(requirements[1].severity == RuleSeverity::query);
}

TEST_CASE("what can be satisfied is no mistake") {
  for (const std::string_view select :
       {"{Modality: CT, any: [{Modality: MR}, {Modality: CT}]}",
        "{ImageType: {one_of: [ORIGINAL, PRIMARY, AXIAL], contains: [ORIGINAL, AXIAL]}}",
        "{Modality: [CT, PT], not: {Modality: PT}}", "{ImageType: {contains: AXIAL, excludes: LOCALIZER}}",
        "{SliceThickness: {equals: 5, max: 5}}", "{Modality: CT, not: {ImageType: {excludes: AXIAL}}}"}) {
    CAPTURE(select);
    (void)trial_of(with("{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", select));
  }
  // Only from W12 on, but the first week's visit is there by then.
  (void)trial_of(with("same_as: BL, tolerance: 10%}, if_unknown: accept, at: [W06]",
                      "same_as: W06, tolerance: 10%}, if_unknown: accept, at: [W12]"));
  (void)trial_of(with("slice_gap: {max: 0.1}", "slice_gap: {between: [-2, -1]}"));
}

TEST_CASE("a changed scanner register is another rule file") {
  const auto text = with("deidentify:", "scanners: {qualified: scanners.csv}\ndeidentify:");
  const Trial one = trial_of(text);
  const auto other = load_trial_text(text, "t.yaml", [](const std::string& name) -> Result<std::string> {
    if (name == "scanners.csv") return std::string("site,manufacturer,model\nS1,GE,Discovery\n");
    return read_register(name);
  });
  REQUIRE(std::holds_alternative<Trial>(other));
  CHECK(std::get<Trial>(other).rules_sha256 != one.rules_sha256);
  CHECK(one.scanners.register_sha256.size() == 64);
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
