#include "rules/pixels/coded_frames.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace trialgate::rules {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string text_of(const std::vector<std::span<const std::uint8_t>>& parts) {
  std::string text;
  for (const auto part : parts) text.append(part.begin(), part.end());
  return text;
}

/// A marker segment with its length.
std::string segment(std::string_view marker, std::string_view content) {
  const std::size_t length = content.size() + 2;
  std::string bytes(marker);
  bytes += static_cast<char>(length >> 8U);
  bytes += static_cast<char>(length & 0xFFU);
  return bytes + std::string(content);
}

struct Walk {
  std::string kept;
  bool has_metadata;
  bool unreadable;
};
Walk read(const std::string& frame, PixelCoding coding) {
  const Bytes bytes(frame.begin(), frame.end());
  const CodedFrameParts parts = read_coded_frame(bytes, coding);
  return {text_of(parts.kept), parts.has_metadata, parts.unreadable};
}

const std::string soi = "\xFF\xD8";
const std::string eoi = "\xFF\xD9";
const std::string frame_header = segment("\xFF\xC0", std::string("\x08\0\x10\0\x10\1\1\x11\0", 9));
const std::string scan = segment("\xFF\xDA", std::string("\1\1\0\0\x3F\0", 6)) + std::string(
                                                                                     "ab\xFF\0c\xFF\xD0"
                                                                                     "d",
                                                                                     8);

const std::string soc = "\xFF\x4F";
const std::string siz = segment("\xFF\x51", std::string(38, '\0'));
std::string tile_part(std::string_view data, std::string_view extra = {}) {
  const std::size_t length = 12 + extra.size() + 2 + data.size();
  std::string content("\0\0\0\0\0\0\0\1", 8);
  content[4] = static_cast<char>(length >> 8U);
  content[5] = static_cast<char>(length & 0xFFU);
  return segment("\xFF\x90", content) + std::string(extra) + "\xFF\x93" + std::string(data);
}
std::string box(std::string_view type, std::string_view content) {
  const std::size_t length = content.size() + 8;
  std::string bytes("\0\0", 2);
  bytes += static_cast<char>(length >> 8U);
  bytes += static_cast<char>(length & 0xFFU);
  return bytes + std::string(type) + std::string(content);
}

std::string item(std::string_view value) {
  std::string bytes("\xFE\xFF\x00\xE0", 4);
  bytes += static_cast<char>(value.size());
  return bytes + std::string(3, '\0') + std::string(value);
}
const std::string delimiter("\xFE\xFF\xDD\xE0\0\0\0\0", 8);

std::vector<std::string> frames_of(const std::string& value, std::uint64_t frames, PixelCoding coding) {
  const Bytes bytes(value.begin(), value.end());
  const auto split = split_frames(bytes, frames, coding);
  std::vector<std::string> texts;
  if (!split) return texts;
  for (const CodedFrame& frame : *split) texts.push_back(text_of(frame));
  return texts;
}

}  // namespace

TEST_CASE("ISO/IEC 10918-1 B.2: comments and application segments go, wherever they stand") {
  const std::string comment = segment("\xFF\xFE", "scan of Miller");
  const std::string exif = segment("\xFF\xE1", std::string("Exif\0\0Miller", 12));
  const std::string iptc = segment("\xFF\xED", "Photoshop 3.0 Miller");
  const Walk result =
      read(soi + exif + frame_header + comment + scan + iptc + scan + comment + eoi, PixelCoding::jpeg);
  CHECK(result.has_metadata);
  CHECK_FALSE(result.unreadable);
  CHECK(result.kept == soi + frame_header + scan + scan + eoi);
}

TEST_CASE("What decoders need of the application segments stays, thumbnails go") {
  const std::string jfif = segment("\xFF\xE0", std::string("JFIF\0\1\1\0\0\1\0\1\0\0", 14));
  const std::string adobe = segment("\xFF\xEE", std::string("Adobe\0\x64\0\0\0\0\1", 12));
  const std::string plain = soi + jfif + adobe + frame_header + scan + eoi;
  CHECK_FALSE(read(plain, PixelCoding::jpeg).has_metadata);
  CHECK(read(plain, PixelCoding::jpeg).kept == plain);
  const std::string thumbnail = segment("\xFF\xE0", std::string("JFIF\0\1\1\0\0\1\0\1\1\1rgb", 17));
  CHECK(read(soi + thumbnail + frame_header + scan + eoi, PixelCoding::jpeg).kept ==
        soi + frame_header + scan + eoi);
  const std::string hp = segment("\xFF\xE8", std::string("mrfx\1", 5));
  CHECK_FALSE(read(soi + hp + frame_header + scan + eoi, PixelCoding::jpeg_ls).has_metadata);
}

TEST_CASE("Bytes behind the end of the image go, padding does not count") {
  const std::string image = soi + frame_header + scan + eoi;
  CHECK_FALSE(read(image + std::string(1, '\0'), PixelCoding::jpeg).has_metadata);
  const Walk result = read(image + "Miller^Johanna", PixelCoding::jpeg);
  CHECK(result.has_metadata);
  CHECK(result.kept == image);
}

TEST_CASE("ISO/IEC 14495-1: a stuffed bit of JPEG-LS is no marker") {
  const std::string coded = segment("\xFF\xDA", std::string("\1\1\0\0\0\0", 6)) + std::string(
                                                                                      "a\xFF\x7F"
                                                                                      "b",
                                                                                      4);
  const std::string image = soi + segment("\xFF\xF7", std::string("\x08\0\x10\0\x10\1\1\x11\0", 9)) + coded;
  const Walk result = read(image + segment("\xFF\xFE", "Miller") + eoi, PixelCoding::jpeg_ls);
  CHECK(result.has_metadata);
  CHECK(result.kept == image + eoi);
}

TEST_CASE("ISO/IEC 15444-1 Annex A: comments of the main header go, the banner of an encoder stays") {
  const std::string told = segment("\xFF\x64", std::string("\0\1", 2) + "Miller^Johanna 1961");
  const std::string banner =
      segment("\xFF\x64", std::string("\0\1", 2) + "Created by OpenJPEG version 2.5.0");
  const std::string end = "\xFF\xD9";
  const std::string image = soc + siz + banner + tile_part("coded") + tile_part("more") + end;
  CHECK_FALSE(read(image, PixelCoding::jpeg_2000).has_metadata);
  const Walk result =
      read(soc + siz + told + banner + tile_part("coded") + tile_part("more") + end + "Miller",
           PixelCoding::jpeg_2000);
  CHECK(result.has_metadata);
  CHECK(result.kept == image);
  const std::string posing = segment("\xFF\x64", std::string("\0\1", 2) + "Kakadu-Miller Johanna");
  CHECK(read(soc + siz + posing + tile_part("coded") + end, PixelCoding::jpeg_2000).has_metadata);
  // Lengths in other segments would become wrong.
  CHECK(read(soc + siz + tile_part("coded", told) + end, PixelCoding::jpeg_2000).unreadable);
}

TEST_CASE("ISO/IEC 15444-1 Annex I: boxes go, uuid and XML among them; a palette is not given up") {
  const std::string image = soc + siz + tile_part("coded") + "\xFF\xD9";
  const std::string signature = box("jP  ", "\x0D\x0A\x87\x0A");
  const Walk result = read(signature + box("ftyp", "jp2 ") + box("uuid", "Miller") +
                               box("xml ", "<p>Miller</p>") + box("jp2c", image) + box("uuid", "Miller"),
                           PixelCoding::jpeg_2000);
  CHECK(result.has_metadata);
  CHECK(result.kept == image);
  CHECK(read(signature + box("jp2h", box("pclr", "1234")) + box("jp2c", image), PixelCoding::jpeg_2000)
            .unreadable);
}

TEST_CASE("Markers that cannot be followed are said to be so") {
  CHECK(read(soi + segment("\xFF\xE1", "x").substr(0, 4), PixelCoding::jpeg).unreadable);
  CHECK(read(soi + "plain text", PixelCoding::jpeg).unreadable);
  CHECK(read("no image", PixelCoding::jpeg).unreadable);
  CHECK(read(soc + siz, PixelCoding::jpeg_2000).unreadable);
  CHECK(read("", PixelCoding::jpeg_2000).unreadable);
  CHECK_FALSE(read("anything", PixelCoding::rle).unreadable);
}

TEST_CASE("PS3.5 A.4: fragments come together as frames") {
  const std::string table_2 = item(std::string("\0\0\0\0\x14\0\0\0", 8));
  // One fragment a frame; one frame of all; by the offset table; by how a frame begins.
  CHECK(frames_of(item("") + item("a1") + item("b2") + delimiter, 2, PixelCoding::rle) ==
        std::vector<std::string>{"a1", "b2"});
  CHECK(frames_of(item("") + item("a1") + item("b2") + delimiter, 1, PixelCoding::rle) ==
        std::vector<std::string>{"a1b2"});
  CHECK(frames_of(table_2 + item("a1") + item("b2") + item("c3") + delimiter, 2, PixelCoding::rle) ==
        std::vector<std::string>{"a1b2", "c3"});
  const std::string begin = "\xFF\xD8\xFF";
  CHECK(frames_of(item("") + item(begin + "1") + item("b2") + item(begin + "3") + delimiter, 2,
                  PixelCoding::jpeg) == std::vector<std::string>{begin + "1b2", begin + "3"});
  CHECK(frames_of(item("") + item("a1") + item("b2") + item("c3") + delimiter, 2, PixelCoding::rle).empty());
  CHECK(frames_of(item("") + item("a1") + delimiter, 2, PixelCoding::rle).empty());
  CHECK(frames_of(item("") + item("a1").substr(0, 9), 1, PixelCoding::rle).empty());
}

}  // namespace trialgate::rules
