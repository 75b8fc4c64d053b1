#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/report.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// What de-identification can vouch for in the instances of a SOP class.
enum class SopClassHandling : std::uint8_t {
  image,              ///< pixels straight from a modality that does not write into them
  burned_in_risk,     ///< images that usually show text
  structured_report,  ///< needs Clean Structured Content
  key_object,
  presentation_state,     ///< needs Clean Graphics on every annotation
  encapsulated_document,  ///< no way to clean it is defined (PS3.15 §E.1.1 Note 15)
  radiotherapy,
  raw_data,
  other,          ///< of the standard, without a rule here
  private_class,  ///< not of the standard
};
[[nodiscard]] SopClassHandling sop_class_handling(std::string_view sop_class_uid) noexcept;

/// Why nobody can vouch for an instance of this SOP class. Empty when it may be de-identified, and for
/// images, about which rules/pixels rules.
[[nodiscard]] std::vector<HoldCause> hold_causes_of_kind(const DataSet& data_set);

}  // namespace trialgate::rules
