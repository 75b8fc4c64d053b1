#include "rules/pixels/coded_frames.h"
#include "rules/pixels/frame_decoder.h"

#include <array>
#include <cstdlib>
#include <span>
#include <vector>

using namespace trialgate::rules;

namespace {

using Bytes = std::span<const std::uint8_t>;

void require(bool condition) {
  if (!condition) std::abort();
}

/// What is kept of a frame is part of it, and nothing is left in it to be taken out.
void strip(Bytes frame, PixelCoding coding) {
  const CodedFrameParts parts = read_coded_frame(frame, coding);
  if (parts.unreadable) return;
  std::vector<std::uint8_t> kept;
  for (const Bytes part : parts.kept) {
    require(part.data() >= frame.data() && part.data() + part.size() <= frame.data() + frame.size());
    kept.insert(kept.end(), part.begin(), part.end());
  }
  const CodedFrameParts again = read_coded_frame(kept, coding);
  require(!again.unreadable);
  require(!again.has_metadata);
}

void decode_rle(Bytes frame) {
  PixelFormat format;
  format.rows = 5;
  format.columns = 7;
  format.samples = frame.size() % 2 == 0 ? 1 : 3;
  format.bits_allocated = format.bits_stored = frame.size() % 3 == 0 ? 8 : 16;
  format.by_plane = frame.size() % 5 == 0;
  std::vector<std::uint8_t> decoded(format.frame_bytes());
  static_cast<void>(make_rle_decoder(format)->decode(frame, decoded));
}

}  // namespace

/// A byte for coding and number of frames, then an encapsulated value, and the same bytes as one frame.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array codings = {PixelCoding::jpeg, PixelCoding::jpeg_ls, PixelCoding::jpeg_2000,
                                  PixelCoding::rle};
  const PixelCoding coding = codings[data[0] % codings.size()];
  const Bytes value(data + 1, size - 1);
  strip(value, coding);
  decode_rle(value);
  std::vector<std::uint8_t> joined;
  if (const auto frames = split_frames(value, data[0] / codings.size() % 8 + 1, coding)) {
    for (const CodedFrame& frame : *frames) strip(in_one_piece(frame, joined), coding);
  }
  return 0;
}
