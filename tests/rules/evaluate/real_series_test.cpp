// What a person with the charter in hand would say of published series, and why.

#include "rules/evaluate/stacks.h"
#include "rules/examine/instance_record.h"
#include "tests/rules/evaluate/series_builder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

namespace {

std::filesystem::path data(std::string_view name) {
  return std::filesystem::path(TRIALGATE_TEST_DATA) / name;
}

void add_file(Records& records, const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  auto record = examine({first, bytes.size()});
  REQUIRE_MESSAGE(record.has_value(), path.string());
  records.add(std::move(*record));
}

Records read(std::string_view name) {
  Records records;
  if (std::filesystem::is_regular_file(data(name))) {
    add_file(records, data(name));
    return records;
  }
  for (const auto& entry : std::filesystem::directory_iterator(data(name))) add_file(records, entry.path());
  return records;
}

/// Rules of the slot only: the subjects of published data are in no register.
std::vector<std::string> slot_findings(const Trial& trial, const Records& records) {
  std::vector<std::string> ids;
  for (const Finding& finding : judge(trial, records).findings) {
    if (!finding.rule_id.starts_with("study/")) {
      ids.push_back(finding.rule_id + (finding.result == CheckResult::fail ? "" : "?"));
    }
  }
  return ids;
}

using Ids = std::vector<std::string>;

const Trial& ct_trial() {
  static const Trial trial = trial_with(
      "      - {id: thickness, SliceThickness: {max: 5.0}}\n"
      "      - {id: contiguous, slice_gap: {max: 0.1}}\n"
      "      - {id: complete, missing_slices: 0}\n"
      "      - {id: duplicates, duplicate_slices: 0}\n"
      "      - {id: regular, spacing_deviation: {max: 0.05}}\n"
      "      - {id: tilt, gantry_tilt: {max: 0.5}}\n"
      "      - {id: mixed, mixed_orientation: no}\n"
      "      - {id: coverage, z_coverage: {min: 50}}\n"
      "      - {id: contrast, contrast_given: yes}\n"
      "      - {id: kernel, kernel_class: soft}\n");
  return trial;
}

Trial trial_of(std::string_view modality) {
  std::string own;
  if (modality == "PT") {
    own =
        "      - {id: uptake, uptake_time: {between: [50, 70]}}\n"
        "      - {id: units, Units: BQML}\n";
  } else if (modality == "MR") {
    own = "      - {id: field, MagneticFieldStrength: {between: [1.4, 3.1]}}\n";
  }
  return trial_with(
      "      - {id: unused, SliceThickness: {max: 5}}\n"
      "  - id: any\n"
      "    select: {Modality: " +
      std::string(modality) +
      "}\n"
      "    required_at: none\n"
      "    checks:\n"
      "      - {id: contiguous, slice_gap: {max: 0.1}}\n"
      "      - {id: complete, missing_slices: 0}\n"
      "      - {id: duplicates, duplicate_slices: 0}\n"
      "      - {id: tilt, gantry_tilt: {max: 0.5}}\n"
      "      - {id: axial, orientation: axial}\n"
      "      - {id: coverage, z_coverage: {min: 60}}\n" +
      own);
}

}  // namespace

TEST_CASE("ct_contrast_rider: 12 contiguous contrast slices of 5 mm on a GE LightSpeed, 60 mm: conforms") {
  const Records records = read("series/ct_contrast_rider");
  CHECK(slot_findings(ct_trial(), records) == Ids{});
  const Verdict verdict = judge(ct_trial(), records);
  CHECK(verdict.slots.at("ct").instances.size() == 12);
  CHECK(verdict.facts.at("ct").at("z_coverage").number == doctest::Approx(60));
  CHECK(verdict.facts.at("ct").at("contrast_given").texts == Values{"yes"});
  CHECK(verdict.outcome == Outcome::quarantine);  // nobody registered the subject
  CHECK(find(verdict, "study/known_subject") != nullptr);
}

TEST_CASE("ct_phantom_fda_j2k: overlapping 0.8 mm slices over 8.4 mm, header silent about contrast") {
  CHECK(slot_findings(ct_trial(), read("series/ct_phantom_fda_j2k")) == Ids{"ct/coverage", "ct/contrast?"});
}

TEST_CASE("ct_tiny_dcmqi: three slices of 2.5 mm, converted: no kernel, no contrast in the header") {
  CHECK(slot_findings(ct_trial(), read("series/ct_tiny_dcmqi")) ==
        Ids{"ct/coverage", "ct/contrast?", "ct/kernel?"});
}

TEST_CASE(
    "the ACR phantom is scanned with 5 mm slices every 10 mm, by either vendor: a gap, nothing missing") {
  for (const char* const series : {"series/mr_acr_ge", "series/mr_acr_siemens"}) {
    CAPTURE(series);
    const Trial trial = trial_of("MR");
    const Records records = read(series);
    const Verdict verdict = judge(trial, records);
    CHECK(find(verdict, "any/contiguous")->found == "5");
    CHECK(find(verdict, "any/complete") == nullptr);
    CHECK(find(verdict, "any/duplicates") == nullptr);
    CHECK(find(verdict, "any/field") == nullptr);
    CHECK(verdict.facts.at("any").at("z_coverage").number == doctest::Approx(105));
    CHECK_MESSAGE(find(verdict, "ct/required") != nullptr, "an MR is no CT");
  }
}

TEST_CASE("pt_phantom_nema_min: 24 contiguous slices, and a header that cannot give an SUV") {
  const Verdict verdict = judge(trial_of("PT"), read("series/pt_phantom_nema_min"));
  for (const char* const rule :
       {"any/contiguous", "any/complete", "any/duplicates", "any/tilt", "any/coverage"}) {
    CAPTURE(rule);
    CHECK(find(verdict, rule) == nullptr);
  }
  CHECK(find(verdict, "any/uptake")->result == CheckResult::not_determinable);
  CHECK(find(verdict, "any/units")->result == CheckResult::not_determinable);
}

TEST_CASE("a series of which two slices were lost is found to miss these two") {
  Records all = read("series/ct_contrast_rider");
  std::ranges::sort(all.all(), {},
                    [](const InstanceRecord& r) { return *r.number("ImagePositionPatient", 2); });
  Records records;
  for (std::size_t i = 0; i < all.all().size(); ++i) {
    if (i != 5 && i != 6) records.add(all.all()[i]);
  }
  const Verdict verdict = judge(ct_trial(), records);
  REQUIRE(find(verdict, "ct/complete") != nullptr);
  CHECK(find(verdict, "ct/complete")->found.starts_with("2 (2 between slices 5 and 6"));
}

TEST_CASE("enhanced multi-frame instances of published data are stacks of their frames") {
  struct {
    const char* file;
    const char* modality;
  } const cases[] = {{"ct/ct_legacy_converted_mf.dcm", "CT"}, {"mr/emri_small.dcm", "MR"}};
  for (const auto& expected : cases) {
    CAPTURE(expected.file);
    const Records records = read(expected.file);
    const InstanceRecord& record = *records.views().front();
    const auto stacks = build_stacks(records.views());
    std::size_t slices = 0;
    for (const Stack& stack : stacks) slices += stack.slices.size();
    CHECK(slices == std::max<std::size_t>(1, record.frames.size()));
    CHECK(stacks.front().modality == expected.modality);
    CHECK(judge(trial_of(expected.modality), records).slots.contains("any"));
  }
}

TEST_CASE("tcga_lung_odd_DS_format: numbers as scanners write them are numbers") {
  const Records records = read("ct/tcga_lung_odd_DS_format.dcm");
  const Trial trial = trial_with("      - {id: kv, KVP: {equals: 140}}\n");
  CHECK(slot_findings(trial, records) == Ids{});
}

TEST_CASE("every published file can be judged alone, whatever it is") {
  std::size_t judged = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TRIALGATE_TEST_DATA)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    const auto record = examine({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (record.has_error()) continue;
    Records records;
    records.add(*record);
    const Verdict verdict = judge(ct_trial(), records);
    CHECK(verdict.outcome == Outcome::quarantine);
    CHECK(verdict_from_json(to_json(verdict)).value() == verdict);
    ++judged;
  }
  CHECK(judged > 150);
}
