#include "rules/pixels/jpeg_markers.h"

#include "rules/dataset/bytes.h"

#include <cstring>

namespace trialgate::rules {

void JpegMarkers::pass_over_scan() noexcept {
  while (at_ + 1 < image_.size()) {
    const void* found = std::memchr(&image_[at_], 0xFF, image_.size() - at_ - 1);
    if (found == nullptr) break;
    at_ = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - image_.data());
    const std::uint8_t next = image_[at_ + 1];
    // Stuffed: a zero byte in JPEG, a zero bit in JPEG-LS. RST0 to RST7 are part of the scan.
    const bool stuffed = jpeg_ls_ ? next < 0x80 : next == 0;
    const bool restart = next >= 0xD0 && next <= 0xD7;
    if (!stuffed && !restart && next != 0xFF) return;
    at_ += next == 0xFF ? 1 : 2;
  }
  at_ = image_.size();
  ended_in_scan_ = true;
}

std::optional<JpegMarkers::Segment> JpegMarkers::next() noexcept {
  if (in_scan_) pass_over_scan();
  in_scan_ = false;
  // Any number of FFH may stand before a marker.
  while (at_ + 1 < image_.size() && image_[at_] == 0xFF && image_[at_ + 1] == 0xFF) ++at_;
  if (at_ + 2 > image_.size() || image_[at_] != 0xFF) return std::nullopt;
  Segment segment;
  segment.marker = read_u16(&image_[at_], true);
  // RST0 to RST7 and SOI have no place here, and nothing below C0H has a segment in DICOM.
  if (segment.marker < 0xFFC0 || (segment.marker >= 0xFFD0 && segment.marker <= 0xFFD8)) return std::nullopt;
  segment.begin = at_;
  segment.end = at_ + 2;
  if (segment.marker != end_of_image) {
    if (at_ + 4 > image_.size()) return std::nullopt;
    const std::size_t length = read_u16(&image_[at_ + 2], true);
    if (length < 2 || length > image_.size() - at_ - 2) return std::nullopt;
    segment.content = image_.subspan(at_ + 4, length - 2);
    segment.end = at_ + 2 + length;
  }
  at_ = segment.end;
  in_scan_ = segment.marker == start_of_scan;
  return segment;
}

std::optional<JpegFrameHeader> read_jpeg_frame_header(std::span<const std::uint8_t> image,
                                                      bool jpeg_ls) noexcept {
  if (image.size() < 4 || image[0] != 0xFF || image[1] != 0xD8) return std::nullopt;
  JpegMarkers markers(image, jpeg_ls);
  while (const auto segment = markers.next()) {
    const std::uint16_t marker = segment->marker;
    if (marker == JpegMarkers::end_of_image || marker == JpegMarkers::start_of_scan) break;
    // SOF0 to SOF15 without DHT, JPG and DAC; SOF55 is that of JPEG-LS.
    const bool frame_header =
        (marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 && marker != 0xFFCC) ||
        marker == 0xFFF7;
    if (!frame_header) continue;
    const auto content = segment->content;
    if (content.size() < 6) break;
    return JpegFrameHeader{read_u16(&content[1], true), read_u16(&content[3], true), content[5], content[0]};
  }
  return std::nullopt;
}

}  // namespace trialgate::rules
