#pragma once

#include "rules/dataset/data_set.h"
#include "rules/deidentify/report.h"
#include "rules/pixels/mask.h"

#include <vector>

namespace trialgate::rules {

/// Signs that the pixels show text about the patient: Burned In Annotation, Image Type, descriptions,
/// secondary capture, equipment that makes screen copies, colour. Empty: there is none, which is no proof
/// that the pixels are clean. Reads no pixel.
[[nodiscard]] std::vector<HoldCause> burned_in_signs(const DataSet& data_set);

/// What is to be done about text in the pixels of an image.
struct PixelRuling {
  const PixelMask* mask = nullptr;  ///< approved for this instance: to be carried out
  std::vector<HoldCause> causes;    ///< why the pixels must not leave; empty when they may
};

/// `usually_shows_text`: the SOP class is one that counts as a risk by itself. No sign of a risk and no mask
/// lets the pixels through as they are; nobody has vetted them. Overlays in unused bits of the pixel cells
/// (retired) hold where no mask makes the pixels new.
[[nodiscard]] PixelRuling rule_on_burned_in(const DataSet& data_set, bool usually_shows_text,
                                            const std::vector<PixelMask>& masks);

}  // namespace trialgate::rules
