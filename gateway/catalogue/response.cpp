#include "gateway/catalogue/response.h"

#include "gateway/message/data_set.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/values.h"

#include <optional>
#include <string>
#include <utility>

namespace trialgate::gateway {
namespace {

using rules::Element;
using rules::Tag;
using rules::Vr;
namespace tags = rules::tags;

constexpr std::string_view utf8 = "ISO_IR 192";

/// Writes the attributes of one match in one character set.
class ResponseWriter {
 public:
  ResponseWriter(const Query& query, const Match& match, std::string_view retrieve_ae_title,
                 const rules::CharacterSet& characters, rules::Encoding encoding)
      : query_(query),
        match_(match),
        retrieve_ae_title_(retrieve_ae_title),
        characters_(characters),
        encoding_(encoding),
        study_(decode_attributes(match.study.attributes).value_or(Attributes())) {
    if (match.series) series_ = decode_attributes(match.series->attributes).value_or(Attributes());
    if (match.instance) image_ = decode_attributes(match.instance->attributes).value_or(Attributes());
  }

  /// Nothing when a value cannot be written in the character set.
  std::optional<rules::ElementList> write(std::string_view character_set) {
    rules::ElementList list(encoding_);
    for (const ReturnKey& key : query_.returns) add(list, key);
    list.put(Element(query_tags::query_retrieve_level, Vr::cs, to_string(query_.level)));
    list.put(Element(query_tags::retrieve_ae_title, Vr::ae, retrieve_ae_title_));
    if (!character_set.empty()) list.put(Element(tags::specific_character_set, Vr::cs, character_set));
    if (!encodable_) return std::nullopt;
    return list;
  }

 private:
  void add(rules::ElementList& list, const ReturnKey& key) {
    if (const auto made_up = made_up_value(key.tag)) {
      list.put(Element(key.tag, made_up->vr, made_up->text));
      return;
    }
    if (const std::string_view uid = uid_of(key.tag); !uid.empty()) {
      list.put(Element(key.tag, Vr::ui, uid));
      return;
    }
    add(list, key, key.attribute == nullptr ? nullptr : find(row_of(*key.attribute), key.tag));
  }

  void add(rules::ElementList& list, const ReturnKey& key, const Attribute* attribute) {
    if (key.vr == Vr::sq) {
      Element sequence = Element::sequence(key.tag);
      if (attribute != nullptr) {
        for (const Attributes& kept : attribute->items) add_item(list, sequence, key, kept);
      }
      list.put(std::move(sequence));
      return;
    }
    list.put(Element(key.tag, key.vr, bytes_of(attribute, key.vr)));
  }

  void add_item(const rules::ElementList& list, Element& sequence, const ReturnKey& key,
                const Attributes& kept) {
    rules::Item& item = rules::append_item(list, sequence);
    if (!key.nested.empty()) {
      for (const ReturnKey& nested : key.nested) add(item.elements, nested, find(kept, nested.tag));
      return;
    }
    for (const CatalogueAttribute& known : key.attribute->nested) {
      if (const Attribute* const attribute = find(kept, known.tag)) {
        add(item.elements, {known.tag, known.vr, &known, {}}, attribute);
      }
    }
  }

  std::vector<std::uint8_t> bytes_of(const Attribute* attribute, Vr vr) {
    if (attribute == nullptr) return {};
    if (vr == Vr::us) {
      const auto number = rules::parse_integer(attribute->value);
      return number ? rules::encode_integer(vr, *number, encoding_) : std::vector<std::uint8_t>();
    }
    auto bytes = characters_.encode(attribute->value, vr);
    if (!bytes) encodable_ = false;
    return bytes.value_or(std::vector<std::uint8_t>());
  }

  struct MadeUp {
    Vr vr;
    std::string text;
  };

  [[nodiscard]] std::optional<MadeUp> made_up_value(Tag tag) const {
    const auto number = [](std::uint64_t count) { return MadeUp{Vr::is, std::to_string(count)}; };
    if (tag == query_tags::instance_availability) return MadeUp{Vr::cs, "ONLINE"};
    if (tag == query_tags::number_of_study_related_series) return number(match_.study.series_count);
    if (tag == query_tags::number_of_study_related_instances) return number(match_.study.instance_count);
    if (tag == query_tags::number_of_series_related_instances && match_.series)
      return number(match_.series->instance_count);
    if (!match_.patient) return std::nullopt;
    if (tag == query_tags::number_of_patient_related_studies) return number(match_.patient->studies);
    if (tag == query_tags::number_of_patient_related_series) return number(match_.patient->series);
    if (tag == query_tags::number_of_patient_related_instances) return number(match_.patient->instances);
    return std::nullopt;
  }

  [[nodiscard]] std::string_view uid_of(Tag tag) const {
    if (tag == tags::study_instance_uid && query_.level >= QueryLevel::study) return match_.study.study_uid;
    if (tag == tags::series_instance_uid && match_.series) return match_.series->series_uid;
    if (tag == tags::sop_instance_uid && match_.instance) return match_.instance->sop_instance_uid;
    return {};
  }

  [[nodiscard]] const Attributes& row_of(const CatalogueAttribute& attribute) const {
    if (attribute.level == QueryLevel::image) return image_;
    return attribute.level == QueryLevel::series ? series_ : study_;
  }

  const Query& query_;
  const Match& match_;
  std::string_view retrieve_ae_title_;
  const rules::CharacterSet& characters_;
  rules::Encoding encoding_;
  Attributes study_;
  Attributes series_;
  Attributes image_;
  bool encodable_ = true;
};

}  // namespace

rules::Result<std::vector<std::uint8_t>> response_identifier(const Query& query, const Match& match,
                                                             std::string_view retrieve_ae_title,
                                                             std::string_view transfer_syntax) {
  auto data_set = new_message(transfer_syntax);
  if (!data_set) return data_set.error();
  const rules::Encoding encoding = data_set->elements.encoding();
  const auto in_set = [&](std::string_view character_set) -> std::optional<rules::ElementList> {
    const auto characters = rules::CharacterSet::parse(character_set);
    if (!characters) return std::nullopt;
    return ResponseWriter(query, match, retrieve_ae_title, *characters, encoding).write(character_set);
  };
  auto elements = in_set(query.character_set);
  if (!elements) elements = in_set(utf8);
  if (!elements) return rules::fail(rules::Errc::unsupported, "a value that no character set carries");
  data_set->elements = std::move(*elements);
  return write_message(*data_set);
}

}  // namespace trialgate::gateway
