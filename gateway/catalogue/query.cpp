#include "gateway/catalogue/query.h"

#include "dimse/status.h"
#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::gateway {
namespace {

using rules::Tag;
using rules::Vr;
namespace tags = rules::tags;

/// An identifier is small and flat, but for lists of UIDs.
constexpr rules::Limits identifier_limits{
    .max_depth = 4, .max_elements = 4'000, .max_header_bytes = 2U << 20U, .max_value_bytes = 1U << 20U};

constexpr std::array<Tag, 4> unique_keys{query_tags::patient_id, tags::study_instance_uid,
                                         tags::series_instance_uid, tags::sop_instance_uid};

Refusal no_match(std::string comment) {
  return {dimse::status::data_set_does_not_match_sop_class, std::move(comment)};
}

/// Counts, and what is the same for every match.
bool is_made_up(Tag tag, QueryLevel level) {
  if (tag == query_tags::query_retrieve_level || tag == query_tags::retrieve_ae_title ||
      tag == query_tags::instance_availability) {
    return true;
  }
  if (tag == query_tags::number_of_series_related_instances) return level >= QueryLevel::series;
  if (tag == query_tags::number_of_study_related_series ||
      tag == query_tags::number_of_study_related_instances) {
    return level >= QueryLevel::study;
  }
  return tag == query_tags::number_of_patient_related_studies ||
         tag == query_tags::number_of_patient_related_series ||
         tag == query_tags::number_of_patient_related_instances;
}

std::optional<QueryLevel> level_of(const rules::ElementList& elements) {
  const rules::Element* const element = elements.find(query_tags::query_retrieve_level);
  if (element == nullptr) return std::nullopt;
  const std::string_view text = rules::trim(element->text());
  for (const QueryLevel level :
       {QueryLevel::patient, QueryLevel::study, QueryLevel::series, QueryLevel::image}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

/// Reads one identifier into a Query.
class QueryReader {
 public:
  explicit QueryReader(const QueryRequest& request) : request_(request) {}

  std::variant<Query, Refusal> find() {
    if (auto refusal = read_frame()) return std::move(*refusal);
    for (const rules::Element& element : data_set_->elements) {
      if (element.tag() == tags::specific_character_set || element.tag().is_group_length()) continue;
      if (auto refusal = read_key(element)) return std::move(*refusal);
    }
    if (auto refusal = check_unique_keys()) return std::move(*refusal);
    if (request_.combined_date_time) combine();
    return std::move(query_);
  }

  std::variant<Query, Refusal> retrieval() {
    if (auto refusal = read_frame()) return std::move(*refusal);
    for (std::size_t i = 0; i <= static_cast<std::size_t>(query_.level); ++i) {
      if (auto refusal = read_unique_key(unique_keys[i], static_cast<QueryLevel>(i)))
        return std::move(*refusal);
    }
    query_.level = QueryLevel::image;
    return std::move(query_);
  }

 private:
  /// Data set, level and character set.
  std::optional<Refusal> read_frame() {
    const auto* const syntax = rules::find_transfer_syntax(request_.transfer_syntax);
    if (syntax == nullptr) return no_match("unknown transfer syntax");
    auto parsed = rules::parse(request_.identifier, *syntax, identifier_limits);
    if (!parsed || parsed->fatal || !parsed->complete) return no_match("the identifier cannot be read");
    data_set_ = std::move(*parsed);
    const auto level = level_of(data_set_->elements);
    if (!level) return no_match("unknown or missing Query/Retrieve Level");
    if (request_.model == QueryModel::study_root && *level == QueryLevel::patient) {
      return no_match("the model has no level PATIENT");
    }
    query_.model = request_.model;
    query_.level = *level;
    if (const auto* const element = data_set_->elements.find(tags::specific_character_set)) {
      query_.character_set = element->text();
    }
    const auto characters = rules::CharacterSet::parse(query_.character_set);
    if (!characters) return no_match("unknown Specific Character Set");
    characters_ = *characters;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> text_of(const rules::Element& element,
                                                   const CatalogueAttribute& attribute) const {
    if (attribute.vr == Vr::us) {
      if (element.value().empty()) return std::string();
      const auto number = rules::binary_integer(element);
      return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }
    auto text = characters_.decode(element.value(), attribute.vr);
    if (text) std::erase(*text, '\0');
    return text;
  }

  /// Below the level of a query that is not relational there are no keys.
  [[nodiscard]] bool is_known(const CatalogueAttribute& attribute) const {
    return request_.relational || attribute.level <= query_.level;
  }

  std::optional<Refusal> read_key(const rules::Element& element) {
    const Tag tag = element.tag();
    ReturnKey wanted{tag, element.vr(), catalogue_attribute(tag), {}};
    if (is_made_up(tag, query_.level)) {
      query_.returns.push_back(std::move(wanted));
      return std::nullopt;
    }
    const CatalogueAttribute* const attribute = wanted.attribute;
    if (attribute == nullptr || !is_known(*attribute)) {
      const bool is_unique = std::ranges::find(unique_keys, tag) != unique_keys.end();
      if (is_unique && !element.text().empty()) return no_match("a unique key below the level");
      query_.all_keys_supported = false;
      wanted.attribute = nullptr;
      query_.returns.push_back(std::move(wanted));
      return std::nullopt;
    }
    wanted.vr = attribute->vr;
    if (attribute->level > query_.level) {
      // Matched, but there is no one value to return.
      wanted.attribute = nullptr;
      query_.all_keys_supported = false;
    }
    if (attribute->vr == Vr::sq) {
      auto key = read_sequence(element, *attribute, wanted);
      if (!key) return no_match("a sequence with more than one item, or a malformed key in it");
      if (key->kind() != MatchingKey::Kind::universal) query_.keys.push_back(std::move(*key));
    } else {
      const auto text = text_of(element, *attribute);
      auto key = text ? MatchingKey::make(*attribute, *text) : std::nullopt;
      if (!key) return no_match("malformed key " + rules::keyword_or_tag(tag));
      if (key->kind() != MatchingKey::Kind::universal) query_.keys.push_back(std::move(*key));
    }
    query_.returns.push_back(std::move(wanted));
    return std::nullopt;
  }

  std::optional<MatchingKey> read_sequence(const rules::Element& element, const CatalogueAttribute& attribute,
                                           ReturnKey& wanted) {
    if (!element.is_sequence() && !element.value().empty()) return std::nullopt;
    if (element.items().size() > 1) return std::nullopt;
    std::vector<MatchingKey> keys;
    if (element.items().empty()) return MatchingKey::sequence(attribute, std::move(keys));
    for (const rules::Element& child : element.items().front().elements) {
      if (child.tag().is_group_length()) continue;
      const auto known = std::ranges::find(attribute.nested, child.tag(), &CatalogueAttribute::tag);
      ReturnKey nested{child.tag(), child.vr(), known == attribute.nested.end() ? nullptr : &*known, {}};
      if (nested.attribute == nullptr) {
        query_.all_keys_supported = false;
      } else if (known->vr == Vr::sq) {
        auto key = read_sequence(child, *known, nested);
        if (!key) return std::nullopt;
        keys.push_back(std::move(*key));
      } else {
        const auto text = text_of(child, *known);
        auto key = text ? MatchingKey::make(*known, *text) : std::nullopt;
        if (!key) return std::nullopt;
        keys.push_back(std::move(*key));
      }
      wanted.nested.push_back(std::move(nested));
    }
    return MatchingKey::sequence(attribute, std::move(keys));
  }

  /// §C.4.1.2.1: one value for every level above, in the model that is used.
  std::optional<Refusal> check_unique_keys() const {
    if (request_.relational) return std::nullopt;
    const auto top = request_.model == QueryModel::patient_root ? QueryLevel::patient : QueryLevel::study;
    for (auto i = static_cast<std::size_t>(top); i < static_cast<std::size_t>(query_.level); ++i) {
      const MatchingKey* const key = query_.key(unique_keys[i]);
      const bool one_uid =
          key != nullptr && key->kind() == MatchingKey::Kind::uid_list && key->uids().size() == 1;
      const bool one_text =
          key != nullptr && key->kind() == MatchingKey::Kind::single && key->texts().size() == 1;
      if (!one_uid && !one_text) {
        return no_match("not one " + rules::keyword_or_tag(unique_keys[i]) + " above the level");
      }
    }
    return std::nullopt;
  }

  std::optional<Refusal> read_unique_key(Tag tag, QueryLevel level) {
    const CatalogueAttribute& attribute = *catalogue_attribute(tag);
    const rules::Element* const element = data_set_->elements.find(tag);
    const auto text = element == nullptr ? std::string() : text_of(*element, attribute);
    auto key = text ? MatchingKey::make(attribute, *text) : std::nullopt;
    if (!key) return no_match("malformed key " + rules::keyword_or_tag(tag));
    if (key->kind() == MatchingKey::Kind::wild_card) return no_match("a wild card in a unique key");
    const auto top = request_.model == QueryModel::patient_root ? QueryLevel::patient : QueryLevel::study;
    const bool is_needed = level == query_.level || (!request_.relational && level >= top);
    if (key->kind() == MatchingKey::Kind::universal) {
      if (is_needed) return no_match("no " + rules::keyword_or_tag(tag));
      return std::nullopt;
    }
    const bool is_list = key->uids().size() > 1 || key->texts().size() > 1;
    if (is_list && level != query_.level && !request_.relational) {
      return no_match("not one " + rules::keyword_or_tag(tag) + " above the level");
    }
    query_.keys.push_back(std::move(*key));
    return std::nullopt;
  }

  /// Ranges of a date and of its time of day become one range (§C.2.2.2.5.4).
  void combine() {
    static constexpr std::array<std::pair<Tag, Tag>, 6> pairs{{{Tag(0x0008, 0x0020), Tag(0x0008, 0x0030)},
                                                               {Tag(0x0008, 0x0021), Tag(0x0008, 0x0031)},
                                                               {Tag(0x0008, 0x0022), Tag(0x0008, 0x0032)},
                                                               {Tag(0x0008, 0x0023), Tag(0x0008, 0x0033)},
                                                               {Tag(0x0010, 0x0030), Tag(0x0010, 0x0032)},
                                                               {Tag(0x0040, 0x0244), Tag(0x0040, 0x0245)}}};
    for (const auto& [date_tag, time_tag] : pairs) {
      const MatchingKey* const date = query_.key(date_tag);
      const MatchingKey* const time = query_.key(time_tag);
      if (date == nullptr || time == nullptr || !date->is_range()) continue;
      query_.combined.push_back({date_tag, time_tag, combined_span(date->span(), time->span())});
      std::erase_if(query_.keys, [tag = time_tag](const MatchingKey& key) { return key.tag() == tag; });
    }
  }

  /// An open end of the one or the other leaves the day's own end.
  static TimeSpan combined_span(const TimeSpan& date, const TimeSpan& time) {
    constexpr std::chrono::microseconds day = std::chrono::hours(24);
    TimeSpan span = date;
    if (date.from != std::chrono::microseconds::min() && time.from != std::chrono::microseconds::min()) {
      span.from += time.from;
    }
    if (date.to != std::chrono::microseconds::max() && time.to != std::chrono::microseconds::max()) {
      span.to += time.to - day + std::chrono::microseconds(1);
    }
    return span;
  }

  const QueryRequest& request_;
  std::optional<rules::DataSet> data_set_;
  rules::CharacterSet characters_;
  Query query_;
};

}  // namespace

const MatchingKey* Query::key(rules::Tag tag) const noexcept {
  const auto found = std::ranges::find(keys, tag, &MatchingKey::tag);
  return found == keys.end() ? nullptr : &*found;
}

std::variant<Query, Refusal> read_query(const QueryRequest& request) {
  return QueryReader(request).find();
}

std::variant<Query, Refusal> read_retrieval(const QueryRequest& request) {
  return QueryReader(request).retrieval();
}

}  // namespace trialgate::gateway
