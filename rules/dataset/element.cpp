#include "rules/dataset/data_set.h"

#include <algorithm>
#include <utility>

namespace trialgate::rules {
namespace {

std::string_view without_padding(std::string_view text) {
  const auto last = text.find_last_not_of(std::string_view(" \0", 2));
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::vector<std::uint8_t> to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

constexpr auto by_tag = [](const Element& element, Tag tag) { return element.tag() < tag; };

/// The lists of new items are made before their sequence is put where its encoding is known.
void set_encoding(Element& element, Encoding encoding);

}  // namespace

Element::Element() = default;

Element::Element(Tag tag, Vr vr, std::vector<std::uint8_t> value)
    : tag_(tag), vr_(vr), encoded_vr_(vr), replaced_(true), own_(std::move(value)) {
  pad();
}

Element::Element(Tag tag, Vr vr, std::string_view value) : Element(tag, vr, to_bytes(value)) {}

Element Element::sequence(Tag tag) {
  Element element(tag, Vr::sq, std::vector<std::uint8_t>{});
  element.content_ = Content::items;
  return element;
}

std::string_view Element::text() const noexcept {
  const auto bytes = value();
  return without_padding({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Element::replace(std::vector<std::uint8_t> value) {
  content_ = Content::bytes;
  undefined_length_ = false;
  replaced_ = true;
  items_.clear();
  own_ = std::move(value);
  pad();
}

void Element::replace(std::string_view value) {
  replace(to_bytes(value));
}

void Element::clear() {
  if (content_ == Content::items) {
    items_.clear();
    return;
  }
  const bool sequence = vr_ == Vr::sq;
  replace(std::vector<std::uint8_t>{});
  if (sequence) content_ = Content::items;
}

void Element::pad() {
  if (own_.size() % 2 == 0) return;
  own_.push_back(is_text(vr_) && vr_ != Vr::ui ? std::uint8_t{' '} : std::uint8_t{0});
}

ElementList::ElementList() = default;

ElementList::ElementList(Encoding encoding) noexcept : encoding_(encoding) {}

Element* ElementList::find(Tag tag) noexcept {
  return const_cast<Element*>(std::as_const(*this).find(tag));
}

const Element* ElementList::find(Tag tag) const noexcept {
  const auto found = ascending_ ? std::lower_bound(elements_.begin(), elements_.end(), tag, by_tag)
                                : std::find_if(elements_.begin(), elements_.end(),
                                               [&](const Element& e) { return e.tag() == tag; });
  return found != elements_.end() && found->tag() == tag ? &*found : nullptr;
}

const Element* ElementList::find_private(Tag tag, std::string_view creator) const noexcept {
  for (const Element& element : elements_) {
    if (element.tag().group() != tag.group() || !element.tag().is_private_creator()) continue;
    if (without_padding(element.text()) != creator) continue;
    const auto block = static_cast<unsigned>(element.tag().element()) << 8U;
    const Element* found =
        find(Tag(tag.group(), static_cast<std::uint16_t>(block | (tag.element() & 0xFFU))));
    if (found != nullptr) return found;
  }
  return nullptr;
}

std::string_view ElementList::creator_of(Tag tag) const noexcept {
  if (!tag.is_private() || tag.element() < 0x1000) return {};
  const Element* creator = find(Tag(tag.group(), static_cast<std::uint16_t>(tag.element() >> 8U)));
  return creator == nullptr ? std::string_view{} : creator->text();
}

Element& ElementList::put(Element element) {
  set_encoding(element, encoding_);
  element.encoding_ = encoding_;
  const Tag tag = element.tag();
  erase(tag);
  const auto place = std::find_if(elements_.begin(), elements_.end(),
                                  [&](const Element& other) { return other.tag() > tag; });
  return *elements_.insert(place, std::move(element));
}

std::size_t ElementList::erase(Tag tag) {
  return erase_if([&](const Element& element) { return element.tag() == tag; });
}

Item& append_item(const ElementList& parent, Element& sequence) {
  Encoding encoding = parent.encoding();
  if (!sequence.items().empty()) {
    encoding = sequence.items().front().elements.encoding();
  } else if (sequence.encoded_vr() == Vr::un && encoding != Encoding::implicit_little) {
    encoding = Encoding::implicit_little;
  }
  Item item;
  item.elements = ElementList(encoding);
  return sequence.items().emplace_back(std::move(item));
}

namespace {

void set_encoding(Element& element, Encoding encoding) {
  // Items that were read keep their encoding: it may be another one than the parent's (PS3.5 §6.2.2).
  if (element.offset() != Element::no_offset) return;
  for (Item& item : element.items()) {
    ElementList list(encoding);
    for (Element& child : item.elements) list.put(std::move(child));
    item.elements = std::move(list);
  }
}

}  // namespace
}  // namespace trialgate::rules
