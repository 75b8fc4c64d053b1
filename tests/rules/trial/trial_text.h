#pragma once

#include "rules/trial/load.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace trialgate::rules::testing {

inline constexpr std::string_view valid = R"(trial:
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

inline Result<std::string> read_register(const std::string& name) {
  if (name == "subjects.csv")
    return std::string("site,patient_id,subject_id,first_dose\nS1,P1,T1,2026-03-02\n");
  if (name == "broken.csv") return std::string("site,patient_id,subject_id,first_dose\nS1,P1,T1,soon\n");
  if (name == "scanners.csv") return std::string("site,manufacturer,model\nS1,GE,Revolution\n");
  return fail(Errc::invalid_configuration, "cannot be read");
}

inline LoadedTrial load(std::string_view text) {
  return load_trial_text(text, "t.yaml", read_register);
}

inline Trial trial_of(std::string_view text) {
  auto loaded = load(text);
  if (const auto* const errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
    for (const ConfigError& error : *errors) MESSAGE(error.to_string());
    FAIL("the trial has mistakes");
  }
  return std::get<Trial>(std::move(loaded));
}

inline std::string with(std::string_view what, std::string_view replacement) {
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

inline void check_mistake(const Mistake& mistake) {
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

}  // namespace trialgate::rules::testing
