#include "rules/pixels/blank.h"

#include <algorithm>
#include <optional>

namespace trialgate::rules {
namespace {

constexpr Tag smallest_pixel_value{0x0028, 0x0106};
constexpr Tag largest_pixel_value{0x0028, 0x0107};

void store(std::uint8_t* place, std::uint64_t value, std::size_t bytes, bool big_endian) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) {
    place[big_endian ? bytes - 1 - i : i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

void blank_422(std::span<std::uint8_t> frame, const PixelFormat& format, const PixelRectangle& rectangle,
               const BlankValue& value) {
  const std::array<std::uint64_t, 4> pair = {value[0], value[0], value[1], value[2]};
  const std::uint64_t first = rectangle.left / 2 * std::uint64_t{4};
  const std::uint64_t last = (std::uint64_t{rectangle.left} + rectangle.width + 1) / 2 * 4;
  for (std::uint64_t y = rectangle.top; y < std::uint64_t{rectangle.top} + rectangle.height; ++y) {
    for (std::uint64_t at = first; at < last; ++at) {
      const std::uint64_t place = y * format.columns * 2 + at;
      frame[place ^ (format.swapped_bytes ? 1U : 0U)] = static_cast<std::uint8_t>(pair[at % 4]);
    }
  }
}

void blank_one(std::span<std::uint8_t> frame, const PixelFormat& format, const PixelRectangle& rectangle,
               const BlankValue& value) {
  const std::size_t bytes = format.bits_allocated / 8;
  const std::uint64_t pixels = std::uint64_t{format.rows} * format.columns;
  for (std::uint64_t y = rectangle.top; y < std::uint64_t{rectangle.top} + rectangle.height; ++y) {
    for (std::uint64_t x = rectangle.left; x < std::uint64_t{rectangle.left} + rectangle.width; ++x) {
      const std::uint64_t pixel = y * format.columns + x;
      for (std::uint32_t sample = 0; sample < format.samples; ++sample) {
        const std::uint64_t cell =
            format.by_plane ? sample * pixels + pixel : pixel * format.samples + sample;
        const std::uint64_t place = cell * bytes;
        store(&frame[place ^ (format.swapped_bytes ? 1U : 0U)], value[sample], bytes, format.big_endian);
      }
    }
  }
}

std::optional<std::uint64_t> value_of(const ElementList& elements, Tag tag, const PixelFormat& format) {
  const Element* element = elements.find(tag);
  const auto number = element == nullptr ? std::nullopt : binary_integer(*element);
  if (!number) return std::nullopt;
  // A negative one stays sign-extended over the unused bits, as modalities write it.
  return static_cast<std::uint64_t>(*number) << (format.high_bit + 1 - format.bits_stored);
}

}  // namespace

BlankValue blank_value(const ElementList& elements, const PixelFormat& format) {
  const std::string& interpretation = format.photometric_interpretation;
  if (interpretation == "YBR_PARTIAL_422") return {16, 128, 128};
  if (interpretation == "YBR_FULL" || interpretation == "YBR_FULL_422") {
    const std::uint64_t middle = 1ULL << (format.bits_stored - 1);
    return {0, middle, middle};
  }
  if (interpretation == "MONOCHROME1") {
    const unsigned lowest_bit = format.high_bit + 1 - format.bits_stored;
    const std::uint64_t most = format.is_signed
                                   ? (1ULL << (format.bits_stored - 1)) - 1
                                   : (format.bits_stored >= 64 ? ~0ULL : (1ULL << format.bits_stored) - 1);
    return {value_of(elements, largest_pixel_value, format).value_or(most << lowest_bit), 0, 0};
  }
  if (interpretation == "MONOCHROME2") {
    return {value_of(elements, smallest_pixel_value, format).value_or(0), 0, 0};
  }
  return {0, 0, 0};
}

void blank(std::span<std::uint8_t> frame, const PixelFormat& format,
           std::span<const PixelRectangle> rectangles, const BlankValue& value) {
  for (const PixelRectangle& rectangle : rectangles) {
    if (format.is_422()) {
      blank_422(frame, format, rectangle, value);
    } else {
      blank_one(frame, format, rectangle, value);
    }
  }
}

void blank_bits(std::span<std::uint8_t> frames, const PixelFormat& format,
                std::span<const PixelRectangle> rectangles, bool value) {
  const std::uint64_t pixels = std::uint64_t{format.rows} * format.columns;
  for (std::uint64_t frame = 0; frame < format.frames; ++frame) {
    for (const PixelRectangle& rectangle : rectangles) {
      for (std::uint64_t y = rectangle.top; y < std::uint64_t{rectangle.top} + rectangle.height; ++y) {
        for (std::uint64_t x = rectangle.left; x < std::uint64_t{rectangle.left} + rectangle.width; ++x) {
          const std::uint64_t bit = frame * pixels + y * format.columns + x;
          const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
          std::uint8_t& byte = frames[bit / 8];
          byte = static_cast<std::uint8_t>(value ? byte | mask : byte & ~mask);
        }
      }
    }
  }
}

void clear_unused_bits(std::span<std::uint8_t> frame, const PixelFormat& format) {
  if (format.bits_allocated != 8 && format.bits_allocated != 16) return;
  const unsigned used = ((1U << format.bits_stored) - 1) << (format.high_bit + 1 - format.bits_stored);
  const std::size_t bytes = format.bits_allocated / 8;
  for (std::size_t at = 0; at + bytes <= frame.size(); at += bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      const std::size_t place = at + (format.big_endian ? bytes - 1 - i : i);
      frame[place] = static_cast<std::uint8_t>(frame[place] & (used >> (8 * i)));
    }
  }
}

std::vector<PixelRectangle> scaled(std::span<const PixelRectangle> rectangles, std::uint32_t rows,
                                   std::uint32_t columns, const PixelFormat& copy) {
  const auto down = [](std::uint64_t value, std::uint64_t to, std::uint64_t from) {
    return static_cast<std::uint32_t>(value * to / from);
  };
  const auto up = [](std::uint64_t value, std::uint64_t to, std::uint64_t from) {
    return static_cast<std::uint32_t>(std::min((value * to + from - 1) / from, to));
  };
  std::vector<PixelRectangle> result;
  for (const PixelRectangle& rectangle : rectangles) {
    PixelRectangle smaller;
    smaller.left = down(rectangle.left, copy.columns, columns);
    smaller.top = down(rectangle.top, copy.rows, rows);
    smaller.width = up(rectangle.left + rectangle.width, copy.columns, columns) - smaller.left;
    smaller.height = up(rectangle.top + rectangle.height, copy.rows, rows) - smaller.top;
    result.push_back(smaller);
  }
  return result;
}

}  // namespace trialgate::rules
