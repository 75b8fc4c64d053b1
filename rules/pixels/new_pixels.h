#pragma once

#include "rules/dataset/data_set.h"
#include "rules/pixels/mask.h"
#include "rules/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace trialgate::rules {

/// Takes the bytes of a pixel data value in order; false ends the writing.
using PixelSink = std::function<bool(std::span<const std::uint8_t>)>;

/// A pixel data value that takes the place of the received one, made frame by frame while it is written: no
/// more than one frame is in memory. Looks into the bytes that were parsed, which must outlive it.
class NewPixels {
 public:
  virtual ~NewPixels() = default;

  /// The element's header as `transfer_syntax_uid()` wants it.
  [[nodiscard]] virtual std::vector<std::uint8_t> element_header() const = 0;
  [[nodiscard]] virtual std::string_view transfer_syntax_uid() const = 0;
  /// Puts right what the header says about the pixels.
  virtual void describe(DataSet& data_set) const = 0;
  /// May be called again: the same bytes. Errors: malformed_dataset (a frame cannot be decoded), held (the
  /// sink wants no more).
  [[nodiscard]] virtual Result<void> write(const PixelSink& sink) const = 0;
};

/// The frames with the rectangles of `mask` blank, uncompressed: native ones in their own encoding, coded
/// ones decoded. Bits that Bits Stored leaves out are cleared where overlays are kept in them. Decodes the
/// first frame. `bytes` is what `data_set` was parsed from. Errors: malformed_dataset, unsupported; `where`
/// is a sentence.
[[nodiscard]] Result<std::shared_ptr<const NewPixels>> masked_pixels(const DataSet& data_set,
                                                                     std::span<const std::uint8_t> bytes,
                                                                     const PixelMask& mask);

/// The frames of encapsulated pixel data, uncompressed and otherwise as they are. Decodes the first one.
/// Errors as masked_pixels().
[[nodiscard]] Result<std::shared_ptr<const NewPixels>> decoded_pixels(const DataSet& data_set,
                                                                      std::span<const std::uint8_t> bytes);

/// The coded frames without what the encoder wrote beside the pixels, which stay as they are. Null when there
/// is nothing of the kind. Errors: malformed_dataset (the frames' markers cannot be followed).
[[nodiscard]] Result<std::shared_ptr<const NewPixels>> stripped_pixels(const DataSet& data_set,
                                                                       std::span<const std::uint8_t> bytes);

/// Blanks the small copies of the image that are left in sequences (icons). False when one of them has a
/// layout that is not known.
[[nodiscard]] bool blank_icons(DataSet& data_set, const PixelMask& mask);

}  // namespace trialgate::rules
