#include "gateway/catalogue/attributes.h"

#include "gateway/catalogue/keys.h"
#include "rules/dataset/charset.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace trialgate::gateway {
namespace {

// A row is kept for every instance of a trial, and nobody asks for more of a text.
constexpr std::size_t longest_value_bytes = 1024;
constexpr std::size_t most_items = 16;
constexpr int deepest = 4;
constexpr std::size_t tag_bytes = 4;

void append_length(std::string& out, std::uint64_t length) {
  while (length >= 0x80) {
    out.push_back(static_cast<char>((length & 0x7F) | 0x80));
    length >>= 7U;
  }
  out.push_back(static_cast<char>(length));
}

std::optional<std::uint64_t> take_length(std::string_view& bytes) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> take_bytes(std::string_view& bytes, std::uint64_t length) noexcept {
  if (length > bytes.size()) return std::nullopt;
  const std::string_view taken = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return taken;
}

/// One attribute as it is encoded: tag, length and kind, value.
struct Encoded {
  rules::Tag tag;
  bool sequence = false;
  std::string_view value;
};

std::optional<Encoded> take_attribute(std::string_view& bytes) noexcept {
  const auto tag = take_bytes(bytes, tag_bytes);
  if (!tag) return std::nullopt;
  std::uint32_t number = 0;
  for (const char byte : *tag) number = number << 8U | static_cast<std::uint8_t>(byte);
  const auto length = take_length(bytes);
  if (!length) return std::nullopt;
  const auto value = take_bytes(bytes, *length >> 1U);
  if (!value) return std::nullopt;
  return Encoded{rules::Tag(number), (*length & 1U) != 0, *value};
}

void encode_to(std::string& out, const Attributes& attributes) {
  for (const Attribute& attribute : attributes) {
    for (unsigned shift = 32; shift > 0; shift -= 8) {
      out.push_back(static_cast<char>(attribute.tag.value() >> (shift - 8) & 0xFFU));
    }
    std::string items;
    for (const Attributes& item : attribute.items) {
      const std::string encoded = encode(item);
      append_length(items, encoded.size());
      items += encoded;
    }
    const bool sequence = !attribute.items.empty();
    const std::string& value = sequence ? items : attribute.value;
    append_length(out, value.size() << 1U | (sequence ? 1U : 0U));
    out += value;
  }
}

std::optional<Attributes> decode_to_depth(std::string_view bytes, int depth) {
  Attributes attributes;
  while (!bytes.empty()) {
    const auto encoded = take_attribute(bytes);
    // A NUL byte would end a text in a key of the index.
    if (!encoded || (!encoded->sequence && encoded->value.find('\0') != std::string_view::npos)) {
      return std::nullopt;
    }
    Attribute attribute{encoded->tag, {}, {}};
    if (!encoded->sequence) attribute.value = encoded->value;
    std::string_view rest = encoded->sequence ? encoded->value : std::string_view();
    if (!rest.empty() && depth == 0) return std::nullopt;
    while (!rest.empty()) {
      const auto length = take_length(rest);
      const auto item = length ? take_bytes(rest, *length) : std::nullopt;
      if (!item) return std::nullopt;
      auto decoded = decode_to_depth(*item, depth - 1);
      if (!decoded) return std::nullopt;
      attribute.items.push_back(std::move(*decoded));
    }
    if (!attributes.empty() && !(attributes.back().tag < attribute.tag)) return std::nullopt;
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

/// At the end of a character.
void cut(std::string& value) {
  if (value.size() <= longest_value_bytes) return;
  std::size_t end = longest_value_bytes;
  while (end > 0 && (static_cast<std::uint8_t>(value[end]) & 0xC0U) == 0x80) --end;
  value.resize(end);
}

std::string read_value(const rules::Element& element, rules::Vr vr, const rules::CharacterSet& characters) {
  if (vr == rules::Vr::us) {
    const auto number = rules::binary_integer(element);
    return number ? std::to_string(*number) : std::string();
  }
  // A value in another VR than the attribute's own means something else.
  if (!rules::is_text(element.vr())) return {};
  auto values = characters.decode_values(element.value(), vr);
  if (!values) return {};
  std::string text;
  for (std::size_t i = 0; i < values->size(); ++i) text += (i == 0 ? "" : "\\") + (*values)[i];
  std::erase(text, '\0');
  cut(text);
  return text;
}

/// The character set of a list; `parents` where it does not say.
rules::CharacterSet characters_of(const rules::ElementList& list, const rules::CharacterSet& parents) {
  const rules::Element* const element = list.find(rules::tags::specific_character_set);
  if (element == nullptr) return parents;
  // Of an unknown set ASCII alone can be told.
  return rules::CharacterSet::parse(element->text()).value_or(rules::CharacterSet());
}

std::optional<Attribute> read_attribute(const rules::ElementList& list, const CatalogueAttribute& wanted,
                                        const rules::CharacterSet& characters) {
  const rules::Element* const element = list.find(wanted.tag);
  if (element == nullptr) return std::nullopt;
  Attribute attribute{wanted.tag, {}, {}};
  if (wanted.vr != rules::Vr::sq) {
    attribute.value = read_value(*element, wanted.vr, characters);
    if (attribute.value.empty()) return std::nullopt;
    return attribute;
  }
  for (const rules::Item& item : element->items()) {
    if (attribute.items.size() == most_items) break;
    const rules::CharacterSet of_item = characters_of(item.elements, characters);
    Attributes read;
    for (const CatalogueAttribute& nested : wanted.nested) {
      if (auto found = read_attribute(item.elements, nested, of_item)) read.push_back(std::move(*found));
    }
    if (!read.empty()) attribute.items.push_back(std::move(read));
  }
  if (attribute.items.empty()) return std::nullopt;
  return attribute;
}

}  // namespace

std::string encode(const Attributes& attributes) {
  std::string out;
  encode_to(out, attributes);
  return out;
}

std::optional<Attributes> decode_attributes(std::string_view bytes) {
  return decode_to_depth(bytes, deepest);
}

std::string_view find_value(std::string_view bytes, rules::Tag tag) noexcept {
  while (!bytes.empty()) {
    const auto encoded = take_attribute(bytes);
    if (!encoded || tag < encoded->tag) return {};
    if (encoded->tag == tag) return encoded->sequence ? std::string_view() : encoded->value;
  }
  return {};
}

const Attribute* find(const Attributes& attributes, rules::Tag tag) noexcept {
  const auto found = std::ranges::lower_bound(attributes, tag, {}, &Attribute::tag);
  return found != attributes.end() && found->tag == tag ? &*found : nullptr;
}

void put(Attributes& attributes, Attribute attribute) {
  const auto place = std::ranges::lower_bound(attributes, attribute.tag, {}, &Attribute::tag);
  if (place != attributes.end() && place->tag == attribute.tag) {
    *place = std::move(attribute);
  } else {
    attributes.insert(place, std::move(attribute));
  }
}

void merge(Attributes& attributes, const Attributes& other) {
  for (const Attribute& attribute : other) {
    if (find(attributes, attribute.tag) == nullptr) put(attributes, attribute);
  }
}

InstanceAttributes read_instance_attributes(const rules::DataSet& data_set) {
  const rules::CharacterSet characters = characters_of(data_set.elements, {});
  InstanceAttributes read;
  for (const CatalogueAttribute& wanted : catalogue_attributes()) {
    if (comes_from_rows(wanted.tag)) continue;
    auto attribute = read_attribute(data_set.elements, wanted, characters);
    if (!attribute) continue;
    const QueryLevel level = wanted.level;
    Attributes& row = level == QueryLevel::image    ? read.image
                      : level == QueryLevel::series ? read.series
                                                    : read.study;
    row.push_back(std::move(*attribute));
  }
  return read;
}

std::string encode(const InstanceAttributes& attributes) {
  std::string out;
  for (const Attributes* row : {&attributes.study, &attributes.series, &attributes.image}) {
    const std::string encoded = encode(*row);
    append_length(out, encoded.size());
    out += encoded;
  }
  return out;
}

std::optional<InstanceAttributes> decode_instance_attributes(std::string_view bytes) {
  InstanceAttributes attributes;
  for (Attributes* row : {&attributes.study, &attributes.series, &attributes.image}) {
    const auto length = take_length(bytes);
    const auto encoded = length ? take_bytes(bytes, *length) : std::nullopt;
    if (!encoded) return std::nullopt;
    auto decoded = decode_attributes(*encoded);
    if (!decoded) return std::nullopt;
    *row = std::move(*decoded);
  }
  if (!bytes.empty()) return std::nullopt;
  return attributes;
}

}  // namespace trialgate::gateway
