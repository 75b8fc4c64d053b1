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

/// Charters accept 6 586 ± 60 s for F-18: one per cent.
constexpr double half_life_tolerance = 0.01;

std::string path_of(std::string_view keyword) {
  return std::string(administration) + std::string(keyword);
}

std::optional<double> number_of_attribute(const InstanceRecord& record, const std::string& path) {
  const auto number = record.number(path);
  if (!number || !std::isfinite(number.value)) return std::nullopt;
  return number.value;
}

/// "Patient's Weight is absent", or is no number.
Text no_number(const InstanceRecord& record, const std::string& path, std::string_view en,
               std::string_view zh) {
  if (record.number(path).reading == Reading::malformed) {
    return {std::string(en) + " is no number", std::string(zh) + "不是有效数值"};
  }
  return {std::string(en) + " is absent", "缺少" + std::string(zh)};
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
  if (attenuation_corrected(record).texts != std::vector<std::string>{"yes"})
    obstacles.push_back({"not corrected for attenuation", "未做衰减校正"});
  if (decay_corrected(record).texts != std::vector<std::string>{"yes"})
    obstacles.push_back({"not corrected for decay to a known time", "未做衰变校正或校正时间不明"});
}

void add_weight(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const auto weight = number_of_attribute(record, "PatientWeight");
  if (!weight) {
    obstacles.push_back(no_number(record, "PatientWeight", "Patient's Weight", "患者体重"));
  } else if (*weight < least_weight_kg || *weight > most_weight_kg) {
    obstacles.push_back(
        {"Patient's Weight is no weight of a person (20 to 300 kg)", "患者体重超出20至300 kg"});
  }
}

void add_half_life(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const auto half_life = number_of_attribute(record, path_of("RadionuclideHalfLife"));
  if (!half_life || *half_life <= 0) {
    obstacles.push_back(
        no_number(record, path_of("RadionuclideHalfLife"), "Radionuclide Half Life", "核素半衰期"));
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
  const auto at = record.text(path_of("RadiopharmaceuticalStartDateTime"));
  const auto time = record.text(path_of("RadiopharmaceuticalStartTime"));
  if (!at && !time) {
    obstacles.push_back({"the time of injection is absent", "缺少注射时间"});
  } else if (at ? !parse_date_time(*at) : !parse_time(*time)) {
    obstacles.push_back({"the time of injection is no time", "注射时间不是有效时间"});
  }
}

void add_administrations(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const std::string second = "RadiopharmaceuticalInformationSequence[1].RadionuclideTotalDose";
  if (record.find(second) != nullptr) {
    obstacles.push_back({"more than one radiopharmaceutical is recorded", "记录了多种放射性药物"});
  }
}

void add_slope(const InstanceRecord& record, std::vector<Text>& obstacles) {
  const auto slope = record.number("RescaleSlope");
  const bool is_wrong = slope.reading == Reading::malformed || (slope && !(*slope > 0));
  if (is_wrong) obstacles.push_back({"Rescale Slope is no positive number", "重标斜率不是正数"});
}

}  // namespace

Value injected_activity(const InstanceRecord& record) {
  const auto dose = number_of_attribute(record, path_of("RadionuclideTotalDose"));
  if (!dose || *dose <= 0) {
    return unknown_value(
        no_number(record, path_of("RadionuclideTotalDose"), "Radionuclide Total Dose", "注射活度"));
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
  add_slope(record, obstacles);
  // What it was made of does not matter any more.
  if (holds_suv(record)) return obstacles;
  add_weight(record, obstacles);
  const Value activity = injected_activity(record);
  if (activity.state != Value::State::known) obstacles.push_back(activity.why);
  add_half_life(record, obstacles);
  add_times(record, obstacles);
  add_administrations(record, obstacles);
  return obstacles;
}

std::vector<Text> suv_disagreements(const Stack& stack) {
  struct Fact {
    std::string path;
    std::string_view en;
    std::string_view zh;
  };
  const std::array facts = std::to_array<Fact>({
      {"Units", "Units", "像素单位"},
      {"DecayCorrection", "Decay Correction", "衰变校正方式"},
      {"PatientWeight", "Patient's Weight", "患者体重"},
      {path_of("RadionuclideTotalDose"), "Radionuclide Total Dose", "注射活度"},
      {path_of("RadionuclideHalfLife"), "Radionuclide Half Life", "核素半衰期"},
  });
  const InstanceRecord& first = *stack.records.front();
  std::vector<Text> disagreements;
  for (const Fact& fact : facts) {
    const auto wanted = first.text(fact.path);
    const bool agree = std::ranges::all_of(stack.records, [&](const InstanceRecord* record) {
      return record->text(fact.path).value == wanted.value;
    });
    if (!agree) {
      disagreements.push_back({std::string(fact.en) + " is not the same in all instances",
                               "各实例的" + std::string(fact.zh) + "不一致"});
    }
  }
  if (holds_suv(first)) return disagreements;
  const Value uptake = uptake_time(stack);
  const bool has_start = first.text(path_of("RadiopharmaceuticalStartDateTime")) ||
                         first.text(path_of("RadiopharmaceuticalStartTime"));
  if (has_start && uptake.state != Value::State::known) disagreements.push_back(uptake.why);
  return disagreements;
}

Value attenuation_corrected(const InstanceRecord& record) {
  if (const auto flag = record.text("AttenuationCorrected")) {
    return known_text(same_text(*flag, "YES") ? "yes" : "no");
  }
  if (record.values("CorrectedImage")) {
    return known_text(has_value(record, "CorrectedImage", "ATTN") ? "yes" : "no");
  }
  return unknown_value({"the header does not say which corrections were made", "图像头信息未说明已做的校正"});
}

Value decay_corrected(const InstanceRecord& record) {
  if (const auto flag = record.text("DecayCorrected")) {
    return known_text(same_text(*flag, "YES") ? "yes" : "no");
  }
  if (const auto correction = record.text("DecayCorrection")) {
    return known_text(same_text(*correction, "START") || same_text(*correction, "ADMIN") ? "yes" : "no");
  }
  return unknown_value(
      {"the header does not say whether decay was corrected", "图像头信息未说明是否做衰变校正"});
}

}  // namespace trialgate::rules
