#include "rules/examine/frames.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace trialgate::rules {
namespace {

// Different values of one attribute that a record keeps; more say no more than "it varies".
constexpr std::size_t most_different_values = 64;

template <std::size_t Count>
void read_numbers(const Element& element, std::optional<std::array<double, Count>>& field) {
  const auto values = split_values(element.text());
  std::array<double, Count> numbers{};
  field.reset();
  if (values.size() != Count) return;
  for (std::size_t i = 0; i < Count; ++i) {
    const auto number = parse_decimal(values[i]);
    if (!number) return;
    numbers[i] = *number;
  }
  field = numbers;
}

void read_number(const Element& element, std::optional<double>& field) {
  if (const auto binary = binary_number(element)) {
    field = *binary;
    return;
  }
  const auto number = parse_decimal(element.text());
  field = number ? std::optional(*number) : std::nullopt;
}

void read_text(const Element& element, std::optional<std::string>& field) {
  const auto text = CharacterSet().decode(element.value(), element.vr());
  field = text ? std::optional(std::string(trim(*text))) : std::nullopt;
}

void read_attribute(const Element& element, Frame& frame) {
  switch (element.tag().value()) {
    case 0x00200032:
      return read_numbers(element, frame.position);
    case 0x00200037:
      return read_numbers(element, frame.orientation);
    case 0x00280030:
      return read_numbers(element, frame.pixel_spacing);
    case 0x00180050:
      return read_number(element, frame.slice_thickness);
    case 0x00180088:
      return read_number(element, frame.spacing_between_slices);
    case 0x00189082:
      return read_number(element, frame.echo_time);
    case 0x00189087:
      return read_number(element, frame.b_value);
    case 0x00209056:
      return read_text(element, frame.stack_id);
    case 0x00089007:
      return read_text(element, frame.frame_type);
    case 0x00189074:
      return read_text(element, frame.acquisition_date_time);
    case 0x00209057:
      frame.in_stack_position = binary_integer(element);
      return;
    case 0x00209128:
      frame.temporal_position = binary_integer(element);
      return;
    case 0x00209157:
      frame.dimension_index.clear();
      for (std::size_t i = 0; i < binary_count(element); ++i) {
        frame.dimension_index.push_back(binary_integer(element, i).value_or(0));
      }
      return;
    default:
      return;
  }
}

/// Calls visit(element, lists) for each attribute of the macros in one item of functional groups.
template <class Visit>
void for_each_attribute(const ElementList& root, const Item& groups, Visit&& visit) {
  for (const Element& macro : groups.elements) {
    if (!macro.is_sequence() || macro.items().empty()) continue;
    const ElementList& attributes = macro.items().front().elements;
    const std::array<const ElementList*, 3> lists = {&root, &groups.elements, &attributes};
    for (const Element& element : attributes) visit(element, lists);
  }
}

const Item* shared_groups(const ElementList& root) {
  const Element* shared = root.find(tags::shared_functional_groups);
  return shared == nullptr || shared->items().empty() ? nullptr : &shared->items().front();
}

/// Different values of one attribute.
struct Collected {
  std::vector<const Element*> different;
  std::vector<RecordedAttribute> recorded;
  bool more = false;
};

/// Several values of one frame as one text.
std::string join(const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : "\\") + values[i];
  return text;
}

bool same_bytes(const Element& one, const Element& other) {
  const auto left = one.value();
  const auto right = other.value();
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin());
}

}  // namespace

std::vector<Frame> read_frames(const ElementList& root) {
  Frame common;
  const Item* shared = shared_groups(root);
  const auto into_common = [&](const Element& element, const auto&) { read_attribute(element, common); };
  if (shared != nullptr) for_each_attribute(root, *shared, into_common);
  const Element* per_frame = root.find(tags::per_frame_functional_groups);
  if (per_frame == nullptr || per_frame->items().empty()) {
    return shared == nullptr ? std::vector<Frame>{} : std::vector<Frame>{common};
  }
  std::vector<Frame> frames(per_frame->items().size(), common);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for_each_attribute(root, per_frame->items()[i],
                       [&](const Element& element, const auto&) { read_attribute(element, frames[i]); });
  }
  return frames;
}

std::vector<RecordedAttribute> read_functional_groups(const ElementList& root, std::span<const Tag> wanted,
                                                      const CharacterSets& characters) {
  std::map<Tag, Collected> collected;
  const auto collect = [&](const Element& element, std::span<const ElementList* const> lists) {
    if (!std::binary_search(wanted.begin(), wanted.end(), element.tag())) return;
    Collected& values = collected[element.tag()];
    if (values.more) return;
    const auto known = std::find_if(values.different.rbegin(), values.different.rend(),
                                    [&](const Element* other) { return same_bytes(element, *other); });
    if (known != values.different.rend()) return;
    if (values.different.size() == most_different_values) {
      values.more = true;
      return;
    }
    values.different.push_back(&element);
    values.recorded.push_back(record_values({}, element, characters.of(lists)));
  };
  if (const Item* shared = shared_groups(root)) for_each_attribute(root, *shared, collect);
  if (const Element* per_frame = root.find(tags::per_frame_functional_groups)) {
    for (const Item& item : per_frame->items()) for_each_attribute(root, item, collect);
  }

  std::vector<RecordedAttribute> attributes;
  for (auto& [tag, values] : collected) {
    RecordedAttribute attribute = std::move(values.recorded.front());
    attribute.path = keyword_or_tag(tag);
    attribute.varies = values.different.size() > 1;
    attribute.truncated = attribute.truncated || values.more;
    if (attribute.varies) {
      std::vector<std::string> texts;
      texts.push_back(join(attribute.values));
      for (std::size_t i = 1; i < values.recorded.size(); ++i) {
        texts.push_back(join(values.recorded[i].values));
        attribute.undecodable = attribute.undecodable || values.recorded[i].undecodable;
      }
      attribute.values = std::move(texts);
    }
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

}  // namespace trialgate::rules
