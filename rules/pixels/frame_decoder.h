#pragma once

#include "rules/dataset/transfer_syntax.h"
#include "rules/pixels/pixel_format.h"
#include "rules/result.h"

#include <cstdint>
#include <memory>
#include <span>

namespace trialgate::rules {

/// Makes the codecs silent: their messages are not ours to check for what they quote. Once, before a process
/// gives up the file system.
void prepare_codecs();

/// Decodes the frames of one image. Feeds peers' bytes to codecs of others (DCMTK, OpenJPEG): only for worker
/// processes and tests. One thread.
class FrameDecoder {
 public:
  /// `coded` is what the header says. Errors: unsupported (no decoder for this transfer syntax).
  [[nodiscard]] static Result<std::unique_ptr<FrameDecoder>> create(const TransferSyntax& transfer_syntax,
                                                                    const PixelFormat& coded);
  virtual ~FrameDecoder() = default;

  /// Of what decode() writes: little endian. Lossless codings keep their colour space, YBR of lossy ones
  /// becomes RGB as every viewer would show it.
  [[nodiscard]] const PixelFormat& format() const noexcept { return format_; }
  /// `decoded` has format().frame_bytes(). Errors: malformed_dataset (the frame is not what the header says,
  /// or cannot be decoded).
  [[nodiscard]] virtual Result<void> decode(std::span<const std::uint8_t> frame,
                                            std::span<std::uint8_t> decoded) = 0;

 protected:
  explicit FrameDecoder(PixelFormat format) : format_(std::move(format)) {}

  PixelFormat format_;
};

/// RLE, by code of our own.
[[nodiscard]] std::unique_ptr<FrameDecoder> make_rle_decoder(const PixelFormat& coded);
/// JPEG 2000 by OpenJPEG.
[[nodiscard]] std::unique_ptr<FrameDecoder> make_jpeg_2000_decoder(const PixelFormat& coded);

}  // namespace trialgate::rules
