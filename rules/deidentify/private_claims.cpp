#include "rules/deidentify/private_claims.h"

#include "rules/dataset/values.h"

namespace trialgate::rules {
namespace {

constexpr Tag characteristics{0x0008, 0x0300};
constexpr Tag group_reference{0x0008, 0x0301};
constexpr Tag creator_reference{0x0008, 0x0302};
constexpr Tag block_status{0x0008, 0x0303};
constexpr Tag nonidentifying_elements{0x0008, 0x0304};
constexpr Tag deidentification_actions{0x0008, 0x0305};
constexpr Tag identifying_elements{0x0008, 0x0306};

std::uint8_t low_byte(std::int64_t number) noexcept {
  return static_cast<std::uint8_t>(number & 0xFF);
}

template <class Set>
void add_elements(const Element* list, std::uint16_t group, const std::string& creator, Set& places) {
  if (list == nullptr) return;
  for (std::size_t i = 0; i < binary_count(*list); ++i) {
    if (const auto number = binary_integer(*list, i)) places.emplace(group, creator, low_byte(*number));
  }
}

}  // namespace

void PrivateClaims::read(const ElementList& top) {
  const Element* sequence = top.find(characteristics);
  if (sequence == nullptr) return;
  for (const Item& item : sequence->items()) {
    const Element* group_element = item.elements.find(group_reference);
    const Element* creator_element = item.elements.find(creator_reference);
    const Element* status = item.elements.find(block_status);
    const auto number = group_element == nullptr ? std::nullopt : binary_integer(*group_element);
    if (!number || creator_element == nullptr) continue;
    const auto group = static_cast<std::uint16_t>(*number);
    const std::string creator(trim(creator_element->text()));
    if (status != nullptr && trim(status->text()) == "SAFE") safe_blocks_.emplace(group, creator);
    add_elements(item.elements.find(nonidentifying_elements), group, creator, safe_);
    const Element* actions = item.elements.find(deidentification_actions);
    if (actions == nullptr) continue;
    for (const Item& action : actions->items()) {
      add_elements(action.elements.find(identifying_elements), group, creator, identifying_);
    }
  }
}

bool PrivateClaims::says_safe(Tag tag, std::string_view creator) const {
  const std::uint16_t group = static_cast<std::uint16_t>(tag.group());
  const std::string name(creator);
  const bool claimed =
      safe_blocks_.contains({group, name}) || safe_.contains({group, name, low_byte(tag.element())});
  return claimed && !says_identifying(tag, creator);
}

bool PrivateClaims::says_identifying(Tag tag, std::string_view creator) const {
  return identifying_.contains(
      {static_cast<std::uint16_t>(tag.group()), std::string(creator), low_byte(tag.element())});
}

}  // namespace trialgate::rules
