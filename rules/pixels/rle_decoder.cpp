#include "rules/dataset/bytes.h"
#include "rules/pixels/frame_decoder.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t header_bytes = 64;
constexpr std::size_t most_segments = 15;

/// PS3.5 §G.3.2: a byte plane, every `stride` bytes of `out`. False when the segment ends before the plane.
bool decode_segment(Bytes segment, std::uint8_t* out, std::size_t stride, std::size_t count) {
  std::size_t at = 0;
  while (count > 0) {
    if (at >= segment.size()) return false;
    const std::uint8_t control = segment[at++];
    if (control == 0x80) continue;
    const bool replicate = control > 0x80;
    const std::size_t run = std::min<std::size_t>(replicate ? 257U - control : control + 1U, count);
    if ((replicate ? 1 : run) > segment.size() - at) return false;
    for (std::size_t i = 0; i < run; ++i, out += stride) *out = segment[at + (replicate ? 0 : i)];
    at += replicate ? 1 : run;
    count -= run;
  }
  return true;
}

/// PS3.5 Annex G. A codec of our own: those at hand fill what is missing with zeros.
class RleDecoder final : public FrameDecoder {
 public:
  explicit RleDecoder(const PixelFormat& coded) : FrameDecoder(coded) {}

  Result<void> decode(Bytes frame, std::span<std::uint8_t> decoded) override {
    const std::size_t bytes = format_.bits_allocated / 8;
    const std::size_t segments = format_.samples * bytes;
    const std::size_t pixels = std::size_t{format_.rows} * format_.columns;
    if (frame.size() < header_bytes || segments > most_segments ||
        read_u32(frame.data(), false) != segments) {
      return fail(Errc::malformed_dataset, "a frame of the pixel data is not what the header says");
    }
    for (std::size_t number = 0; number < segments; ++number) {
      const std::size_t begin = read_u32(&frame[4 + number * 4], false);
      const std::size_t end = number + 1 < segments ? read_u32(&frame[8 + number * 4], false) : frame.size();
      const std::size_t sample = number / bytes;
      const std::size_t place = bytes - 1 - number % bytes;  // the most significant byte comes first
      const std::size_t start = format_.by_plane ? sample * pixels * bytes : sample * bytes;
      const std::size_t stride = format_.by_plane ? bytes : format_.samples * bytes;
      if (begin < header_bytes || begin > end || end > frame.size() ||
          !decode_segment(frame.subspan(begin, end - begin), decoded.data() + start + place, stride,
                          pixels)) {
        return fail(Errc::malformed_dataset, "a frame of the pixel data cannot be decoded");
      }
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<FrameDecoder> make_rle_decoder(const PixelFormat& coded) {
  return std::make_unique<RleDecoder>(coded);
}

}  // namespace trialgate::rules
