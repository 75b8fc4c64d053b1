#include "rules/trial/vocabulary.h"

#include <algorithm>
#include <array>

namespace trialgate::rules {
namespace {

/// Defined Terms of Modality (0008,0060), PS3.3 §C.7.3.1.1.1, the retired ones that still come included.
constexpr std::array modality_words = std::to_array<std::string_view>({
    "AR",         "ANN",        "ASMT", "AU",     "BDUS",    "BI",       "BMD",        "CFM",    "CR",
    "CT",         "CTPROTOCOL", "DMS",  "DG",     "DOC",     "DX",       "ECG",        "EEG",    "EMG",
    "EOG",        "EPS",        "ES",   "FID",    "GM",      "HC",       "HD",         "IO",     "IOL",
    "IVOCT",      "IVUS",       "KER",  "KO",     "LEN",     "LS",       "M3D",        "MG",     "MR",
    "NM",         "OAM",        "OCT",  "OP",     "OPM",     "OPT",      "OPTBSV",     "OPTENF", "OPV",
    "OSS",        "OT",         "PA",   "PLAN",   "POS",     "PR",       "PT",         "PX",     "REG",
    "RESP",       "RF",         "RG",   "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN",     "RTRAD",  "RTRECORD",
    "RTSEGANN",   "RTSTRUCT",   "RWV",  "SEG",    "SM",      "SMR",      "SR",         "SRF",    "STAIN",
    "TEXTUREMAP", "TG",         "US",   "VA",     "VF",      "XA",       "XAPROTOCOL", "XC",
});

/// As PS3.3 and PS3.6 write them in the descriptions of attributes.
constexpr std::array unit_words = std::to_array<std::string_view>({
    "mm",  "mm2",  "mm3",  "cm",   "cm2",   "m",    "um",    "deg",  "deg/s", "rad",     "s",      "ms",
    "us",  "min",  "h",    "d",    "Hz",    "kHz",  "MHz",   "1/s",  "Hz/px", "V",       "kV",     "keV",
    "MeV", "A",    "mA",   "uA",   "mAs",   "uAs",  "kW",    "kHU",  "Gy",    "mGy",     "dGy",    "mSv",
    "T",   "G",    "mT/m", "W/kg", "s/mm2", "Bq",   "MBq",   "g",    "kg",    "ml",      "l",      "ml/s",
    "mg",  "mmol", "mm/s", "%",    "px",    "degC", "1/min", "g/ml", "Bq/ml", "dGy.cm2", "mGy.cm",
});

}  // namespace

void check_modality(const YAML::Node& node, std::string_view word, YamlErrors& errors) {
  if (std::ranges::find(modality_words, word) == modality_words.end())
    errors.add(node, unknown_word("Modality", word, modality_words));
}

bool is_unit(std::string_view word) noexcept {
  return std::ranges::find(unit_words, word) != unit_words.end();
}

}  // namespace trialgate::rules
