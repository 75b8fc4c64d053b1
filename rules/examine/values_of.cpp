#include "rules/examine/values_of.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace trialgate::rules {
namespace {

// A record is kept for every instance of a trial: nobody reads more of a header than this.
constexpr std::size_t most_values = 256;
constexpr std::size_t most_text_bytes = 4096;
constexpr std::size_t most_unknown_bytes = 1024;

template <class Number>
std::string to_text(Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

std::optional<CharacterSet> character_set_of(const Element* element) {
  if (element == nullptr) return CharacterSet();
  return CharacterSet::parse(element->text());
}

void record_binary(RecordedAttribute& attribute, const Element& element) {
  const std::size_t count = binary_count(element);
  attribute.truncated = count > most_values;
  for (std::size_t i = 0; i < std::min(count, most_values); ++i) {
    if (element.vr() == Vr::at) {
      attribute.values.push_back(
          to_string(Tag(static_cast<std::uint32_t>(binary_integer(element, i).value_or(0)))));
    } else if (element.vr() == Vr::fl) {
      attribute.values.push_back(to_text(static_cast<float>(binary_number(element, i).value_or(0))));
    } else if (const auto integer = binary_integer(element, i)) {
      attribute.values.push_back(to_text(*integer));
    } else {
      attribute.values.push_back(to_text(binary_number(element, i).value_or(0)));
    }
  }
}

bool is_printable_ascii(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::uint8_t byte) { return (byte >= ' ' && byte < 0x7F) || byte == 0; });
}

void record_text(RecordedAttribute& attribute, std::span<const std::uint8_t> bytes, Vr vr,
                 const std::optional<CharacterSet>& characters) {
  // ASCII without escapes is the same in every character set, known or not, but for two characters of
  // ISO_IR 13.
  auto values = characters                  ? characters->decode_values(bytes, vr)
                : is_printable_ascii(bytes) ? CharacterSet().decode_values(bytes, vr)
                                            : std::nullopt;
  if (!values) {
    attribute.undecodable = true;
    return;
  }
  std::size_t size = 0;
  for (std::string& value : *values) {
    size += value.size();
    if (attribute.values.size() == most_values || size > most_text_bytes) {
      attribute.truncated = true;
      return;
    }
    attribute.values.push_back(std::move(value));
  }
}

bool is_number_vr(Vr vr) {
  switch (vr) {
    case Vr::at:
    case Vr::fd:
    case Vr::fl:
    case Vr::sl:
    case Vr::ss:
    case Vr::sv:
    case Vr::ul:
    case Vr::us:
    case Vr::uv:
      return true;
    default:
      return false;
  }
}

}  // namespace

CharacterSets::CharacterSets(const ElementList& root)
    : root_(character_set_of(root.find(tags::specific_character_set))) {}

std::optional<CharacterSet> CharacterSets::of(std::span<const ElementList* const> lists) const {
  for (std::size_t i = lists.size(); i > 1; --i) {
    const Element* element = lists[i - 1]->find(tags::specific_character_set);
    if (element != nullptr) return character_set_of(element);
  }
  return root_;
}

RecordedAttribute record_values(std::string path, const Element& element,
                                const std::optional<CharacterSet>& characters) {
  RecordedAttribute attribute;
  attribute.path = std::move(path);
  const auto value = element.value();
  if (element.is_sequence()) {
    if (!element.items().empty()) attribute.values.push_back(std::to_string(element.items().size()));
  } else if (value.empty()) {
    return attribute;
  } else if (element.content() == Content::bytes && is_text(element.vr())) {
    record_text(attribute, value, element.vr(), characters);
  } else if (element.content() == Content::bytes && is_number_vr(element.vr())) {
    record_binary(attribute, element);
  } else if (element.vr() == Vr::un && value.size() <= most_unknown_bytes && is_printable_ascii(value)) {
    record_text(attribute, value, Vr::lo, CharacterSet());
  } else {
    attribute.values.push_back(std::to_string(value.size()) + " bytes");
  }
  return attribute;
}

}  // namespace trialgate::rules
