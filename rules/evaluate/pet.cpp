#include "rules/evaluate/header_quantities.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace trialgate::rules {
namespace {

constexpr std::string_view enhanced_pet_image_storage = "1.2.840.10008.5.1.4.1.1.130";
constexpr std::string_view administration = "RadiopharmaceuticalInformationSequence[0].";

/// Plausible for a person who lies on a scanner.
constexpr double least_weight_kg = 20;
constexpr double most_weight_kg = 300;
/// Wide enough for every diagnostic nuclide; a thousand times less in Bq is an activity that was typed in
/// MBq.
constexpr double least_activity_mbq = 1;
constexpr double most_activity_mbq = 5000;

struct Nuclide {
  std::string_view
      code;  ///< of PS3.16 CID 4020, SNOMED-RT style; the newer codes come with the same meanings
  std::string_view element;  ///< as Code Meaning begins after the mass number, without case
  std::string_view mass;
  double half_life_s;
};

/// Half-lives as evaluated by the Decay Data Evaluation Project, rounded to what a header can hold.
constexpr std::array nuclides = std::to_array<Nuclide>({
    {"C-111A1", "f", "18", 6586.2},
    {"C-105A1", "c", "11", 1221.8},
    {"C-107A1", "n", "13", 597.9},
    {"C-B1038", "o", "15", 122.2},
    {"C-131A3", "ga", "68", 4062.6},
    {"C-127A2", "cu", "64", 45721},
    {"C-168A4", "zr", "89", 282280},
    {"C-159A2", "rb", "82", 75.5},
    {"C-114A5", "i", "124", 360806},
});

/// Charters accept 6 586 ± 60 s for F-18: one per cent.
constexpr double half_life_tolerance = 0.01;

std::string path_of(std::string_view keyword) {
  return std::string(administration) + std::string(keyword);
}

std::string letters_and_digits(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u)) plain += static_cast<char>(std::tolower(u));
  }
  return plain;
}

const Nuclide* nuclide_of(const InstanceRecord& record) {
  const auto code = record.text(path_of("RadionuclideCodeSequence[0].CodeValue"));
  const auto meaning = record.text(path_of("RadionuclideCodeSequence[0].CodeMeaning"));
  const std::string words = meaning ? letters_and_digits(*meaning) : std::string();
  const auto* const found = std::ranges::find_if(nuclides, [&](const Nuclide& nuclide) {
    if (code && trim(*code) == nuclide.code) return true;
    // "^18^Fluorine", "F-18", "18F", "Fluorine 18"
    return !words.empty() && (words.starts_with(std::string(nuclide.mass) + std::string(nuclide.element)) ||
                              (words.starts_with(nuclide.element) && words.ends_with(nuclide.mass)));
  });
  return found == nuclides.end() ? nullptr : found;
}

std::optional<double> number_of_attribute(const InstanceRecord& record, const std::string& path) {
  const auto number = record.number(path);
  if (!number || !std::isfinite(number.value)) return std::nullopt;
  return number.value;
}

bool has_value(const InstanceRecord& record, std::string_view path, std::string_view word) {
  const auto values = record.values(path);
  return values &&
         std::ranges::any_of(values.value, [&](const std::string& value) { return same_text(value, word); });
}

/// Enhanced PET has no Units (0054,1001): the Real World Value Mapping macro says what the values are, in
/// UCUM.
bool is_mapped_to(const InstanceRecord& record, std::string_view unit) {
  for (const char* const groups :
       {"SharedFunctionalGroupsSequence[0].", "PerFrameFunctionalGroupsSequence[0]."}) {
    const auto code = record.text(
        std::string(groups) + "RealWorldValueMappingSequence[0].MeasurementUnitsCodeSequence[0].CodeValue");
    if (code && trim(*code) == unit) return true;
  }
  return false;
}

bool holds_activity(const InstanceRecord& record) {
  return has_value(record, "Units", "BQML") || is_mapped_to(record, "Bq/ml");
}

bool holds_suv(const InstanceRecord& record) {
  return has_value(record, "Units", "GML") || is_mapped_to(record, "{SUVbw}g/ml");
}

void add_units(const InstanceRecord& record, std::vector<Text>& obstacles) {
  if (holds_activity(record) || holds_suv(record)) return;
  if (has_value(record, "Units", "CNTS")) {
    // Philips: counts with a factor to SUV, or to Bq/ml, beside them.
    for (const char* const factor :
         {"Philips PET Private Group:(7053,xx00)", "Philips PET Private Group:(7053,xx09)"}) {
      if (const auto number = number_of_attribute(record, factor); number && *number > 0) return;
    }
    obstacles.push_back({"Units are counts, without a factor to activity", "像素单位为计数且无换算系数"});
    return;
  }
  obstacles.push_back({"Units are not BQML, GML or CNTS", "像素单位不是BQML、GML或CNTS"});
}

void add_corrections(const InstanceRecord& record, std::vector<Text>& obstacles) {
  if (!has_value(record, "CorrectedImage", "ATTN"))
    obstacles.push_back({"not corrected for attenuation", "未做衰减校正"});
  const bool corrected =
      has_value(record, "DecayCorrection", "START") || has_value(record, "DecayCorrection", "ADMIN");
  if (!corrected)
    obstacles.push_back({"not corrected for decay to a known time", "未做衰变校正或校正时间不明"});
}

void add_weight(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const auto weight = number_of_attribute(record, "PatientWeight");
  if (!weight) {
    obstacles.push_back({"Patient's Weight is absent", "缺少患者体重"});
  } else if (*weight < least_weight_kg || *weight > most_weight_kg) {
    obstacles.push_back(
        {"Patient's Weight is no weight of a person (20 to 300 kg)", "患者体重超出20至300 kg"});
  }
}

void add_half_life(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const auto half_life = number_of_attribute(record, path_of("RadionuclideHalfLife"));
  if (!half_life || *half_life <= 0) {
    obstacles.push_back({"Radionuclide Half Life is absent", "缺少核素半衰期"});
    return;
  }
  const Nuclide* const nuclide = nuclide_of(record);
  if (nuclide == nullptr) return;
  if (std::abs(*half_life - nuclide->half_life_s) > half_life_tolerance * nuclide->half_life_s) {
    const std::string expected = number_text(nuclide->half_life_s) + " s";
    obstacles.push_back({"Radionuclide Half Life is not that of the nuclide (" + expected + ")",
                         "半衰期与核素不符（应为 " + expected + "）"});
  }
}

void add_times(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const bool dated = record.text(path_of("RadiopharmaceuticalStartDateTime")) ||
                     record.text(path_of("RadiopharmaceuticalStartTime"));
  if (!dated) obstacles.push_back({"the time of injection is absent", "缺少注射时间"});
}

}  // namespace

Value injected_activity(const InstanceRecord& record) {
  const auto dose = number_of_attribute(record, path_of("RadionuclideTotalDose"));
  if (!dose || *dose <= 0) {
    return unknown_value({"Radionuclide Total Dose is absent", "缺少注射活度"});
  }
  // PS3.3 §C.8.9.2: Bq; §C.8.21.3.1, Enhanced PET: MBq.
  const double mbq = record.sop_class_uid == enhanced_pet_image_storage ? *dose : *dose / 1e6;
  if (mbq < least_activity_mbq || mbq > most_activity_mbq) {
    return unknown_value(
        {"Radionuclide Total Dose is in the wrong unit (" + number_text(mbq) + " MBq if it were not)",
         "注射活度单位有误（按所填数值为 " + number_text(mbq) + " MBq）"});
  }
  return known_number(mbq);
}

Value field_strength(const InstanceRecord& record) {
  constexpr double least_gauss = 100;
  constexpr double gauss_per_tesla = 10'000;
  const auto strength = number_of_attribute(record, "MagneticFieldStrength");
  if (!strength || *strength <= 0) {
    return unknown_value({"Magnetic Field Strength is absent", "缺少磁场强度"});
  }
  return known_number(*strength >= least_gauss ? *strength / gauss_per_tesla : *strength);
}

std::vector<Text> suv_obstacles(const InstanceRecord& record) {
  std::vector<Text> obstacles;
  add_units(record, obstacles);
  add_corrections(record, obstacles);
  // What it was made of does not matter any more.
  if (holds_suv(record)) return obstacles;
  add_weight(record, obstacles);
  const Value activity = injected_activity(record);
  if (activity.state != Value::State::known) obstacles.push_back(activity.why);
  add_half_life(record, obstacles);
  add_times(record, obstacles);
  return obstacles;
}

}  // namespace trialgate::rules
