#include "rules/dataset/bytes.h"

#include <bit>
#include <cmath>

namespace trialgate::rules {
namespace {

bool is_binary_number(Vr vr) noexcept {
  return value_bytes(vr) > 1;
}

/// The bits of value `index`, nothing when there is no such value.
std::optional<std::uint64_t> bits(const Element& element, std::size_t index) noexcept {
  if (element.content() != Content::bytes || !is_binary_number(element.vr())) return std::nullopt;
  const std::size_t size = value_bytes(element.vr());
  const auto value = element.value();
  if (index >= value.size() / size) return std::nullopt;
  const std::uint8_t* bytes = value.data() + index * size;
  const bool big_endian = element.encoding() == Encoding::explicit_big;
  if (element.vr() == Vr::at) return read_tag(bytes, big_endian).value();
  switch (size) {
    case 2:
      return read_u16(bytes, big_endian);
    case 4:
      return read_u32(bytes, big_endian);
    default:
      return read_u64(bytes, big_endian);
  }
}

std::vector<std::uint8_t> from_bits(std::uint64_t value, std::size_t size, Encoding encoding) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = encoding == Encoding::explicit_big ? size - 1 - i : i;
    bytes[place] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  return bytes;
}

}  // namespace

std::optional<std::int64_t> binary_integer(const Element& element, std::size_t index) noexcept {
  const auto value = bits(element, index);
  if (!value) return std::nullopt;
  switch (element.vr()) {
    case Vr::ss:
      return static_cast<std::int16_t>(*value);
    case Vr::sl:
      return static_cast<std::int32_t>(*value);
    case Vr::sv:
      return static_cast<std::int64_t>(*value);
    case Vr::fl:
    case Vr::fd:
    case Vr::of:
    case Vr::od:
      return std::nullopt;
    default:
      if (*value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      return static_cast<std::int64_t>(*value);
  }
}

std::optional<double> binary_number(const Element& element, std::size_t index) noexcept {
  const auto value = bits(element, index);
  if (!value) return std::nullopt;
  switch (element.vr()) {
    case Vr::fl:
    case Vr::of:
      return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(*value)));
    case Vr::fd:
    case Vr::od:
      return std::bit_cast<double>(*value);
    case Vr::ss:
    case Vr::sl:
    case Vr::sv:
      return static_cast<double>(*binary_integer(element, index));
    default:
      return static_cast<double>(*value);
  }
}

std::size_t binary_count(const Element& element) noexcept {
  if (element.content() != Content::bytes || !is_binary_number(element.vr())) return 0;
  return element.value().size() / value_bytes(element.vr());
}

std::vector<std::uint8_t> encode_integer(Vr vr, std::int64_t number, Encoding encoding) {
  if (vr == Vr::fl || vr == Vr::fd) return encode_number(vr, static_cast<double>(number), encoding);
  if (!is_binary_number(vr)) return {};
  const auto value = static_cast<std::uint64_t>(number);
  if (vr != Vr::at) return from_bits(value, value_bytes(vr), encoding);
  // A tag is two 16-bit numbers, the group first (PS3.5 §6.2).
  auto bytes = from_bits(value >> 16U & 0xFFFFU, 2, encoding);
  const auto element = from_bits(value & 0xFFFFU, 2, encoding);
  bytes.insert(bytes.end(), element.begin(), element.end());
  return bytes;
}

std::vector<std::uint8_t> encode_number(Vr vr, double number, Encoding encoding) {
  switch (vr) {
    case Vr::fl:
      return from_bits(std::bit_cast<std::uint32_t>(static_cast<float>(number)), 4, encoding);
    case Vr::fd:
      return from_bits(std::bit_cast<std::uint64_t>(number), 8, encoding);
    default:
      // Beyond 2^63 the conversion is undefined, and no attribute needs it.
      if (!std::isfinite(number) || std::fabs(number) >= 9.2e18) return {};
      return encode_integer(vr, std::llround(number), encoding);
  }
}

}  // namespace trialgate::rules
