#pragma once

#include "rules/dataset/data_set.h"
#include "rules/result.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

/// In pixels; the corner of the image is (0, 0).
struct PixelRectangle {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  friend bool operator==(const PixelRectangle&, const PixelRectangle&) = default;
};

/// What a person has approved to be blanked in the images of one kind of device. Texts are compared without
/// regard to case and to spaces around them.
struct PixelMask {
  std::string id;
  std::string manufacturer;              ///< Manufacturer (0008,0070)
  std::string model;                     ///< Manufacturer's Model Name (0008,1090)
  std::vector<std::string> software;     ///< Software Versions (0018,1020), one of them; empty: any
  std::vector<std::string> sop_classes;  ///< UIDs, one of them
  std::vector<std::string> image_type;   ///< values that Image Type (0008,0008) has, each of them
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::vector<PixelRectangle> blank;  ///< empty: looked at, and nothing is burned in
  std::string approved_by;
  std::string approved_on;  ///< YYYY-MM-DD

  friend bool operator==(const PixelMask&, const PixelMask&) = default;
};

/// How far a mask's signature is that of an instance.
enum class MaskMatch : std::uint8_t {
  none,         ///< another device, SOP class or Image Type
  device_only,  ///< the device, but another software version or size: its text may be elsewhere
  all,
};
[[nodiscard]] MaskMatch match(const PixelMask& mask, const DataSet& data_set);

/// What is wrong with the masks, one sentence each: missing parts, rectangles outside the image, ids that are
/// there twice, two masks for one signature.
[[nodiscard]] std::vector<std::string> validate_masks(const std::vector<PixelMask>& masks);

[[nodiscard]] boost::json::value to_json(const std::vector<PixelMask>& masks);
/// Errors: invalid_configuration.
[[nodiscard]] Result<std::vector<PixelMask>> pixel_masks_from_json(const boost::json::value& json);

}  // namespace trialgate::rules
