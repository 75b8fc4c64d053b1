#pragma once

#include "tests/rules/deidentify/support.h"

namespace trialgate::rules::test {

/// A mask for the upper row of images with two rows and two columns.
inline PixelMask upper_row_mask() {
  PixelMask mask;
  mask.id = "upper-row";
  mask.manufacturer = "Example Scanners";
  mask.model = "Model 5";
  mask.sop_classes = {std::string(ct_class)};
  mask.rows = 2;
  mask.columns = 2;
  mask.blank = {{0, 0, 2, 1}};
  mask.approved_by = "A. Reviewer";
  mask.approved_on = "2026-05-04";
  return mask;
}

}  // namespace trialgate::rules::test
