#pragma once

#include "gateway/catalogue/query.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::gateway::test {

inline constexpr const char* explicit_little = "1.2.840.10008.1.2.1";

/// Elements as text, in ISO_IR 192 unless `character_set` says otherwise.
struct TextElement {
  rules::Tag tag;
  std::string value;
  std::vector<TextElement> item{};  ///< of a sequence: its only item
};

inline void put(rules::ElementList& list, const TextElement& given, const rules::CharacterSet& characters) {
  const auto* const entry = rules::lookup(given.tag);
  REQUIRE(entry != nullptr);
  if (entry->vr == rules::Vr::sq) {
    rules::Element sequence = rules::Element::sequence(given.tag);
    if (!given.item.empty()) {
      rules::Item& item = rules::append_item(list, sequence);
      for (const TextElement& child : given.item) put(item.elements, child, characters);
    }
    list.put(std::move(sequence));
    return;
  }
  if (entry->vr == rules::Vr::us && !given.value.empty()) {
    list.put(rules::Element(given.tag, entry->vr,
                            rules::encode_integer(entry->vr, std::stoll(given.value), list.encoding())));
    return;
  }
  auto bytes = characters.encode(given.value, entry->vr);
  REQUIRE(bytes.has_value());
  list.put(rules::Element(given.tag, entry->vr, std::move(*bytes)));
}

inline rules::DataSet data_set_of(const std::vector<TextElement>& elements,
                                  const std::string& character_set = "ISO_IR 192") {
  rules::DataSet data_set;
  data_set.transfer_syntax = rules::find_transfer_syntax(explicit_little);
  const auto characters = rules::CharacterSet::parse(character_set);
  REQUIRE(characters.has_value());
  if (!character_set.empty()) {
    data_set.elements.put(rules::Element(rules::tags::specific_character_set, rules::Vr::cs, character_set));
  }
  for (const TextElement& element : elements) put(data_set.elements, element, *characters);
  data_set.complete = true;
  return data_set;
}

inline std::vector<std::uint8_t> identifier_of(const std::vector<TextElement>& elements,
                                               const std::string& character_set = "ISO_IR 192") {
  auto written = rules::write(data_set_of(elements, character_set));
  REQUIRE(written.has_value());
  return std::move(written->prefix);
}

namespace tag {
inline constexpr rules::Tag level{0x0008, 0x0052};
inline constexpr rules::Tag study_date{0x0008, 0x0020};
inline constexpr rules::Tag study_time{0x0008, 0x0030};
inline constexpr rules::Tag accession_number{0x0008, 0x0050};
inline constexpr rules::Tag modality{0x0008, 0x0060};
inline constexpr rules::Tag modalities_in_study{0x0008, 0x0061};
inline constexpr rules::Tag study_description{0x0008, 0x1030};
inline constexpr rules::Tag procedure_codes{0x0008, 0x1032};
inline constexpr rules::Tag code_value{0x0008, 0x0100};
inline constexpr rules::Tag code_meaning{0x0008, 0x0104};
inline constexpr rules::Tag patient_name{0x0010, 0x0010};
inline constexpr rules::Tag patient_id{0x0010, 0x0020};
inline constexpr rules::Tag study_uid{0x0020, 0x000D};
inline constexpr rules::Tag series_uid{0x0020, 0x000E};
inline constexpr rules::Tag series_number{0x0020, 0x0011};
inline constexpr rules::Tag instance_number{0x0020, 0x0013};
inline constexpr rules::Tag sop_class{0x0008, 0x0016};
inline constexpr rules::Tag sop_instance{0x0008, 0x0018};
inline constexpr rules::Tag rows{0x0028, 0x0010};
}  // namespace tag

}  // namespace trialgate::gateway::test
