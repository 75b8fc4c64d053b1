#pragma once

#include "rules/dataset/data_set.h"
#include "rules/result.h"

#include <cstdint>
#include <string>

namespace trialgate::rules {

/// How the pixels of an image are laid out when they are not compressed (PS3.3 §C.7.6.3, PS3.5 §8).
struct PixelFormat {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t samples = 1;         ///< Samples per Pixel: 1 or 3
  std::uint32_t bits_allocated = 0;  ///< 1, 8, 16, 32 or 64
  std::uint32_t bits_stored = 0;
  std::uint32_t high_bit = 0;
  std::uint64_t frames = 1;
  std::string photometric_interpretation;
  bool is_signed = false;
  bool by_plane = false;  ///< Planar Configuration 1
  bool big_endian = false;
  bool swapped_bytes = false;  ///< 8 bit samples in big endian words (OW): neighbours are swapped

  /// YBR_FULL_422 and YBR_PARTIAL_422: two pixels share four bytes, Y Y Cb Cr.
  [[nodiscard]] bool is_422() const noexcept;
  /// 0 where a frame is not a whole number of bytes.
  [[nodiscard]] std::uint64_t frame_bytes() const noexcept;
  [[nodiscard]] std::uint64_t frame_bits() const noexcept;

  friend bool operator==(const PixelFormat&, const PixelFormat&) = default;
};

/// Of the pixel data at the top level. Errors: malformed_dataset (attributes are missing or contradict each
/// other), unsupported (a layout that blanking does not know), `where` names the attribute.
[[nodiscard]] Result<PixelFormat> read_pixel_format(const DataSet& data_set);
/// Of one item, as an icon is; `vr` and `big_endian` are those of its pixel data.
[[nodiscard]] Result<PixelFormat> read_pixel_format(const ElementList& elements, Tag pixel_data, Vr vr,
                                                    bool big_endian);

}  // namespace trialgate::rules
