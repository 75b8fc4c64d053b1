#include "tests/rules/deidentify/transfer_syntaxes.h"

#include <doctest/doctest.h>

#include <zlib.h>

#include <algorithm>

namespace trialgate::rules::test {
namespace {

void append_big_endian(Bytes& bytes, std::uint32_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void append_tag(Bytes& bytes, Tag tag) {
  append_big_endian(bytes, tag.group(), 2);
  append_big_endian(bytes, tag.element(), 2);
}

/// Bytes that change their order together.
std::size_t word_bytes(Vr vr) {
  if (vr == Vr::ow || vr == Vr::at) return 2;
  return std::max<std::size_t>(value_bytes(vr), 1);
}

Bytes big_endian_of(const ElementList& list) {
  Bytes bytes;
  for (const Element& element : list) {
    Bytes value(element.value().begin(), element.value().end());
    for (const Item& item : element.items()) {
      const Bytes content = big_endian_of(item.elements);
      append_tag(value, tags::item);
      append_big_endian(value, static_cast<std::uint32_t>(content.size()), 4);
      value.insert(value.end(), content.begin(), content.end());
    }
    if (!element.is_sequence()) {
      const auto word = static_cast<std::ptrdiff_t>(word_bytes(element.encoded_vr()));
      for (auto at = value.begin(); value.end() - at >= word; at += word) std::reverse(at, at + word);
    }
    append_tag(bytes, element.tag());
    for (const char c : to_string(element.encoded_vr())) bytes.push_back(static_cast<std::uint8_t>(c));
    const bool is_long = has_long_length(element.encoded_vr());
    if (is_long) append_big_endian(bytes, 0, 2);
    append_big_endian(bytes, static_cast<std::uint32_t>(value.size()), is_long ? 4 : 2);
    bytes.insert(bytes.end(), value.begin(), value.end());
  }
  return bytes;
}

Bytes with_data_set(const FileView& view, std::span<const std::uint8_t> data_set, std::string_view syntax) {
  return part10(data_set, syntax, view.sop_class_uid, view.sop_instance_uid);
}

FileView view_of(const Bytes& file) {
  const auto view = parse_file(file);
  REQUIRE(view.has_value());
  return *view;
}

}  // namespace

Bytes as_big_endian(const Bytes& file) {
  const FileView view = view_of(file);
  const auto data_set = parse(std::span(file).subspan(view.data_set_offset), *view.transfer_syntax);
  REQUIRE(data_set.has_value());
  return with_data_set(view, big_endian_of(data_set->elements), "1.2.840.10008.1.2.2");
}

Bytes as_deflated(const Bytes& file) {
  const FileView view = view_of(file);
  const auto plain = std::span(file).subspan(view.data_set_offset);
  z_stream zlib{};
  REQUIRE(deflateInit2(&zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes deflated(deflateBound(&zlib, plain.size()));
  zlib.next_in = const_cast<Bytef*>(plain.data());
  zlib.avail_in = static_cast<uInt>(plain.size());
  zlib.next_out = deflated.data();
  zlib.avail_out = static_cast<uInt>(deflated.size());
  CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
  deflated.resize(zlib.total_out + zlib.total_out % 2);
  deflateEnd(&zlib);
  return with_data_set(view, deflated, "1.2.840.10008.1.2.1.99");
}

}  // namespace trialgate::rules::test
