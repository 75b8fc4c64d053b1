#include "rules/evaluate/equivalents.h"

#include "rules/evaluate/condition.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace trialgate::rules {
namespace {

struct Equivalent {
  std::string_view classic;
  std::string_view other;
};

constexpr std::array equivalents = std::to_array<Equivalent>({
    {"EchoTime", "EffectiveEchoTime"},
    {"InversionTime", "InversionTimes"},
    {"XRayTubeCurrent", "XRayTubeCurrentInmA"},
    {"Exposure", "ExposureInmAs"},
    {"ExposureTime", "ExposureTimeInms"},
    {"EchoTrainLength", "RFEchoTrainLength"},
    {"ContrastBolusAgent", "ContrastBolusAgentSequence[0].CodeMeaning"},
    {"ContrastBolusVolume", "ContrastBolusAgentSequence[0].ContrastBolusVolume"},
    {"ContrastBolusRoute",
     "ContrastBolusAgentSequence[0].ContrastBolusAdministrationRouteSequence[0].CodeMeaning"},
    {"ContrastBolusRoute", "ContrastBolusAdministrationRouteSequence[0].CodeMeaning"},
    {"ContrastBolusStartTime",
     "ContrastBolusAgentSequence[0].ContrastAdministrationProfileSequence[0].ContrastBolusStartTime"},
    {"ViewPosition", "ViewCodeSequence[0].CodeMeaning"},
});

bool says(const InstanceRecord& record, std::string_view path, std::string_view word) {
  const auto text = record.text(path);
  return text && same_text(*text, word);
}

/// Scanning Sequence (0018,0020) of an enhanced MR, from the MR Pulse Sequence module (PS3.3 §C.8.13.4).
std::vector<std::string> scanning_sequence(const InstanceRecord& record) {
  std::vector<std::string> values;
  const bool both = says(record, "EchoPulseSequence", "BOTH");
  if (both || says(record, "EchoPulseSequence", "SPIN")) values.emplace_back("SE");
  if (both || says(record, "EchoPulseSequence", "GRADIENT")) values.emplace_back("GR");
  if (says(record, "InversionRecovery", "YES")) values.emplace_back("IR");
  if (says(record, "EchoPlanarPulseSequence", "YES")) values.emplace_back("EP");
  return values;
}

/// Corrected Image (0028,0051) of an enhanced PET, from its corrections' own flags (PS3.3 §C.8.22.4).
std::vector<std::string> corrected_image(const InstanceRecord& record) {
  constexpr std::array flags = std::to_array<Equivalent>({{"DECY", "DecayCorrected"},
                                                          {"ATTN", "AttenuationCorrected"},
                                                          {"SCAT", "ScatterCorrected"},
                                                          {"RAN", "RandomsCorrected"},
                                                          {"DTIM", "DeadTimeCorrected"}});
  std::vector<std::string> values;
  for (const Equivalent& flag : flags) {
    if (says(record, flag.other, "YES")) values.emplace_back(flag.classic);
  }
  return values;
}

}  // namespace

std::optional<std::vector<std::string>> equivalent_values(std::string_view keyword,
                                                          const InstanceRecord& record) {
  std::vector<std::string> values;
  if (keyword == "ScanningSequence") {
    values = scanning_sequence(record);
  } else if (keyword == "CorrectedImage") {
    values = corrected_image(record);
  } else if (keyword == "DiffusionBValue") {
    if (const auto b_value = b_value_of(record)) values.push_back(number_text(*b_value));
  }
  for (const Equivalent& row : equivalents) {
    if (!values.empty()) break;
    if (row.classic != keyword) continue;
    if (const auto found = record.values(row.other)) values.assign(found->begin(), found->end());
  }
  return values.empty() ? std::nullopt : std::optional(std::move(values));
}

std::optional<double> b_value_of(const InstanceRecord& record) {
  constexpr double ge_mark = 1e9;
  if (const auto number = record.number("DiffusionBValue")) return *number;
  if (const auto number = record.number("SIEMENS MR HEADER:(0019,xx0C)")) return *number;
  if (const auto number = record.number("GEMS_PARM_01:(0043,xx39)")) return std::fmod(*number, ge_mark);
  return std::nullopt;
}

}  // namespace trialgate::rules
