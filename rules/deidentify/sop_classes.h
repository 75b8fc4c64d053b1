#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/report.h"
#include "rules/deidentify/rules.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What de-identification can vouch for in the instances of a SOP class.
enum class SopClassHandling : std::uint8_t {
  image,               ///< pixels straight from a modality that does not write into them
  burned_in_risk,      ///< images that usually show text
  derived_object,      ///< segmentations, registrations, maps: geometry that refers to images; as the profile
                       ///< says
  radiotherapy,        ///< structure sets, plans, doses, treatment records: as the profile says
  structured_report,   ///< by its concepts; needs Clean Structured Content
  key_object,          ///< the same
  presentation_state,  ///< references and display parameters stay, annotations go; needs Clean Graphics
  encapsulated_document,  ///< no way to clean it is defined (PS3.15 §E.1.1 Note 15)
  waveform,               ///< signals and their annotations, spoken ones too
  raw_data,
  other,          ///< of the standard, without a rule here
  private_class,  ///< not of the standard
};
[[nodiscard]] SopClassHandling sop_class_handling(std::string_view sop_class_uid) noexcept;

/// Why nobody can vouch for an instance of this SOP class under these rules. Empty when it may be
/// de-identified, and for images, about which rules/pixels rules.
[[nodiscard]] std::vector<HoldCause> hold_causes_of_kind(const DataSet& data_set,
                                                         const DeidentificationRules& rules);

}  // namespace trialgate::rules
