#pragma once

#include "rules/pixels/mask.h"
#include "rules/pixels/pixel_format.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::rules {

/// Stored value of a blank pixel, sample by sample: black as far as the header tells.
using BlankValue = std::array<std::uint64_t, 3>;

/// In the range of the format, and of Smallest and Largest Image Pixel Value where `elements` has them.
[[nodiscard]] BlankValue blank_value(const ElementList& elements, const PixelFormat& format);

/// Overwrites the stored values of the rectangles in one frame of format.frame_bytes(), which is not 0. With
/// YBR_*_422 a rectangle grows to whole pairs of pixels.
void blank(std::span<std::uint8_t> frame, const PixelFormat& format,
           std::span<const PixelRectangle> rectangles, const BlankValue& value);

/// The same for pixels of one bit, packed over the ends of rows and frames (PS3.5 §8.1.1): all frames at
/// once.
void blank_bits(std::span<std::uint8_t> frames, const PixelFormat& format,
                std::span<const PixelRectangle> rectangles, bool value);

/// Sets the bits of every pixel cell to 0 that Bits Stored and High Bit leave out: old overlays are kept
/// there.
void clear_unused_bits(std::span<std::uint8_t> frame, const PixelFormat& format);

/// The rectangles of an image with `rows` and `columns` as they lie in a smaller copy, rounded outwards.
[[nodiscard]] std::vector<PixelRectangle> scaled(std::span<const PixelRectangle> rectangles,
                                                 std::uint32_t rows, std::uint32_t columns,
                                                 const PixelFormat& copy);

}  // namespace trialgate::rules
