#pragma once

#include "rules/dataset/transfer_syntax.h"
#include "rules/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace trialgate::rules {

/// A coded frame: its fragments, one after the other.
using CodedFrame = std::vector<std::span<const std::uint8_t>>;

/// Takes an encapsulated pixel data value apart (items with their headers, PS3.5 §A.4): one fragment a frame,
/// all fragments one frame, by the Basic Offset Table, or by how a frame of this coding begins. Views into
/// `encapsulated`. Errors: malformed_dataset when fragments and frames cannot be brought together.
[[nodiscard]] Result<std::vector<CodedFrame>> split_frames(std::span<const std::uint8_t> encapsulated,
                                                           std::uint64_t frames, PixelCoding coding);

/// The fragments in one piece; `joined` keeps the bytes where there are several.
[[nodiscard]] std::span<const std::uint8_t> in_one_piece(const CodedFrame& frame,
                                                         std::vector<std::uint8_t>& joined);

/// What encoders write beside the pixels of one frame: JPEG and JPEG-LS application segments and comments,
/// JPEG 2000 comments and the boxes of JP2, bytes behind the end of the image. They can hold names, places
/// and device data like any text. What decoders need for the colours stays (JFIF, Adobe, mrfx), and so does
/// the banner of an encoder that says nothing but its name and version.
struct CodedFrameParts {
  std::vector<std::span<const std::uint8_t>> kept;  ///< the frame without it, in order
  bool has_metadata = false;  ///< `kept` is less than the frame; a last byte of padding does not count
  bool unreadable = false;    ///< the markers cannot be followed to the end of the image
};

/// Walks the markers of a frame, never the coded pixels. A coding without such places is kept whole.
[[nodiscard]] CodedFrameParts read_coded_frame(std::span<const std::uint8_t> frame, PixelCoding coding);

/// The wavelet of a JPEG 2000 frame is the irreversible one (ISO/IEC 15444-1 Table A.20): it is lossy,
/// whatever its transfer syntax leaves open.
[[nodiscard]] bool is_irreversible(std::span<const std::uint8_t> frame) noexcept;

}  // namespace trialgate::rules
