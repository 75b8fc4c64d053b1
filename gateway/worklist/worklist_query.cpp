#include "gateway/worklist/worklist_query.h"

#include "gateway/message/data_set.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/values.h"

#include <algorithm>
#include <array>
#include <map>

namespace trialgate::gateway {
namespace {

using rules::Tag;
using rules::Vr;

constexpr Tag specific_character_set{0x0008, 0x0005};
constexpr Tag step_sequence{0x0040, 0x0100};
constexpr Tag step_start_date{0x0040, 0x0002};
constexpr Tag step_start_time{0x0040, 0x0003};

/// Longest LO and SH, in characters (PS3.5 table 6.2-1).
constexpr std::size_t longest_lo = 64;

/// What the work list has, with or without a value: the keys that are matched. Ascending.
constexpr std::array<CatalogueAttribute, 20> known_attributes{{
    {{0x0008, 0x0050}, {}, Vr::sh, {}},  // Accession Number
    {{0x0008, 0x0090}, {}, Vr::pn, {}},  // Referring Physician's Name
    {{0x0010, 0x0010}, {}, Vr::pn, {}},  // Patient's Name
    {{0x0010, 0x0020}, {}, Vr::lo, {}},  // Patient ID
    {{0x0010, 0x0021}, {}, Vr::lo, {}},  // Issuer of Patient ID
    {{0x0012, 0x0010}, {}, Vr::lo, {}},  // Clinical Trial Sponsor Name
    {{0x0012, 0x0020}, {}, Vr::lo, {}},  // Clinical Trial Protocol ID
    {{0x0012, 0x0021}, {}, Vr::lo, {}},  // Clinical Trial Protocol Name
    {{0x0012, 0x0030}, {}, Vr::lo, {}},  // Clinical Trial Site ID
    {{0x0012, 0x0040}, {}, Vr::lo, {}},  // Clinical Trial Subject ID
    {{0x0012, 0x0050}, {}, Vr::lo, {}},  // Clinical Trial Time Point ID
    {{0x0020, 0x000D}, {}, Vr::ui, {}},  // Study Instance UID
    {{0x0032, 0x1060}, {}, Vr::lo, {}},  // Requested Procedure Description
    {{0x0040, 0x1001}, {}, Vr::sh, {}},  // Requested Procedure ID
    {{0x0008, 0x0060}, {}, Vr::cs, {}},  // Modality, of the step from here on
    {{0x0040, 0x0001}, {}, Vr::ae, {}},  // Scheduled Station AE Title
    {{0x0040, 0x0002}, {}, Vr::da, {}},  // Scheduled Procedure Step Start Date
    {{0x0040, 0x0006}, {}, Vr::pn, {}},  // Scheduled Performing Physician's Name
    {{0x0040, 0x0007}, {}, Vr::lo, {}},  // Scheduled Procedure Step Description
    {{0x0040, 0x0009}, {}, Vr::sh, {}},  // Scheduled Procedure Step ID
}};
constexpr std::size_t first_of_step = 14;

const CatalogueAttribute* known_attribute(Tag tag, bool of_step) {
  const auto known = of_step ? std::span(known_attributes).subspan(first_of_step)
                             : std::span(known_attributes).first(first_of_step);
  const auto found = std::ranges::find(known, tag, &CatalogueAttribute::tag);
  return found == known.end() ? nullptr : &*found;
}

/// The first `most` characters of UTF-8 text.
std::string cut(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
    if (begins && characters++ == most) return text.substr(0, at);
  }
  return text;
}

using Values = std::map<Tag, std::string>;

Values values_of(const ScheduledVisit& visit) {
  return {{{0x0010, 0x0010}, visit.subject_id},  // the node knows no name: the pseudonym takes its place
          {{0x0010, 0x0020}, visit.patient_id},
          {{0x0010, 0x0021}, visit.issuer},
          {{0x0012, 0x0010}, cut(visit.sponsor, longest_lo)},
          {{0x0012, 0x0020}, visit.protocol_id},
          {{0x0012, 0x0021}, cut(visit.protocol_name, longest_lo)},
          {{0x0012, 0x0030}, visit.site},
          {{0x0012, 0x0040}, visit.subject_id},
          {{0x0012, 0x0050}, visit.time_point},
          {{0x0020, 0x000D}, visit.study_uid},
          {{0x0032, 0x1060}, cut(visit.protocol_id + ' ' + visit.time_point, longest_lo)},
          {{0x0040, 0x1001}, visit.visit_id}};
}

Values values_of_step(const ScheduledVisit& visit, std::string_view station, rules::Date date) {
  return {{{0x0008, 0x0060}, visit.modality},
          {{0x0040, 0x0001}, std::string(station)},
          {step_start_date, rules::format_date(std::chrono::year_month_day(date))},
          {step_start_time, "000000"},  // any time of the day
          {{0x0040, 0x0007}, cut(visit.time_point + ": " + visit.series, longest_lo)},
          {{0x0040, 0x0009}, visit.step_id}};
}

std::string value_in(const Values& values, Tag tag) {
  const auto found = values.find(tag);
  return found == values.end() ? std::string() : found->second;
}

rules::Date date_of(std::chrono::microseconds since_1970) {
  return rules::Date(std::chrono::floor<std::chrono::days>(since_1970));
}

/// The day that the step is scheduled for; nothing when the query's dates hold none of its window.
std::optional<rules::Date> scheduled_day(const ScheduledVisit& visit, const std::optional<TimeSpan>& dates,
                                         rules::Date today) {
  rules::Date first = visit.first_day;
  rules::Date last = visit.last_day;
  if (dates && dates->from != std::chrono::microseconds::min()) first = std::max(first, date_of(dates->from));
  if (dates && dates->to != std::chrono::microseconds::max()) last = std::min(last, date_of(dates->to));
  if (first > last) return std::nullopt;
  return std::clamp(today, first, last);
}

bool is_ascii(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

}  // namespace

rules::Result<void> WorklistQuery::read_keys(const rules::ElementList& elements,
                                             const rules::CharacterSet& characters, bool of_step,
                                             std::vector<Key>& keys) {
  for (const rules::Element& element : elements) {
    if (element.tag() == specific_character_set || element.tag().is_group_length() ||
        element.tag().is_private())
      continue;
    Key key{element.tag(), element.vr(), std::nullopt, {}};
    if (!of_step && key.tag == step_sequence) {
      if (!element.items().empty()) {
        if (auto read = read_keys(element.items().front().elements, characters, true, key.nested); !read)
          return read;
      }
      keys.push_back(std::move(key));
      continue;
    }
    // Of a binary key only whether there is one counts: none is matched.
    const auto text = rules::is_text(element.vr())
                          ? characters.decode(element.value(), element.vr())
                          : std::optional<std::string>(element.value().empty() ? "" : "?");
    if (!text) return rules::fail(rules::Errc::malformed_dataset, to_string(element.tag()));
    const std::string value(rules::trim(*text));
    const CatalogueAttribute* const known = known_attribute(key.tag, of_step);
    if (value.empty() || value == "*") {
      // Matches all.
    } else if (of_step && key.tag == step_start_date) {
      dates_ = span_of_key(value, Vr::da);
      if (!dates_) return rules::fail(rules::Errc::malformed_dataset, to_string(element.tag()));
    } else if (known != nullptr) {
      key.match = MatchingKey::make(*known, value);
      if (!key.match) return rules::fail(rules::Errc::malformed_dataset, to_string(element.tag()));
    } else if (!(of_step && key.tag == step_start_time)) {
      // A step may start at any time of its day; any other key is not known here.
      all_keys_supported_ = false;
    }
    keys.push_back(std::move(key));
  }
  return {};
}

rules::Result<WorklistQuery> WorklistQuery::read(std::span<const std::uint8_t> identifier,
                                                 std::string_view transfer_syntax_uid) {
  const auto data_set = read_message(identifier, transfer_syntax_uid);
  if (!data_set) return data_set.error();
  const auto characters = rules::CharacterSet::parse(text_of(data_set->elements, specific_character_set));
  if (!characters) return rules::fail(rules::Errc::malformed_dataset, to_string(specific_character_set));
  WorklistQuery query;
  query.transfer_syntax_ = transfer_syntax_uid;
  if (auto read = query.read_keys(data_set->elements, *characters, false, query.keys_); !read)
    return read.error();
  return query;
}

rules::Result<std::optional<std::vector<std::uint8_t>>> WorklistQuery::answer(const ScheduledVisit& visit,
                                                                              std::string_view station,
                                                                              rules::Date today) const {
  const std::optional<std::vector<std::uint8_t>> no_match;
  const auto day = scheduled_day(visit, dates_, today);
  if (!day) return no_match;
  const Values values = values_of(visit);
  const Values step_values = values_of_step(visit, station, *day);
  const auto matches = [](const std::vector<Key>& keys, const Values& have) {
    return std::ranges::all_of(
        keys, [&](const Key& key) { return !key.match || key.match->matches(value_in(have, key.tag)); });
  };
  if (!matches(keys_, values)) return no_match;

  auto response = new_message(transfer_syntax_);
  if (!response) return response.error();
  bool ascii = true;
  const auto put = [&ascii](rules::ElementList& elements, const Key& key, const Values& have) {
    if (key.vr == Vr::sq) {
      elements.put(rules::Element::sequence(key.tag));
      return;
    }
    const std::string value = value_in(have, key.tag);
    ascii = ascii && is_ascii(value);
    elements.put({key.tag, key.vr, value});
  };
  for (const Key& key : keys_) {
    if (key.tag != step_sequence) {
      put(response->elements, key, values);
      continue;
    }
    if (!matches(key.nested, step_values)) return no_match;
    rules::Element sequence = rules::Element::sequence(step_sequence);
    rules::ElementList& item = rules::append_item(response->elements, sequence).elements;
    for (const Key& nested : key.nested) put(item, nested, step_values);
    if (key.nested.empty()) {
      for (const auto& [tag, value] : step_values) {
        const rules::DictionaryEntry* const entry = rules::lookup(tag);
        put(item, {tag, entry == nullptr ? Vr::un : entry->vr, std::nullopt, {}}, step_values);
      }
    }
    response->elements.put(std::move(sequence));
  }
  if (!ascii) response->elements.put({specific_character_set, Vr::cs, "ISO_IR 192"});
  auto bytes = write_message(*response);
  if (!bytes) return bytes.error();
  return std::optional(std::move(*bytes));
}

}  // namespace trialgate::gateway
