#include "rules/pixels/blank.h"

#include <doctest/doctest.h>

#include <vector>

namespace trialgate::rules {
namespace {

PixelFormat format_of(std::uint32_t rows, std::uint32_t columns, std::uint32_t samples,
                      std::uint32_t bits_allocated, std::string interpretation) {
  PixelFormat format;
  format.rows = rows;
  format.columns = columns;
  format.samples = samples;
  format.bits_allocated = bits_allocated;
  format.bits_stored = bits_allocated;
  format.high_bit = bits_allocated - 1;
  format.photometric_interpretation = std::move(interpretation);
  return format;
}

/// Every byte another value than its neighbours', none of them 0.
std::vector<std::uint8_t> frame_of(const PixelFormat& format) {
  std::vector<std::uint8_t> frame(format.frame_bytes());
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::uint8_t>(i % 200 + 1);
  return frame;
}

/// Places of the bytes that blanking changed.
std::vector<std::size_t> changed_places(const PixelFormat& format, const PixelRectangle& rectangle,
                                        const BlankValue& value = {}) {
  const std::vector<std::uint8_t> before = frame_of(format);
  std::vector<std::uint8_t> after = before;
  blank(after, format, std::vector{rectangle}, value);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] != before[i]) places.push_back(i);
  }
  return places;
}

using Places = std::vector<std::size_t>;

}  // namespace

TEST_CASE("PS3.3 C.7.6.3: grey pixels of every size, the rectangle alone") {
  const PixelRectangle rectangle{1, 1, 2, 1};
  CHECK(changed_places(format_of(3, 4, 1, 8, "MONOCHROME2"), rectangle) == Places{5, 6});
  CHECK(changed_places(format_of(3, 4, 1, 16, "MONOCHROME2"), rectangle) == Places{10, 11, 12, 13});
  CHECK(changed_places(format_of(3, 4, 1, 32, "MONOCHROME2"), rectangle).size() == 8);
  CHECK(changed_places(format_of(3, 4, 1, 64, "MONOCHROME2"), rectangle).size() == 16);
}

TEST_CASE("PS3.3 C.7.6.3.1.3: colour by pixel and by plane") {
  PixelFormat format = format_of(2, 3, 3, 8, "RGB");
  CHECK(changed_places(format, {2, 1, 1, 1}) == Places{15, 16, 17});
  format.by_plane = true;
  CHECK(changed_places(format, {2, 1, 1, 1}) == Places{5, 11, 17});
}

TEST_CASE("PS3.3 C.7.6.3.1.2: YBR_FULL_422 grows to pairs of pixels, with grey as colour") {
  const PixelFormat format = format_of(2, 6, 3, 8, "YBR_FULL_422");
  CHECK(format.frame_bytes() == 24);
  // Pixels 1 and 2 of the second row: pairs 0 and 1.
  const BlankValue black = blank_value(ElementList(), format);
  CHECK(changed_places(format, {1, 1, 2, 1}, black) == Places{12, 13, 14, 15, 16, 17, 18, 19});
  std::vector<std::uint8_t> frame = frame_of(format);
  blank(frame, format, std::vector{PixelRectangle{0, 0, 2, 1}}, black);
  CHECK(std::vector(frame.begin(), frame.begin() + 4) == std::vector<std::uint8_t>{0, 0, 128, 128});
}

TEST_CASE("PS3.5 8.1.1: big endian values, and bytes in big endian words") {
  PixelFormat format = format_of(1, 4, 1, 16, "MONOCHROME2");
  format.big_endian = true;
  std::vector<std::uint8_t> frame(8, 9);
  blank(frame, format, std::vector{PixelRectangle{1, 0, 1, 1}}, {0x0102, 0, 0});
  CHECK(frame == std::vector<std::uint8_t>{9, 9, 1, 2, 9, 9, 9, 9});
  PixelFormat swapped = format_of(1, 4, 1, 8, "MONOCHROME2");
  swapped.big_endian = true;
  swapped.swapped_bytes = true;
  CHECK(changed_places(swapped, {0, 0, 1, 1}) == Places{1});
  CHECK(changed_places(swapped, {3, 0, 1, 1}) == Places{2});
}

TEST_CASE("PS3.5 8.1.1: single bits run over the ends of rows and frames") {
  PixelFormat format = format_of(3, 3, 1, 1, "MONOCHROME2");
  format.frames = 2;
  std::vector<std::uint8_t> frames(3, 0xFF);
  blank_bits(frames, format, std::vector{PixelRectangle{1, 1, 1, 1}}, false);
  // Bit 4, and bit 9 + 4.
  CHECK(frames == std::vector<std::uint8_t>{0xEF, 0xDF, 0xFF});
}

TEST_CASE("Blank is black in the range of the image") {
  ElementList none;
  CHECK(blank_value(none, format_of(1, 1, 1, 16, "MONOCHROME2"))[0] == 0);
  CHECK(blank_value(none, format_of(1, 1, 1, 8, "MONOCHROME1"))[0] == 255);
  PixelFormat twelve = format_of(1, 1, 1, 16, "MONOCHROME1");
  twelve.bits_stored = 12;
  twelve.high_bit = 11;
  CHECK(blank_value(none, twelve)[0] == 4095);
  twelve.is_signed = true;
  CHECK(blank_value(none, twelve)[0] == 2047);
  ElementList elements;
  elements.put(
      Element(Tag(0x0028, 0x0106), Vr::ss, encode_integer(Vr::ss, -1024, Encoding::explicit_little)));
  PixelFormat ct = format_of(1, 1, 1, 16, "MONOCHROME2");
  ct.is_signed = true;
  CHECK((blank_value(elements, ct)[0] & 0xFFFFU) == 0xFC00);
  CHECK(blank_value(none, format_of(1, 1, 3, 8, "YBR_FULL")) == BlankValue{0, 128, 128});
  CHECK(blank_value(none, format_of(1, 1, 3, 8, "YBR_PARTIAL_422")) == BlankValue{16, 128, 128});
}

TEST_CASE("Bits that Bits Stored leaves out are cleared, whatever the byte order") {
  PixelFormat format = format_of(1, 2, 1, 16, "MONOCHROME2");
  format.bits_stored = 12;
  format.high_bit = 11;
  std::vector<std::uint8_t> frame = {0x34, 0xF2, 0xFF, 0xFF};
  clear_unused_bits(frame, format);
  CHECK(frame == std::vector<std::uint8_t>{0x34, 0x02, 0xFF, 0x0F});
  format.big_endian = true;
  frame = {0xF2, 0x34, 0xFF, 0xFF};
  clear_unused_bits(frame, format);
  CHECK(frame == std::vector<std::uint8_t>{0x02, 0x34, 0x0F, 0xFF});
}

TEST_CASE("A rectangle covers the same place in a smaller copy, rounded outwards") {
  const PixelFormat icon = format_of(10, 10, 1, 8, "MONOCHROME2");
  const std::vector<PixelRectangle> rectangles = {{5, 95, 11, 5}};
  CHECK(scaled(rectangles, 100, 100, icon) == std::vector<PixelRectangle>{{0, 9, 2, 1}});
}

}  // namespace trialgate::rules
