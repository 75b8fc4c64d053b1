#include "rules/deidentify/trial_modules.h"

#include "rules/dataset/charset.h"
#include "rules/dataset/values.h"
#include "rules/deidentify/tables.h"

#include <algorithm>
#include <array>
#include <optional>

namespace trialgate::rules {
namespace {

constexpr Tag deidentification_method{0x0012, 0x0063};
constexpr Tag deidentification_method_codes{0x0012, 0x0064};
constexpr Tag code_value{0x0008, 0x0100};
constexpr Tag coding_scheme{0x0008, 0x0102};
constexpr Tag code_meaning{0x0008, 0x0104};
constexpr Tag temporal_information_modified{0x0028, 0x0303};

struct NewText {
  Tag tag;
  Vr vr;
  std::string text;  // UTF-8
};

std::vector<NewText> texts_of(const DeidentificationSubject& subject, std::string_view source_series_uid) {
  std::vector<NewText> texts = {
      {Tag(0x0010, 0x0010), Vr::pn, subject.subject_id + '^'},
      {Tag(0x0010, 0x0020), Vr::lo, subject.subject_id},
      {Tag(0x0012, 0x0010), Vr::lo, subject.sponsor},
      {Tag(0x0012, 0x0020), Vr::lo, subject.protocol_id},
      {Tag(0x0012, 0x0021), Vr::lo, subject.protocol_name},
      {Tag(0x0012, 0x0030), Vr::lo, subject.site_id},
      {Tag(0x0012, 0x0031), Vr::lo, subject.site_name},
      {Tag(0x0012, 0x0040), Vr::lo, subject.subject_id},
      {Tag(0x0012, 0x0050), Vr::lo, subject.time_point_id},
      {Tag(0x0012, 0x0060), Vr::lo, subject.coordinating_center},
  };
  const auto optional = [&texts](Tag tag, Vr vr, std::string_view text) {
    if (!text.empty()) texts.push_back({tag, vr, std::string(text)});
  };
  optional(Tag(0x0012, 0x0042), Vr::lo, subject.reading_id);
  optional(Tag(0x0012, 0x0051), Vr::st, subject.time_point_description);
  if (const auto label = subject.series.find(source_series_uid); label != subject.series.end()) {
    optional(Tag(0x0012, 0x0071), Vr::lo, label->second.id);
    optional(Tag(0x0012, 0x0072), Vr::lo, label->second.description);
  }
  return texts;
}

std::optional<CharacterSet> character_set_of(const ElementList& list,
                                             const std::optional<CharacterSet>& parent) {
  const Element* declared = list.find(tags::specific_character_set);
  return declared == nullptr ? parent : CharacterSet::parse(declared->text());
}

/// Every text of the list and its items as UTF-8; items lose a character set of their own. False when some
/// text cannot be determined.
bool to_utf8(ElementList& list, const std::optional<CharacterSet>& parent) {
  const std::optional<CharacterSet> own = character_set_of(list, parent);
  for (Element& element : list) {
    for (Item& item : element.items()) {
      if (!to_utf8(item.elements, own)) return false;
      item.elements.erase(tags::specific_character_set);
    }
    if (!uses_character_set(element.vr()) || element.content() != Content::bytes) continue;
    const auto value = element.value();
    const bool plain = std::ranges::all_of(value, [](std::uint8_t b) { return b < 0x80 && b != 0x1B; });
    if (plain) continue;
    const auto text = own ? own->decode(value, element.vr()) : std::nullopt;
    if (!text) return false;
    element.replace(*text);
  }
  return true;
}

/// All texts in the data set's character set, or in UTF-8 together with the data set.
Result<void> put_texts(DataSet& data_set, const std::vector<NewText>& texts) {
  std::optional<CharacterSet> characters = character_set_of(data_set.elements, CharacterSet());
  const bool encodable = characters && std::ranges::all_of(texts, [&](const NewText& text) {
                           return characters->encode(text.text, text.vr).has_value();
                         });
  if (!encodable) {
    if (!to_utf8(data_set.elements, CharacterSet())) {
      return fail(Errc::unsupported, "text that cannot be converted to UTF-8");
    }
    data_set.elements.put(Element(tags::specific_character_set, Vr::cs, "ISO_IR 192"));
    characters = CharacterSet::parse("ISO_IR 192");
  }
  for (const NewText& text : texts) {
    auto bytes = characters->encode(text.text, text.vr);
    if (!bytes) return fail(Errc::unsupported, "text of the trial that is no UTF-8");
    data_set.elements.put(Element(text.tag, text.vr, std::move(*bytes)));
  }
  return {};
}

void add_methods(ElementList& elements, const std::vector<std::string>& methods) {
  const Element* earlier = elements.find(deidentification_method);
  std::string value(earlier == nullptr ? std::string_view() : earlier->text());
  const std::string before = value;
  const auto known = split_values(before);
  for (const std::string& method : methods) {
    if (std::ranges::find(known, std::string_view(method)) != known.end()) continue;
    if (!value.empty()) value += '\\';
    value += method;
  }
  elements.put(Element(deidentification_method, Vr::lo, value));
}

void add_codes(ElementList& elements, const std::vector<std::string>& codes) {
  if (codes.empty()) return;
  Element* sequence = elements.find(deidentification_method_codes);
  if (sequence == nullptr || !sequence->is_sequence()) {
    sequence = &elements.put(Element::sequence(deidentification_method_codes));
  }
  for (const std::string& code : codes) {
    const bool known = std::ranges::any_of(sequence->items(), [&](const Item& item) {
      const Element* value = item.elements.find(code_value);
      const Element* scheme = item.elements.find(coding_scheme);
      return value != nullptr && scheme != nullptr && value->text() == code && scheme->text() == "DCM";
    });
    if (known) continue;
    ElementList& item = append_item(elements, *sequence).elements;
    item.put(Element(code_value, Vr::sh, code));
    item.put(Element(coding_scheme, Vr::sh, "DCM"));
    item.put(Element(code_meaning, Vr::lo, method_code(code).meaning));
  }
}

std::string_view temporal_information(const ElementList& elements, DateHandling dates) {
  switch (dates) {
    case DateHandling::removed:
      return "REMOVED";
    case DateHandling::shift_per_subject:
      return "MODIFIED";
    case DateHandling::unmodified:
      break;
  }
  // Dates that somebody modified before do not become the real ones by leaving them alone.
  const Element* earlier = elements.find(temporal_information_modified);
  const bool was_modified =
      earlier != nullptr && (earlier->text() == "MODIFIED" || earlier->text() == "REMOVED");
  return was_modified ? (earlier->text() == "MODIFIED" ? "MODIFIED" : "REMOVED") : "UNMODIFIED";
}

}  // namespace

Result<std::vector<Tag>> insert_trial(DataSet& data_set, const DeidentificationSubject& subject,
                                      std::string_view source_series_uid,
                                      const DeidentificationMarkers& markers) {
  const std::vector<NewText> texts = texts_of(subject, source_series_uid);
  if (auto done = put_texts(data_set, texts); !done) return done.error();
  ElementList& elements = data_set.elements;
  add_methods(elements, markers.methods);
  add_codes(elements, markers.codes);
  elements.put(Element(Tag(0x0012, 0x0062), Vr::cs, "YES"));
  elements.put(Element(temporal_information_modified, Vr::cs, temporal_information(elements, markers.dates)));
  std::vector<Tag> written = {Tag(0x0012, 0x0062), deidentification_method, deidentification_method_codes,
                              temporal_information_modified};
  for (const NewText& text : texts) written.push_back(text.tag);
  std::ranges::sort(written);
  return written;
}

}  // namespace trialgate::rules
