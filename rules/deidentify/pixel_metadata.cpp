#include "rules/deidentify/pixel_metadata.h"

#include "rules/dataset/bytes.h"

#include <algorithm>
#include <string_view>

namespace trialgate::rules {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t item_header_bytes = 8;

std::uint16_t big_u16(Bytes bytes, std::size_t at) noexcept {
  return read_u16(&bytes[at], true);
}

bool starts_with(Bytes bytes, std::string_view text) noexcept {
  return bytes.size() >= text.size() &&
         std::equal(text.begin(), text.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

bool is_descriptive(Bytes segment) noexcept {
  return starts_with(segment, std::string_view("Exif\0", 5)) ||
         starts_with(segment, "http://ns.adobe.com/") || starts_with(segment, "Photoshop 3.0");
}

/// ISO/IEC 10918-1 and 14495-1: SOI, then marker segments up to the first scan.
void read_jpeg(Bytes frame, PixelMetadata& found) {
  constexpr std::uint16_t start_of_scan = 0xFFDA;
  std::size_t at = 2;
  while (at + 4 <= frame.size()) {
    // Any number of FFH may stand before a marker.
    if (frame[at] == 0xFF && frame[at + 1] == 0xFF) {
      ++at;
      continue;
    }
    const std::uint16_t marker = big_u16(frame, at);
    if (marker < 0xFF00) break;
    if (marker == start_of_scan) return;
    const std::size_t length = big_u16(frame, at + 2);
    if (length < 2 || at + 2 + length > frame.size()) break;
    const bool application = marker >= 0xFFE0 && marker <= 0xFFEF;
    const bool comment = marker == 0xFFFE;
    if (application || comment) {
      const Bytes segment = frame.subspan(at + 4, length - 2);
      found.texts.push_back(segment);
      found.has_descriptive = found.has_descriptive || is_descriptive(segment);
    }
    at += 2 + length;
  }
  found.unreadable = true;
}

/// ISO/IEC 15444-1 Annex A: SOC, then the main header up to the first tile part.
void read_codestream(Bytes frame, PixelMetadata& found) {
  constexpr std::uint16_t start_of_tile_part = 0xFF90;
  constexpr std::uint16_t comment = 0xFF64;
  std::size_t at = 2;
  while (at + 4 <= frame.size()) {
    const std::uint16_t marker = big_u16(frame, at);
    if (marker < 0xFF00) break;
    if (marker == start_of_tile_part) return;
    const std::size_t length = big_u16(frame, at + 2);
    if (length < 2 || at + 2 + length > frame.size()) break;
    if (marker == comment) found.texts.push_back(frame.subspan(at + 4, length - 2));
    at += 2 + length;
  }
  found.unreadable = true;
}

/// ISO/IEC 15444-1 Annex I: the boxes of a JP2 file, which DICOM does not want, around its codestream.
void read_jp2(Bytes frame, PixelMetadata& found) {
  std::size_t at = 0;
  while (at + 8 <= frame.size()) {
    std::uint64_t length = read_u32(&frame[at], true);
    const Bytes type = frame.subspan(at + 4, 4);
    if (length == 0) length = frame.size() - at;
    if (length < 8 || length > frame.size() - at) break;
    const Bytes content = frame.subspan(at + 8, length - 8);
    if (starts_with(type, "jp2c")) {
      read_codestream(content, found);
      return;
    }
    found.texts.push_back(content);
    const bool of_images =
        starts_with(type, "jP  ") || starts_with(type, "ftyp") || starts_with(type, "jp2h");
    found.has_descriptive = found.has_descriptive || !of_images;
    at += length;
  }
  found.unreadable = true;
}

void read_frame(Bytes frame, PixelMetadata& found) {
  constexpr std::string_view jp2_signature("\0\0\0\x0CjP  ", 8);
  if (frame.size() < 4) return;
  if (frame[0] == 0xFF && frame[1] == 0xD8) {
    read_jpeg(frame, found);
  } else if (frame[0] == 0xFF && frame[1] == 0x4F) {
    read_codestream(frame, found);
  } else if (starts_with(frame, jp2_signature)) {
    read_jp2(frame, found);
  }
}

}  // namespace

PixelMetadata read_pixel_metadata(Bytes encapsulated, PixelCoding coding) {
  PixelMetadata found;
  if (coding == PixelCoding::native || coding == PixelCoding::rle) return found;
  std::size_t at = 0;
  bool is_offset_table = true;
  while (at + item_header_bytes <= encapsulated.size()) {
    const Tag tag = read_tag(&encapsulated[at], false);
    const std::size_t length = read_u32(&encapsulated[at + 4], false);
    at += item_header_bytes;
    if (tag != tags::item || length > encapsulated.size() - at) break;
    if (!is_offset_table) read_frame(encapsulated.subspan(at, length), found);
    is_offset_table = false;
    at += length;
  }
  return found;
}

}  // namespace trialgate::rules
