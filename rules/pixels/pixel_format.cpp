#include "rules/pixels/pixel_format.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr Tag samples_per_pixel{0x0028, 0x0002};
constexpr Tag photometric_interpretation{0x0028, 0x0004};
constexpr Tag planar_configuration{0x0028, 0x0006};
constexpr Tag number_of_frames{0x0028, 0x0008};
constexpr Tag rows{0x0028, 0x0010};
constexpr Tag columns{0x0028, 0x0011};
constexpr Tag bits_allocated{0x0028, 0x0100};
constexpr Tag bits_stored{0x0028, 0x0101};
constexpr Tag high_bit{0x0028, 0x0102};
constexpr Tag pixel_representation{0x0028, 0x0103};

constexpr std::array<std::string_view, 10> known_interpretations = {
    "MONOCHROME1",  "MONOCHROME2",     "PALETTE COLOR", "RGB",     "YBR_FULL",
    "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_ICT",       "YBR_RCT", ""};

/// Nothing when it is absent or not one number.
std::optional<std::uint32_t> number(const ElementList& elements, Tag tag) {
  const Element* element = elements.find(tag);
  if (element == nullptr) return std::nullopt;
  const auto value = binary_integer(*element);
  if (!value || *value < 0 || *value > 0xFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

Failure missing(Tag tag) {
  return fail(Errc::malformed_dataset, keyword_or_tag(tag));
}

Result<std::uint64_t> frame_count(const ElementList& elements) {
  const Element* element = elements.find(number_of_frames);
  if (element == nullptr || element->text().empty()) return std::uint64_t{1};
  const auto count = parse_integer(element->text());
  constexpr std::int64_t most = 1'000'000;
  if (!count || *count < 1 || *count > most) return missing(number_of_frames);
  return static_cast<std::uint64_t>(*count);
}

Result<void> check(const PixelFormat& format) {
  if (format.rows == 0) return missing(rows);
  if (format.columns == 0) return missing(columns);
  if (format.samples != 1 && format.samples != 3) {
    return fail(Errc::unsupported, keyword_or_tag(samples_per_pixel));
  }
  constexpr std::array<std::uint32_t, 5> sizes = {1, 8, 16, 32, 64};
  if (std::ranges::find(sizes, format.bits_allocated) == sizes.end() ||
      (format.bits_allocated == 1 && (format.samples != 1 || format.big_endian))) {
    return fail(Errc::unsupported, keyword_or_tag(bits_allocated));
  }
  if (format.bits_stored == 0 || format.bits_stored > format.bits_allocated) return missing(bits_stored);
  if (format.high_bit >= format.bits_allocated || format.high_bit + 1 < format.bits_stored) {
    return missing(high_bit);
  }
  const auto interpretation = std::ranges::find(known_interpretations, format.photometric_interpretation);
  if (interpretation == known_interpretations.end()) {
    return fail(Errc::unsupported, keyword_or_tag(photometric_interpretation));
  }
  const bool colour = interpretation - known_interpretations.begin() >= 3 && !interpretation->empty();
  if (colour != (format.samples == 3)) return missing(photometric_interpretation);
  return {};
}

}  // namespace

bool PixelFormat::is_422() const noexcept {
  return photometric_interpretation == "YBR_FULL_422" || photometric_interpretation == "YBR_PARTIAL_422";
}

std::uint64_t PixelFormat::frame_bits() const noexcept {
  const std::uint64_t pixels = std::uint64_t{rows} * columns;
  return pixels * (is_422() ? 2 : samples) * bits_allocated;
}

std::uint64_t PixelFormat::frame_bytes() const noexcept {
  return frame_bits() % 8 == 0 ? frame_bits() / 8 : 0;
}

Result<PixelFormat> read_pixel_format(const ElementList& elements, Tag pixel_data, Vr vr, bool big_endian) {
  PixelFormat format;
  const bool is_float = pixel_data != tags::pixel_data;
  for (const auto& [tag, member] : {std::pair{rows, &PixelFormat::rows},
                                    {columns, &PixelFormat::columns},
                                    {bits_allocated, &PixelFormat::bits_allocated}}) {
    const auto value = number(elements, tag);
    if (!value) return missing(tag);
    format.*member = *value;
  }
  format.samples = number(elements, samples_per_pixel).value_or(1);
  // PS3.3 §C.7.6.24: floating point pixels have neither of these.
  format.bits_stored = is_float ? format.bits_allocated : number(elements, bits_stored).value_or(0);
  format.high_bit =
      is_float ? format.bits_allocated - 1 : number(elements, high_bit).value_or(format.bits_stored - 1);
  format.is_signed = number(elements, pixel_representation).value_or(0) == 1;
  format.by_plane = format.samples > 1 && number(elements, planar_configuration).value_or(0) == 1;
  const auto frames = frame_count(elements);
  if (!frames) return frames.error();
  format.frames = *frames;
  if (const Element* element = elements.find(photometric_interpretation)) {
    format.photometric_interpretation = trim(element->text());
  }
  format.big_endian = big_endian;
  format.swapped_bytes = big_endian && vr == Vr::ow && format.bits_allocated == 8;
  if (auto checked = check(format); !checked) return checked.error();
  return format;
}

Result<PixelFormat> read_pixel_format(const DataSet& data_set) {
  if (!data_set.pixel_data) return missing(tags::pixel_data);
  const bool big_endian = data_set.elements.encoding() == Encoding::explicit_big;
  return read_pixel_format(data_set.elements, data_set.pixel_data->tag, data_set.pixel_data->vr, big_endian);
}

}  // namespace trialgate::rules
