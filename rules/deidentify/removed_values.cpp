#include "rules/deidentify/removed_values.h"

#include "rules/dataset/values.h"
#include "rules/deidentify/identity.h"
#include "rules/deidentify/supplement.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace trialgate::rules {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// Names of machines and net addresses that are often no more than the model's name.
bool is_name_of_equipment(Tag tag) noexcept {
  const std::uint32_t value = tag.value();
  return value == 0x00080054 || value == 0x00080055 || value == 0x00081000 || value == 0x00081010 ||
         value == 0x00181008 || value == 0x00400001 || value == 0x00400010 || value == 0x00400241 ||
         value == 0x00400242;
}

}  // namespace

void RemovedValues::know_equipment(const ElementList& data_set) {
  for (const Tag tag : {Tag(0x0008, 0x1090), Tag(0x0008, 0x0060)}) {
    const Element* found = data_set.find(tag);
    technical_text_ += lower(found == nullptr ? std::string_view() : found->text()) + '\n';
  }
}

void RemovedValues::know_manufacturer(std::string_view name) {
  technical_text_ += lower(name) + '\n';
}

void RemovedValues::add(const Element& element, Characters characters) {
  if (element.is_sequence()) return add_items(element, characters);
  if (element.content() != Content::bytes) return;
  switch (element.vr()) {
    case Vr::da:
      for (const std::string_view value : split_values(element.text())) {
        if (const auto date = parse_date(value)) search_.add_date(*date);
      }
      return;
    case Vr::dt:
      for (const std::string_view value : split_values(element.text())) {
        const auto date_time = parse_date_time(value);
        if (date_time && date_time->date_components == 3) search_.add_date(date_time->date);
      }
      return;
    case Vr::ui:
      if (is_structural_uid(element.tag())) return;
      for (const std::string_view uid : split_values(element.text())) {
        if (uid.empty() || is_registered_uid(uid)) continue;
        search_.add_uid(uid);
        uids_.emplace(uid);
      }
      return;
    default:
      add_text(element, characters);
  }
}

void RemovedValues::add_items(const Element& sequence, Characters characters) {
  for (const Item& item : sequence.items()) {
    std::optional<CharacterSet> own;
    Characters used = characters;
    if (const Element* declared = item.elements.find(tags::specific_character_set)) {
      own = CharacterSet::parse(declared->text());
      used = &own;
    }
    for (const Element& child : item.elements) {
      if (!child.tag().is_private() || child.vr() == Vr::pn || child.is_sequence()) add(child, used);
    }
  }
}

void RemovedValues::add_text(const Element& element, Characters characters) {
  const bool is_name = element.vr() == Vr::pn;
  if (!is_name && (!is_text(element.vr()) || !is_identifying_text(element.tag()))) return;
  const auto raw = split_values(element.text());
  std::vector<std::string> decoded;
  if (*characters) {
    const auto value = (*characters)->decode(element.value(), element.vr());
    if (value) {
      for (const std::string_view part : split_values(*value)) decoded.emplace_back(part);
    }
  }
  if (decoded.empty()) decoded.assign(raw.begin(), raw.end());
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const std::string_view bytes = raw.size() == decoded.size() ? raw[i] : std::string_view();
    if (is_name) {
      if (!is_program(element.tag(), decoded[i])) search_.add_name(decoded[i], bytes);
    } else if (!is_technical(element.tag(), decoded[i])) {
      search_.add_identifier(decoded[i], bytes);
    }
  }
}

bool RemovedValues::is_technical(Tag tag, std::string_view value) const {
  const std::string folded = lower(value);
  if (is_name_of_equipment(tag)) return technical_text_.find(folded) != std::string::npos;
  // Software that writes images names its maker as the institution.
  constexpr Tag institution_name{0x0008, 0x0080};
  return tag == institution_name && technical_text_.find('\n' + folded + '\n') != std::string::npos;
}

bool RemovedValues::is_program(Tag tag, std::string_view value) const {
  constexpr Tag content_creator{0x0070, 0x0084};
  const std::string folded = lower(trim(value));
  const bool one_word = std::ranges::all_of(folded, [](unsigned char c) { return std::isalpha(c) != 0; });
  if (tag != content_creator || folded.empty() || !one_word) return false;
  const std::size_t at = technical_text_.find('/' + folded + '/');
  if (at == std::string::npos) return false;
  const std::size_t before = technical_text_.find_last_of("\n:", at);
  return before != std::string::npos && technical_text_[before] == ':';
}

}  // namespace trialgate::rules
