#include "rules/trial/load.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace trialgate::rules {
namespace {

constexpr std::string_view mask = R"(- id: us-9
  manufacturer: Example Ultrasound
  model: Model 9
  software: [V1, V2]
  sop_class: [UltrasoundImageStorage, 1.2.840.10008.5.1.4.1.1.3.1]
  image_type: PRIMARY
  rows: 768
  columns: 1024
  blank: [{left: 0, top: 0, width: 1024, height: 64}, {left: 900, top: 700, width: 124, height: 68}]
  approved: {by: A. Reviewer, on: 2026-02-03}
)";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

/// A trial with the masks in a file of their own.
LoadedTrial load(const std::string& masks, std::string_view options = "[clean_pixel_data]",
                 std::string_view pixels = "{masks_file: masks.yaml}") {
  std::string trial = R"(trial: {protocol_id: T-1, sponsor: Example, charter: {version: "1.0"}}
subjects: {register: subjects.csv}
time_points: {reference: first_dose, schedule: [{id: BL, days: [-28, 0]}]}
series: [{id: us, name: US, select: {Modality: US}, required_at: all}]
deidentify:
  options: )";
  trial += std::string(options) + "\n  pixels: " + std::string(pixels) + "\n";
  return load_trial_text(trial, "t.yaml", [&masks](const std::string& name) -> Result<std::string> {
    if (name == "masks.yaml") return masks;
    if (name == "subjects.csv")
      return std::string("site,patient_id,subject_id,first_dose\nS1,P1,T1,2026-03-02\n");
    return fail(Errc::invalid_configuration, "cannot be read");
  });
}

std::vector<std::string> mistakes(LoadedTrial loaded) {
  std::vector<std::string> texts;
  if (const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
    for (const ConfigError& error : *errors) texts.push_back(error.to_string());
  }
  return texts;
}

bool has_mistake(const std::string& masks, std::string_view start, std::string_view text) {
  return std::ranges::any_of(mistakes(load(masks)), [&](const std::string& mistake) {
    return mistake.starts_with(start) && mistake.find(text) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("A trial names its masks in a file, with who approved them and when") {
  const auto loaded = load(std::string(mask));
  for (const std::string& mistake : mistakes(loaded)) MESSAGE(mistake);
  REQUIRE(std::holds_alternative<Trial>(loaded));
  const auto& masks = std::get<Trial>(loaded).deidentify.masks;
  REQUIRE(masks.size() == 1);
  CHECK(masks[0].sop_classes ==
        std::vector<std::string>{"1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"});
  CHECK(masks[0].software == std::vector<std::string>{"V1", "V2"});
  CHECK(masks[0].image_type == std::vector<std::string>{"PRIMARY"});
  CHECK(masks[0].blank == std::vector<PixelRectangle>{{0, 0, 1024, 64}, {900, 700, 124, 68}});
  CHECK(masks[0].approved_by == "A. Reviewer");
  CHECK(masks[0].approved_on == "2026-02-03");
}

TEST_CASE("Other masks are other rules: the trial is read again when their file changes") {
  const auto first = load(std::string(mask));
  const auto second = load(replaced(std::string(mask), "height: 64", "height: 65"));
  CHECK(std::get<Trial>(first).rules_sha256 != std::get<Trial>(second).rules_sha256);
}

TEST_CASE("Mistakes in a file of masks are found there, with line and column") {
  const std::string good(mask);
  CHECK(has_mistake(replaced(good, "height: 64", "height: 1000"), "t.yaml", "reaches over the edge"));
  CHECK(has_mistake(replaced(good, "approved: {by: A. Reviewer, on: 2026-02-03}", "#"), "masks.yaml:1",
                    "approved"));
  CHECK(has_mistake(replaced(good, "on: 2026-02-03", "on: lately"), "masks.yaml:10", "on"));
  CHECK(has_mistake(replaced(good, "UltrasoundImageStorage", "Ultrasound"), "masks.yaml:5", "no SOP class"));
  CHECK(has_mistake(replaced(good, "rows: 768", "rows: 0"), "masks.yaml:7", "rows"));
  CHECK(has_mistake(replaced(good, "model:", "modell:"), "masks.yaml:3", "did you mean"));
  CHECK(has_mistake(good + good, "t.yaml", "two masks have this id"));
  CHECK(has_mistake("{", "masks.yaml", "expected YAML"));
  CHECK(mistakes(load(good, "[clean_pixel_data]", "{masks_file: other.yaml}")).size() == 1);
}

TEST_CASE("Masks without the option that they carry out are a mistake") {
  CHECK(mistakes(load(std::string(mask), "[]")).size() == 1);
}

}  // namespace trialgate::rules
