#include "rules/deidentify/profile_pass.h"

#include "rules/dataset/values.h"
#include "rules/deidentify/ages.h"
#include "rules/deidentify/dates.h"
#include "rules/deidentify/deidentify.h"
#include "rules/deidentify/dummy.h"
#include "rules/deidentify/safe_private.h"
#include "rules/deidentify/value_kinds.h"

#include <algorithm>

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

constexpr Tag value_type_tag{0x0040, 0xA040};
constexpr std::string_view oldest_age_rule = "ages of more than 90 years are 090Y";
constexpr std::string_view private_rule = "E.1-1 private attributes";

/// Attributes that hold the value of a content item (PS3.3 Table C.17-5).
bool is_content_value(Tag tag) noexcept {
  const std::uint32_t value = tag.value();
  return (value >= 0x0040A120 && value <= 0x0040A124) || value == 0x0040A160 || value == 0x0040A168 ||
         value == 0x0040A300 || value == 0x00081199;
}

/// Dates and times of Type 1 about which the table of Types says otherwise or nothing: of multi-frame
/// functional groups (PS3.3 §C.7.6.16) and of presentation states (§C.11.10), where Table E.1-1 removes them
/// all the same.
bool is_required_date(Tag tag, const ElementList& data_set) noexcept {
  constexpr Tag shared_functional_groups{0x5200, 0x9229};
  constexpr Tag content_label{0x0070, 0x0080};
  switch (tag.value()) {
    case 0x00080023:
    case 0x00080033:
      return data_set.find(shared_functional_groups) != nullptr;
    case 0x00700082:
    case 0x00700083:
      return data_set.find(content_label) != nullptr;
    default:
      return false;
  }
}

std::string_view mapped_text(const DeidentificationSubject& subject, std::string_view member) {
  if (member == "subject_id") return subject.subject_id;
  if (member == "reading_id") return subject.reading_id;
  if (member == "site_id") return subject.site_id;
  if (member == "site_name") return subject.site_name;
  if (member == "time_point_id") return subject.time_point_id;
  return subject.protocol_id;
}

}  // namespace

void ProfilePass::run(DataSet& data_set) {
  const auto text = [&](Tag tag) {
    const Element* found = data_set.elements.find(tag);
    return found == nullptr ? std::string_view() : found->text();
  };
  sop_class_uid_ = text(tags::sop_class_uid);
  local_offset_ = parse_utc_offset(text(Tag(0x0008, 0x0201)));
  removed_.know_equipment(data_set.elements);
  if (actions_.rules().has(Option::retain_safe_private)) claims_.read(data_set.elements);
  const std::optional<CharacterSet> initial{CharacterSet()};
  list(data_set.elements, &initial);
  if (removed_content_ && has_position_reference_) {
    hold(HoldReason::not_supported, Tag(0x0040, 0xDB73),
         "content items refer to others by position, and some of those had to go");
  }
}

void ProfilePass::list(ElementList& elements, Characters inherited, const Decision* content) {
  std::optional<CharacterSet> own;
  if (const Element* declared = elements.find(tags::specific_character_set)) {
    own = CharacterSet::parse(declared->text());
    inherited = &own;
  }
  if (const Element* manufacturer = elements.find(Tag(0x0008, 0x0070))) {
    removed_.know_manufacturer(manufacturer->text());
  }
  std::vector<bool> removed;
  removed.reserve(elements.size());
  for (Element& child : elements) removed.push_back(element(elements, child, inherited, content));

  // A creator stays as long as something in its block does (PS3.5 §7.8.1).
  if (actions_.rules().has(Option::retain_safe_private)) {
    std::size_t place = 0;
    for (const Element& creator : elements) {
      const std::size_t creator_place = place++;
      if (!creator.tag().is_private_creator()) continue;
      std::size_t other_place = 0;
      for (const Element& other : elements) {
        const bool in_block = other.tag().group() == creator.tag().group() &&
                              (other.tag().element() >> 8U) == creator.tag().element();
        if (in_block && !removed[other_place]) removed[creator_place] = false;
        ++other_place;
      }
    }
  }
  std::size_t place = 0;
  elements.erase_if([&](const Element&) { return removed[place++]; });
}

bool ProfilePass::element(ElementList& parent, Element& element, Characters characters,
                          const Decision* content) {
  const Tag tag = element.tag();
  if (tag.is_private()) return private_element(parent, element, characters);
  if (tag == Tag(0x0040, 0xDB73)) has_position_reference_ = true;
  if (content != nullptr && is_content_value(tag)) return carry_out(parent, element, *content, characters);
  const Decision decision = actions_.decide(tag, deeds_.path());
  if (decision.device_date) met_device_date_ = true;
  return carry_out(parent, element, decision, characters);
}

bool ProfilePass::private_element(const ElementList& parent, Element& element, Characters characters) {
  const Tag tag = element.tag();
  if (tag.is_private_creator()) return true;
  switch (rule_on_private(parent, element)) {
    case SafePrivateRuling::keep:
      note(tag, Deed::kept, to_string(Option::retain_safe_private));
      return false;
    case SafePrivateRuling::map_uids:
      if (actions_.rules().has(Option::retain_uids)) {
        note(tag, Deed::kept, to_string(Option::retain_uids));
        return false;
      }
      removed_.add(element, characters);
      map_uids(element, identity_);
      note(tag, Deed::mapped, to_string(Option::retain_safe_private));
      return false;
    case SafePrivateRuling::descend:
      note(tag, Deed::kept, to_string(Option::retain_safe_private));
      descend(element, characters);
      return false;
    case SafePrivateRuling::remove:
      break;
  }
  if (element.vr() == Vr::pn || element.is_sequence()) removed_.add(element, characters);
  note(tag, Deed::removed, private_rule);
  return true;
}

SafePrivateRuling ProfilePass::rule_on_private(const ElementList& parent, Element& element) const {
  const Tag tag = element.tag();
  const std::string_view creator = parent.creator_of(tag);
  const bool may_stay = actions_.rules().has(Option::retain_safe_private) && !creator.empty() &&
                        !claims_.says_identifying(tag, creator);
  if (!may_stay) return SafePrivateRuling::remove;
  if (const SafePrivateRow* safe = find_safe_private(tag, creator)) {
    const SafePrivateRuling ruling = rule_on_safe_private(element, safe->vr, actions_.words());
    if (ruling != SafePrivateRuling::remove) return ruling;
  }
  // Of what only the sender vouches for, numbers.
  const bool claimed = element.content() == Content::bytes && claims_.says_safe(tag, creator);
  return claimed && is_number(element, element.vr()) ? SafePrivateRuling::keep : SafePrivateRuling::remove;
}

bool ProfilePass::carry_out(ElementList& parent, Element& element, const Decision& decision,
                            Characters characters) {
  const Tag tag = element.tag();
  switch (decision.action) {
    case Action::keep:
      return keep(element, decision, characters);
    case Action::profile:
      return profile(parent, element, decision, characters);
    case Action::shift:
      if (shift(element, decision, characters)) return false;
      return profile(parent, element, decision, characters);
    case Action::keep_date:
      if (!is_date_or_time(element.text(), decision.vr)) {
        return profile(parent, element, decision, characters);
      }
      note(tag, Deed::kept, decision.rule);
      return false;
    case Action::clean:
      return clean(parent, element, decision, characters);
    case Action::clean_content:
      if (!element.is_sequence()) return profile(parent, element, decision, characters);
      content(element, decision, characters);
      return false;
    case Action::map_uid:
      map_references(element, decision, characters);
      return false;
    case Action::dummy:
    case Action::hash:
    case Action::map:
    case Action::replace:
      return write_other(parent, element, decision, characters);
  }
  return true;
}

bool ProfilePass::write_other(ElementList& parent, Element& element, const Decision& decision,
                              Characters characters) {
  const Tag tag = element.tag();
  if (element.value().empty() && !element.is_sequence()) return false;
  removed_.add(element, characters);
  if (decision.action == Action::map) {
    const auto text = *characters
                          ? (*characters)->encode(mapped_text(subject_, *decision.value), element.vr())
                          : std::nullopt;
    if (!text) hold(HoldReason::unknown_character_set, tag, "the value to map to cannot be written");
    element.replace(text.value_or(std::vector<std::uint8_t>()));
  } else if (decision.action == Action::hash) {
    std::string hashes;
    for (const std::string_view value : split_values(element.text())) {
      if (!hashes.empty()) hashes += '\\';
      hashes += identity_.hash(value);
    }
    element.replace(hashes);
  } else if (decision.value != nullptr) {
    element.replace(*decision.value);
  } else {
    replace_with_dummy(parent, element, identity_);
  }
  note(tag, Deed::replaced, decision.rule);
  return false;
}

bool ProfilePass::clean(ElementList& parent, Element& element, const Decision& decision,
                        Characters characters) {
  const Tag tag = element.tag();
  if (element.is_sequence()) {
    if (has_local_code(element)) return profile(parent, element, decision, characters);
    note(tag, Deed::kept, decision.rule);
    descend(element, characters);
    return false;
  }
  const auto text = is_text(element.vr()) && *characters
                        ? (*characters)->decode(element.value(), element.vr())
                        : std::nullopt;
  if (!text) return profile(parent, element, decision, characters);
  if (trim(*text).empty()) return false;
  std::string cleaned;
  for (const std::string_view value : split_values(*text)) {
    const std::string words = decision.words->clean(value);
    if (words.empty()) continue;
    if (!cleaned.empty()) cleaned += '\\';
    cleaned += words;
  }
  if (cleaned.empty()) return profile(parent, element, decision, characters);
  const bool changed = trim(*text) != cleaned;
  if (changed) {
    removed_.add(element, characters);
    element.replace(cleaned);
  }
  note(tag, changed ? Deed::replaced : Deed::kept, decision.rule);
  return false;
}

void ProfilePass::map_references(Element& element, const Decision& decision, Characters characters) {
  if (element.is_sequence()) return descend(element, characters);
  removed_.add(element, characters);
  if (element.value().empty()) return;
  map_uids(element, identity_);
  note(element.tag(), Deed::mapped, decision.rule);
}

void ProfilePass::content(Element& element, const Decision& decision, Characters characters) {
  note(element.tag(), Deed::kept, decision.rule);
  const InsideSequence inside(deeds_, element.tag());
  std::vector<Item> left;
  for (Item& item : element.items()) {
    const auto of_item = actions_.decide_content(item.elements);
    if (of_item && of_item->action == Action::profile && of_item->profile == ProfileAction::x) {
      Element gone = Element::sequence(element.tag());
      gone.items().push_back(std::move(item));
      removed_.add(gone, characters);
      note(value_type_tag, Deed::removed, of_item->rule);
      removed_content_ = true;
      continue;
    }
    const bool of_patient = of_item && of_item->rule == to_string(Option::retain_patient_characteristics);
    if (of_patient && cap_subject_age(item.elements)) note(value_type_tag, Deed::replaced, oldest_age_rule);
    list(item.elements, characters, of_item ? &*of_item : nullptr);
    left.push_back(std::move(item));
  }
  element.items() = std::move(left);
}

bool ProfilePass::profile(ElementList& parent, Element& element, const Decision& decision,
                          Characters characters) {
  const Tag tag = element.tag();
  std::vector<Tag> path(deeds_.path().begin(), deeds_.path().end());
  const bool at_top = path.empty();
  path.push_back(tag);
  Outcome outcome = resolve(decision.profile, attribute_type(sop_class_uid_, path));
  if (at_top && outcome != Outcome::dummy && is_required_date(tag, parent)) outcome = Outcome::dummy;
  const bool is_date = decision.action == Action::shift || decision.action == Action::keep_date;
  const std::string_view rule = is_date ? std::string_view("date not readable") : decision.rule;
  if (outcome == Outcome::map_references && element.is_sequence()) {
    descend(element, characters);
    return false;
  }
  removed_.add(element, characters);
  if (outcome == Outcome::remove) {
    note(tag, Deed::removed, rule);
    return true;
  }
  const bool is_empty = element.is_sequence() ? element.items().empty() : element.value().empty();
  if (is_empty) return false;
  if (outcome == Outcome::empty) {
    element.clear();
    note(tag, Deed::emptied, rule);
  } else if (outcome == Outcome::map_uid && element.content() == Content::bytes) {
    map_uids(element, identity_);
    note(tag, Deed::mapped, rule);
  } else {
    replace_with_dummy(parent, element, identity_);
    note(tag, Deed::replaced, rule);
  }
  return false;
}

bool ProfilePass::keep(Element& element, const Decision& decision, Characters characters) {
  const Tag tag = element.tag();
  if (element.is_sequence()) {
    if (!decision.rule.empty()) note(tag, Deed::kept, decision.rule);
    descend(element, characters);
    return false;
  }
  const bool is_pixels = deeds_.path().empty() && (tag == tags::pixel_data || tag == tags::float_pixel_data ||
                                                   tag == tags::double_float_pixel_data);
  if (is_pixels) return false;
  if (element.content() != Content::bytes || (decision.vr == Vr::sq && !element.value().empty())) {
    hold(HoldReason::unreadable_sequence, tag, "its items cannot be enumerated");
    return false;
  }
  if (element.vr() != decision.vr && is_telling(element.vr()) && !is_telling(decision.vr)) {
    removed_.add(element, characters);
    note(tag, Deed::removed, "VR is not the attribute's");
    return true;
  }
  if (element.vr() == Vr::as && decision.rule == to_string(Option::retain_patient_characteristics)) {
    return cap_age(element, decision);
  }
  if (is_text(element.vr()) && has_control_characters(element)) {
    hold(HoldReason::anomaly, tag, "bytes that are no text");
  }
  if (has_too_many_numbers(element)) {
    hold(HoldReason::anomaly, tag, "more numbers than the attribute can have");
  }
  if (uses_character_set(element.vr())) check_kept_text(element, characters);
  if (!decision.rule.empty()) note(tag, Deed::kept, decision.rule);
  return false;
}

bool ProfilePass::cap_age(Element& element, const Decision& decision) {
  if (trim(element.text()).empty()) return false;
  const auto age = capped_age(element.text());
  if (!age) {
    note(element.tag(), Deed::removed, "age not readable");
    return true;
  }
  const bool changed = *age != trim(element.text());
  if (changed) element.replace(*age);
  note(element.tag(), changed ? Deed::replaced : Deed::kept, changed ? oldest_age_rule : decision.rule);
  return false;
}

bool ProfilePass::shift(Element& element, const Decision& decision, Characters characters) {
  const std::string_view text = element.text();
  if (element.content() != Content::bytes) return false;
  if (trim(text).empty()) return true;
  if (decision.vr == Vr::tm) {
    // Whole days leave the time of day as it is.
    if (!is_date_or_time(text, Vr::tm)) return false;
    note(element.tag(), Deed::kept, decision.rule);
    return true;
  }
  const auto shifted = decision.vr == Vr::da ? shift_date_values(text, shift_days_)
                                             : shift_date_time_values(text, shift_days_, local_offset_);
  if (!shifted) return false;
  removed_.add(element, characters);
  element.replace(*shifted);
  note(element.tag(), Deed::shifted, decision.rule);
  return true;
}

void ProfilePass::descend(Element& element, Characters characters) {
  {
    const InsideSequence inside(deeds_, element.tag());
    for (Item& item : element.items()) list(item.elements, characters);
  }
  // Items under a VR that is not theirs would not be found again by those who believe it.
  if (element.encoded_vr() == Vr::sq || element.encoded_vr() == Vr::un) return;
  Element sequence = Element::sequence(element.tag());
  sequence.items() = std::move(element.items());
  element = std::move(sequence);
}

void ProfilePass::check_kept_text(const Element& element, Characters characters) {
  if (is_plain_ascii(element.value())) return;
  if (!*characters) {
    hold(HoldReason::unknown_character_set, element.tag(), "its character set is not known");
  } else if (!(*characters)->decode(element.value(), element.vr())) {
    hold(HoldReason::unknown_character_set, element.tag(), "it is not text in the declared character set");
  }
}

void ProfilePass::hold(HoldReason reason, Tag tag, std::string message) {
  causes_.push_back({reason, deeds_.path_to(tag), std::move(message)});
}

}  // namespace trialgate::rules
