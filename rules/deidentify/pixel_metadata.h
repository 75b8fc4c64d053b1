#pragma once

#include "rules/dataset/transfer_syntax.h"

#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::rules {

/// What encoders write beside the pixels: JPEG and JPEG-LS application segments and comments, JPEG 2000
/// comments and boxes. They can hold names, places and device data like any text.
struct PixelMetadata {
  std::vector<std::span<const std::uint8_t>> texts;  ///< views into the fragments
  bool has_descriptive = false;  ///< Exif, XMP, IPTC or a JPEG 2000 metadata box: made for such things
  bool unreadable = false;       ///< a segment runs over the end of its fragment
};

/// Walks the headers of the frames in an encapsulated pixel data value (items with their headers, PS3.5
/// §A.4), never the coded pixels. Empty for codings that have no such place.
[[nodiscard]] PixelMetadata read_pixel_metadata(std::span<const std::uint8_t> encapsulated,
                                                PixelCoding coding);

}  // namespace trialgate::rules
