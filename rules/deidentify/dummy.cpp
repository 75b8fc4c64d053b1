#include "rules/deidentify/dummy.h"

#include "rules/dataset/values.h"

#include <array>
#include <optional>
#include <string>

namespace trialgate::rules {
namespace {

constexpr Tag code_value{0x0008, 0x0100};
constexpr Tag long_code_value{0x0008, 0x0119};
constexpr Tag urn_code_value{0x0008, 0x0120};
constexpr Tag referenced_sop_class{0x0008, 0x1150};
constexpr Tag referenced_sop_instance{0x0008, 0x1155};

std::optional<std::string_view> dummy_characters(Vr vr) noexcept {
  switch (vr) {
    case Vr::as:
      return "000D";
    case Vr::da:
      return dummy_date;
    case Vr::ds:
    case Vr::is:
      return "0";
    case Vr::dt:
      return "19000101000000";
    case Vr::pn:
      return "REMOVED^";  // with a delimiter, since a family name alone looks like the form of ACR-NEMA
    case Vr::tm:
      return "000000";
    case Vr::ur:
      return "urn:removed";
    default:
      return is_text(vr) ? std::optional(dummy_text) : std::nullopt;
  }
}

void replace_items(const ElementList& parent, Element& sequence, const Identity& identity) {
  bool is_code = false;
  std::optional<Element> sop_class;
  std::optional<Element> instance;
  for (const Item& item : sequence.items()) {
    for (const Tag tag : {code_value, long_code_value, urn_code_value}) {
      is_code = is_code || item.elements.find(tag) != nullptr;
    }
    const Element* found_class = item.elements.find(referenced_sop_class);
    const Element* found_instance = item.elements.find(referenced_sop_instance);
    if (instance || found_class == nullptr || found_instance == nullptr) continue;
    sop_class = Element(referenced_sop_class, Vr::ui, found_class->text());
    instance = Element(referenced_sop_instance, Vr::ui, found_instance->text());
    map_uids(*instance, identity);
  }
  const bool explicit_text = !sequence.items().empty();
  sequence.clear();
  if (!explicit_text) return;
  ElementList& item = append_item(parent, sequence).elements;
  if (is_code) {
    item.put(Element(code_value, Vr::sh, "261665006"));
    item.put(Element(Tag(0x0008, 0x0102), Vr::sh, "SCT"));
    item.put(Element(Tag(0x0008, 0x0104), Vr::lo, "Unknown"));
  } else if (instance) {
    item.put(std::move(*sop_class));
    item.put(std::move(*instance));
  }
}

}  // namespace

void map_uids(Element& element, const Identity& identity) {
  std::string mapped;
  bool first = true;
  for (const std::string_view uid : split_values(element.text())) {
    if (!first) mapped += '\\';
    first = false;
    if (!uid.empty()) mapped += identity.new_uid(uid);
  }
  element.replace(mapped);
}

void replace_with_dummy(const ElementList& parent, Element& element, const Identity& identity) {
  if (element.is_sequence()) {
    replace_items(parent, element, identity);
  } else if (element.vr() == Vr::sq) {
    element.clear();
  } else if (element.vr() == Vr::ui) {
    map_uids(element, identity);
  } else if (const auto text = dummy_characters(element.vr())) {
    element.replace(*text);
  } else {
    element.replace(std::vector<std::uint8_t>(std::max<std::size_t>(value_bytes(element.vr()), 2), 0));
  }
}

}  // namespace trialgate::rules
