#include "rules/deidentify/profile_pass.h"

#include "rules/dataset/values.h"
#include "rules/deidentify/dates.h"
#include "rules/deidentify/deidentify.h"
#include "rules/deidentify/dummy.h"
#include "rules/deidentify/safe_private.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace trialgate::rules {
namespace {

using Option = DeidentificationOption;

constexpr Tag value_type_tag{0x0040, 0xA040};
constexpr std::string_view private_rule = "E.1-1 private attributes";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_plain_ascii(std::span<const std::uint8_t> bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte < 0x80 && byte != 0x1B; });
}

bool is_free_text(Vr vr) noexcept {
  return vr == Vr::lt || vr == Vr::st || vr == Vr::uc || vr == Vr::un || vr == Vr::ur || vr == Vr::ut;
}

/// VRs whose values can identify by what they are, whatever attribute they stand in.
bool is_telling(Vr vr) noexcept {
  return vr == Vr::pn || vr == Vr::da || vr == Vr::dt || vr == Vr::tm || vr == Vr::ui || is_free_text(vr);
}

/// Every value can be read as the attribute's VR wants it.
bool is_date_or_time(std::string_view text, Vr vr) {
  return std::ranges::all_of(split_values(text), [vr](std::string_view value) {
    if (value.empty()) return true;
    if (vr == Vr::da) return static_cast<bool>(parse_date(value));
    if (vr == Vr::dt) return static_cast<bool>(parse_date_time(value));
    return static_cast<bool>(parse_time(value));
  });
}

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

/// Codes of a hospital or a maker: their meanings are free text.
bool is_local_scheme(std::string_view scheme) noexcept {
  return scheme.empty() || scheme.starts_with("99") || scheme.starts_with("L");
}

bool has_local_code(const Element& sequence) {
  constexpr Tag code_meaning{0x0008, 0x0104};
  constexpr Tag coding_scheme{0x0008, 0x0102};
  return std::ranges::any_of(sequence.items(), [&](const Item& item) {
    const Element* scheme = item.elements.find(coding_scheme);
    if (item.elements.find(code_meaning) == nullptr) return false;
    return scheme == nullptr || (is_local_scheme(trim(scheme->text())) && trim(scheme->text()) != "LN");
  });
}

std::string_view mapped_text(const DeidentificationSubject& subject, std::string_view member) {
  if (member == "subject_id") return subject.subject_id;
  if (member == "reading_id") return subject.reading_id;
  if (member == "site_id") return subject.site_id;
  if (member == "site_name") return subject.site_name;
  if (member == "time_point_id") return subject.time_point_id;
  return subject.protocol_id;
}

/// Names of machines and net addresses that are often no more than the model's name.
bool is_name_of_equipment(Tag tag) noexcept {
  const std::uint32_t value = tag.value();
  return value == 0x00080054 || value == 0x00080055 || value == 0x00081000 || value == 0x00081010 ||
         value == 0x00181008 || value == 0x00400001 || value == 0x00400010 || value == 0x00400241 ||
         value == 0x00400242;
}

}  // namespace

void ProfilePass::run(DataSet& data_set) {
  const auto text = [&](Tag tag) {
    const Element* found = data_set.elements.find(tag);
    return found == nullptr ? std::string_view() : found->text();
  };
  sop_class_uid_ = text(tags::sop_class_uid);
  local_offset_ = parse_utc_offset(text(Tag(0x0008, 0x0201)));
  technical_text_ = lower(text(Tag(0x0008, 0x1090))) + '\n' + lower(text(Tag(0x0008, 0x0060))) + '\n';
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
    technical_text_ += lower(manufacturer->text()) + '\n';
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
  const Decision decision = actions_.decide(tag, path_);
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
      for (const std::string_view uid : split_values(element.text())) {
        if (!is_registered_uid(uid)) residual_.add_uid(uid);
      }
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
  if (element.vr() == Vr::pn || element.is_sequence()) collect(element, characters);
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
  collect(element, characters);
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
    collect(element, characters);
    element.replace(cleaned);
  }
  note(tag, changed ? Deed::replaced : Deed::kept, decision.rule);
  return false;
}

void ProfilePass::map_references(Element& element, const Decision& decision, Characters characters) {
  if (element.is_sequence()) return descend(element, characters);
  collect(element, characters);
  if (element.value().empty()) return;
  map_uids(element, identity_);
  note(element.tag(), Deed::mapped, decision.rule);
}

void ProfilePass::content(Element& element, const Decision& decision, Characters characters) {
  note(element.tag(), Deed::kept, decision.rule);
  const std::size_t length = path_text_.size();
  path_.push_back(element.tag());
  path_text_ += keyword_or_tag(element.tag());
  path_text_ += '.';
  std::vector<Item> left;
  for (Item& item : element.items()) {
    const auto of_item = actions_.decide_content(item.elements);
    if (of_item && of_item->action == Action::profile && of_item->profile == ProfileAction::x) {
      Element gone = Element::sequence(element.tag());
      gone.items().push_back(std::move(item));
      collect(gone, characters);
      note(value_type_tag, Deed::removed, of_item->rule);
      removed_content_ = true;
      continue;
    }
    list(item.elements, characters, of_item ? &*of_item : nullptr);
    left.push_back(std::move(item));
  }
  element.items() = std::move(left);
  path_text_.resize(length);
  path_.pop_back();
}

bool ProfilePass::profile(ElementList& parent, Element& element, const Decision& decision,
                          Characters characters) {
  const Tag tag = element.tag();
  path_.push_back(tag);
  Outcome outcome = resolve(decision.profile, attribute_type(sop_class_uid_, path_));
  path_.pop_back();
  if (path_.empty() && outcome != Outcome::dummy && is_required_date(tag, parent)) outcome = Outcome::dummy;
  const bool is_date = decision.action == Action::shift || decision.action == Action::keep_date;
  const std::string_view rule = is_date ? std::string_view("date not readable") : decision.rule;
  if (outcome == Outcome::map_references && element.is_sequence()) {
    descend(element, characters);
    return false;
  }
  collect(element, characters);
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
  const bool is_pixels = path_.empty() && (tag == tags::pixel_data || tag == tags::float_pixel_data ||
                                           tag == tags::double_float_pixel_data);
  if (is_pixels) return false;
  if (element.content() != Content::bytes || (decision.vr == Vr::sq && !element.value().empty())) {
    hold(HoldReason::unreadable_sequence, tag, "its items cannot be enumerated");
    return false;
  }
  if (element.vr() != decision.vr && is_telling(element.vr()) && !is_telling(decision.vr)) {
    collect(element, characters);
    note(tag, Deed::removed, "VR is not the attribute's");
    return true;
  }
  if (uses_character_set(element.vr())) check_kept_text(element, characters);
  if (!decision.rule.empty()) note(tag, Deed::kept, decision.rule);
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
  collect(element, characters);
  element.replace(*shifted);
  note(element.tag(), Deed::shifted, decision.rule);
  return true;
}

void ProfilePass::descend(Element& element, Characters characters) {
  const std::size_t length = path_text_.size();
  path_.push_back(element.tag());
  path_text_ += keyword_or_tag(element.tag());
  path_text_ += '.';
  for (Item& item : element.items()) list(item.elements, characters);
  path_text_.resize(length);
  path_.pop_back();
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

void ProfilePass::collect(const Element& element, Characters characters) {
  if (element.is_sequence()) {
    for (const Item& item : element.items()) {
      std::optional<CharacterSet> own;
      Characters used = characters;
      if (const Element* declared = item.elements.find(tags::specific_character_set)) {
        own = CharacterSet::parse(declared->text());
        used = &own;
      }
      for (const Element& child : item.elements) {
        if (!child.tag().is_private() || child.vr() == Vr::pn || child.is_sequence()) collect(child, used);
      }
    }
    return;
  }
  if (element.content() != Content::bytes) return;
  switch (element.vr()) {
    case Vr::da:
      for (const std::string_view value : split_values(element.text())) {
        if (const auto date = parse_date(value)) residual_.add_date(*date);
      }
      return;
    case Vr::dt:
      for (const std::string_view value : split_values(element.text())) {
        const auto date_time = parse_date_time(value);
        if (date_time && date_time->date_components == 3) residual_.add_date(date_time->date);
      }
      return;
    case Vr::ui:
      if (is_structural_uid(element.tag())) return;
      for (const std::string_view uid : split_values(element.text())) {
        if (!is_registered_uid(uid)) residual_.add_uid(uid);
      }
      return;
    default:
      collect_text(element, characters);
  }
}

void ProfilePass::collect_text(const Element& element, Characters characters) {
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
      if (!is_program(element.tag(), decoded[i])) residual_.add_name(decoded[i], bytes);
    } else if (!is_technical(element.tag(), decoded[i])) {
      residual_.add_identifier(decoded[i], bytes);
    }
  }
}

bool ProfilePass::is_technical(Tag tag, std::string_view value) const {
  const std::string folded = lower(value);
  if (is_name_of_equipment(tag)) return technical_text_.find(folded) != std::string::npos;
  // Software that writes images names its maker as the institution.
  constexpr Tag institution_name{0x0008, 0x0080};
  return tag == institution_name && technical_text_.find('\n' + folded + '\n') != std::string::npos;
}

bool ProfilePass::is_program(Tag tag, std::string_view value) const {
  constexpr Tag content_creator{0x0070, 0x0084};
  const std::string folded = lower(trim(value));
  const bool one_word = std::ranges::all_of(folded, [](unsigned char c) { return std::isalpha(c) != 0; });
  if (tag != content_creator || folded.empty() || !one_word) return false;
  const std::size_t at = technical_text_.find('/' + folded + '/');
  if (at == std::string::npos) return false;
  const std::size_t before = technical_text_.find_last_of("\n:", at);
  return before != std::string::npos && technical_text_[before] == ':';
}

void ProfilePass::hold(HoldReason reason, Tag tag, std::string message) {
  causes_.push_back({reason, path_text_ + keyword_or_tag(tag), std::move(message)});
}

void ProfilePass::note(Tag tag, Deed deed, std::string_view rule) {
  std::string path = path_text_ + keyword_or_tag(tag);
  std::string key = path;
  key += static_cast<char>('0' + static_cast<int>(deed));
  key += rule;
  ReportedAttribute& entry = reported_[std::move(key)];
  if (entry.count == 0) entry = {std::move(path), deed, std::string(rule), 0};
  ++entry.count;
}

DeidentificationReport ProfilePass::report() const {
  DeidentificationReport report;
  report.attributes.reserve(reported_.size());
  for (const auto& [key, entry] : reported_) {
    report.attributes.push_back(entry);
    report.counts[static_cast<std::size_t>(entry.deed)] += entry.count;
  }
  std::ranges::sort(report.attributes, [](const ReportedAttribute& a, const ReportedAttribute& b) {
    return std::tie(a.path, a.deed, a.rule) < std::tie(b.path, b.deed, b.rule);
  });
  return report;
}

}  // namespace trialgate::rules
