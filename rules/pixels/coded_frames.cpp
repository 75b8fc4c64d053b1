#include "rules/pixels/coded_frames.h"

#include "rules/dataset/bytes.h"
#include "rules/pixels/jpeg_markers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>
#include <string_view>

namespace trialgate::rules {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t item_header_bytes = 8;

struct Fragments {
  Bytes offset_table;
  std::vector<Bytes> values;
  std::vector<std::uint64_t> offsets;  ///< of the item headers, from the first fragment's
};

Result<Fragments> read_fragments(Bytes encapsulated) {
  Fragments found;
  std::size_t at = 0;
  std::size_t first = 0;
  bool is_offset_table = true;
  while (at + item_header_bytes <= encapsulated.size()) {
    const Tag tag = read_tag(&encapsulated[at], false);
    const std::size_t length = read_u32(&encapsulated[at + 4], false);
    if (tag == tags::sequence_delimitation) return found;
    const std::size_t value = at + item_header_bytes;
    if (tag != tags::item || length > encapsulated.size() - value) break;
    const Bytes bytes = encapsulated.subspan(value, length);
    if (is_offset_table) {
      found.offset_table = bytes;
      first = value + length;
    } else {
      found.values.push_back(bytes);
      found.offsets.push_back(at - first);
    }
    is_offset_table = false;
    at = value + length;
  }
  return fail(Errc::malformed_dataset, "fragments of the pixel data");
}

bool starts_with(Bytes bytes, std::string_view text) noexcept {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

constexpr std::string_view jp2_signature("\0\0\0\x0CjP  ", 8);

bool begins_frame(Bytes fragment, PixelCoding coding) noexcept {
  switch (coding) {
    case PixelCoding::jpeg:
    case PixelCoding::jpeg_ls:
      return starts_with(fragment, "\xFF\xD8\xFF");
    case PixelCoding::jpeg_2000:
      return starts_with(fragment, "\xFF\x4F\xFF\x51") || starts_with(fragment, jp2_signature);
    default:
      return false;
  }
}

/// Frames begin at the fragments for which `begins` is true.
template <class Begins>
std::vector<CodedFrame> group(const Fragments& fragments, Begins begins) {
  std::vector<CodedFrame> frames;
  for (std::size_t i = 0; i < fragments.values.size(); ++i) {
    if (frames.empty() || begins(i)) frames.emplace_back();
    frames.back().push_back(fragments.values[i]);
  }
  return frames;
}

std::uint16_t big_u16(Bytes bytes, std::size_t at) noexcept {
  return read_u16(&bytes[at], true);
}

/// "Kakadu-v5.2.1", "Created by OpenJPEG version 2.5.0": a name and a version, short, no other characters.
bool is_banner(Bytes text) {
  constexpr std::array<std::string_view, 5> names = {"Kakadu-", "Created by OpenJPEG", "LEADTOOLS", "Aware",
                                                     "CREATOR: JasPer"};
  constexpr std::size_t longest = 48;
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  const auto name = std::ranges::find_if(names, [text](auto known) { return starts_with(text, known); });
  if (name == names.end() || text.size() > longest) return false;
  const Bytes version = text.subspan(name->size());
  std::size_t letters = 0;
  for (const std::uint8_t c : version) letters += std::isalpha(c) != 0 ? 1 : 0;
  constexpr std::size_t letters_of_version = 9;  // " version ", and a v
  return letters <= letters_of_version && std::ranges::all_of(version, [](std::uint8_t c) {
           return std::isalnum(c) != 0 || c == ' ' || c == '.' || c == '-';
         });
}

/// A COM segment of JPEG 2000: what kind of text, and the text.
bool is_banner_segment(Bytes content) {
  constexpr std::size_t kind_bytes = 2;
  return content.size() > kind_bytes && is_banner(content.subspan(kind_bytes));
}

/// Keeps parts of a frame; what is not kept between two calls is left out.
class Keeper {
 public:
  Keeper(Bytes frame, CodedFrameParts& parts) : frame_(frame), parts_(parts) {}

  void keep_to(std::size_t end) {
    if (end > from_) parts_.kept.push_back(frame_.subspan(from_, end - from_));
    from_ = end;
  }
  /// Leaves out the bytes [begin, end).
  void drop(std::size_t begin, std::size_t end) {
    keep_to(begin);
    from_ = end;
    parts_.has_metadata = true;
  }
  /// What follows is not part of the image; one byte makes the length of a fragment even.
  void finish(std::size_t end) {
    keep_to(end);
    const Bytes rest = frame_.subspan(end);
    const bool padding = rest.size() <= 1 || std::ranges::all_of(rest, [](std::uint8_t b) { return b == 0; });
    if (!padding) parts_.has_metadata = true;
  }

 private:
  Bytes frame_;
  CodedFrameParts& parts_;
  std::size_t from_ = 0;
};

bool decoder_needs(std::uint16_t marker, Bytes segment) noexcept {
  constexpr std::size_t jfif_without_thumbnail = 14;
  constexpr std::size_t adobe_bytes = 12;
  constexpr std::size_t mrfx_bytes = 5;
  if (marker == 0xFFE0) {
    return starts_with(segment, std::string_view("JFIF\0", 5)) && segment.size() == jfif_without_thumbnail;
  }
  if (marker == 0xFFEE) return starts_with(segment, "Adobe") && segment.size() == adobe_bytes;
  return marker == 0xFFE8 && starts_with(segment, "mrfx") && segment.size() == mrfx_bytes;
}

void read_jpeg(Bytes frame, PixelCoding coding, CodedFrameParts& parts) {
  Keeper keeper(frame, parts);
  JpegMarkers markers(frame, coding == PixelCoding::jpeg_ls);
  while (const auto segment = markers.next()) {
    if (segment->marker == JpegMarkers::end_of_image) return keeper.finish(segment->end);
    const Bytes content = segment->content;
    const bool application = segment->marker >= 0xFFE0 && segment->marker <= 0xFFEF;
    const bool comment = segment->marker == JpegMarkers::comment;
    if (application && !decoder_needs(segment->marker, content)) keeper.drop(segment->begin, segment->end);
    if (comment && !is_banner(content)) keeper.drop(segment->begin, segment->end);
  }
  if (markers.ended_in_scan()) return keeper.finish(frame.size());
  parts.unreadable = true;
}

/// ISO/IEC 15444-1 Annex A: main header, then tile-parts up to EOC. `base` is where `codestream` begins in
/// the frame.
void read_codestream(Bytes codestream, std::size_t base, Keeper& keeper, CodedFrameParts& parts) {
  constexpr std::uint16_t start_of_tile_part = 0xFF90;
  constexpr std::uint16_t start_of_data = 0xFF93;
  constexpr std::uint16_t end_of_codestream = 0xFFD9;
  constexpr std::uint16_t comment = 0xFF64;
  constexpr std::size_t tile_part_bytes = 12;
  std::size_t at = 2;
  std::size_t tile_part_end = 0;  // 0: in the main header or between tile-parts
  bool in_main_header = true;
  parts.unreadable = true;
  if (!starts_with(codestream, "\xFF\x4F")) return;
  while (at + 2 <= codestream.size()) {
    const std::uint16_t marker = big_u16(codestream, at);
    if (marker == end_of_codestream && tile_part_end == 0) {
      parts.unreadable = false;
      return keeper.finish(base + at + 2);
    }
    if (marker == start_of_data && tile_part_end != 0) {
      at = tile_part_end;
      tile_part_end = 0;
      continue;
    }
    if (marker < 0xFF00 || at + 4 > codestream.size()) break;
    const std::size_t length = big_u16(codestream, at + 2);
    if (length < 2 || at + 2 + length > codestream.size()) break;
    if (marker == start_of_tile_part) {
      if (length + 2 != tile_part_bytes || tile_part_end != 0) break;
      const std::size_t tile_part = read_u32(&codestream[at + 6], true);
      // Psot 0: the last one, up to EOC, which stands at the end but for padding.
      std::size_t end = at + tile_part;
      if (tile_part == 0) {
        end = codestream.size();
        while (end > at + tile_part_bytes + 2 && big_u16(codestream, end - 2) != end_of_codestream) --end;
        end -= 2;
      }
      if (end <= at + tile_part_bytes) break;
      // Cut off to reach a rate: pixels to the end.
      if (end > codestream.size()) {
        parts.unreadable = false;
        return keeper.finish(base + codestream.size());
      }
      tile_part_end = end;
      in_main_header = false;
    } else if (marker == comment && !is_banner_segment(codestream.subspan(at + 4, length - 2))) {
      // In a tile-part lengths would change that other segments repeat.
      if (!in_main_header) break;
      keeper.drop(base + at, base + at + 2 + length);
    }
    at += 2 + length;
  }
}

/// ISO/IEC 15444-1 Annex I: the boxes of a JP2 file, which DICOM does not want, around its codestream.
void read_jp2(Bytes frame, CodedFrameParts& parts) {
  Keeper keeper(frame, parts);
  std::size_t at = 0;
  while (at + 8 <= frame.size()) {
    std::uint64_t length = read_u32(&frame[at], true);
    const Bytes type = frame.subspan(at + 4, 4);
    if (length == 0) length = frame.size() - at;
    if (length < 8 || length > frame.size() - at) break;
    const Bytes content = frame.subspan(at + 8, length - 8);
    if (starts_with(type, "jp2c")) {
      keeper.drop(0, at + 8);
      return read_codestream(content, at + 8, keeper, parts);
    }
    // A palette would be lost with its box.
    const bool has_palette =
        starts_with(type, "jp2h") &&
        std::string_view(reinterpret_cast<const char*>(content.data()), content.size()).find("pclr") !=
            std::string_view::npos;
    if (has_palette) break;
    at += length;
  }
  parts.unreadable = true;
}

}  // namespace

Result<std::vector<CodedFrame>> split_frames(Bytes encapsulated, std::uint64_t frames, PixelCoding coding) {
  auto fragments = read_fragments(encapsulated);
  if (!fragments) return fragments.error();
  const std::size_t count = fragments->values.size();
  if (count < frames || count == 0) return fail(Errc::malformed_dataset, "fewer fragments than frames");
  if (count == frames) return group(*fragments, [](std::size_t) { return true; });
  if (frames == 1) return group(*fragments, [](std::size_t) { return false; });
  if (fragments->offset_table.size() == frames * 4) {
    std::map<std::uint64_t, bool> starts;
    for (std::size_t i = 0; i < frames; ++i) {
      starts[read_u32(&fragments->offset_table[i * 4], false)] = true;
    }
    auto result = group(*fragments, [&](std::size_t i) { return starts.contains(fragments->offsets[i]); });
    if (result.size() == frames) return result;
  }
  auto result = group(*fragments, [&](std::size_t i) { return begins_frame(fragments->values[i], coding); });
  if (result.size() == frames) return result;
  return fail(Errc::malformed_dataset, "which fragments belong to which frame cannot be told");
}

Bytes in_one_piece(const CodedFrame& frame, std::vector<std::uint8_t>& joined) {
  if (frame.size() == 1) return frame.front();
  joined.clear();
  for (const Bytes fragment : frame) joined.insert(joined.end(), fragment.begin(), fragment.end());
  return joined;
}

CodedFrameParts read_coded_frame(Bytes frame, PixelCoding coding) {
  CodedFrameParts parts;
  if (coding == PixelCoding::jpeg_2000 && starts_with(frame, jp2_signature)) {
    read_jp2(frame, parts);
  } else if (coding == PixelCoding::jpeg_2000 && starts_with(frame, "\xFF\x4F")) {
    Keeper keeper(frame, parts);
    read_codestream(frame, 0, keeper, parts);
  } else if ((coding == PixelCoding::jpeg || coding == PixelCoding::jpeg_ls) &&
             starts_with(frame, "\xFF\xD8")) {
    read_jpeg(frame, coding, parts);
  } else {
    // RLE and video have no such place; JPEG XL has boxes around its codestream.
    parts.kept.push_back(frame);
    parts.unreadable = coding != PixelCoding::rle && coding != PixelCoding::native &&
                       coding != PixelCoding::video && !starts_with(frame, "\xFF\x0A");
  }
  return parts;
}

bool is_irreversible(Bytes frame) noexcept {
  constexpr std::uint16_t start_of_tile_part = 0xFF90;
  constexpr std::uint16_t coding_style = 0xFF52;
  constexpr std::size_t transformation = 13;  // from the marker
  const std::string_view text(reinterpret_cast<const char*>(frame.data()), frame.size());
  const std::size_t begin = text.find("\xFF\x4F\xFF\x51");
  if (begin == std::string_view::npos) return false;
  for (std::size_t at = begin + 2; at + 4 <= frame.size();) {
    const std::uint16_t marker = big_u16(frame, at);
    if (marker == start_of_tile_part) break;
    if (marker == coding_style) return at + transformation < frame.size() && frame[at + transformation] == 0;
    at += std::size_t{2} + big_u16(frame, at + 2);
  }
  return false;
}

}  // namespace trialgate::rules
