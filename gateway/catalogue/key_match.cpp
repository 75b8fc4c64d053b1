#include "gateway/catalogue/key_match.h"

#include "rules/dataset/values.h"

#include <algorithm>
#include <utility>

namespace trialgate::gateway {
namespace {

using rules::Vr;
using std::chrono::microseconds;

constexpr microseconds a_tick{1};
constexpr microseconds a_day = std::chrono::hours(24);

bool takes_wild_cards(Vr vr) noexcept {
  return rules::uses_character_set(vr) || vr == Vr::ae || vr == Vr::cs || vr == Vr::ur;
}

bool is_number(Vr vr) noexcept {
  return vr == Vr::is || vr == Vr::ds || vr == Vr::us;
}

bool is_temporal(Vr vr) noexcept {
  return vr == Vr::da || vr == Vr::tm || vr == Vr::dt;
}

microseconds length_of(const rules::TimeOfDay& time) {
  if (time.components == 1) return std::chrono::hours(1);
  if (time.components == 2) return std::chrono::minutes(1);
  microseconds length = std::chrono::seconds(1);
  for (std::uint8_t i = 0; i < time.fraction_digits; ++i) length /= 10;
  return std::max(length, a_tick);
}

microseconds days_since_1970(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch();
}

std::optional<TimeSpan> span_of_date_time(std::string_view value) {
  const auto read = rules::parse_date_time(value);
  if (!read) return std::nullopt;
  const rules::DateTime& moment = *read;
  TimeSpan span;
  span.from = days_since_1970(moment.date);
  std::chrono::year_month_day end = moment.date;
  if (moment.date_components == 1) end += std::chrono::years(1);
  if (moment.date_components == 2) end += std::chrono::months(1);
  span.to = days_since_1970(end) + (moment.date_components == 3 ? a_day : microseconds(0));
  if (moment.time) {
    span.from += moment.time->since_midnight;
    span.to = span.from + length_of(*moment.time);
  }
  span.to -= a_tick;
  // Without an offset both sides are taken to mean the same clock.
  if (moment.utc_offset) {
    span.from -= *moment.utc_offset;
    span.to -= *moment.utc_offset;
  }
  return span;
}

std::optional<TimeSpan> span_between(std::string_view from, std::string_view to, Vr vr) {
  TimeSpan span;
  if (from.empty() && to.empty()) return std::nullopt;
  if (!from.empty()) {
    const auto first = span_of(from, vr);
    if (!first) return std::nullopt;
    span.from = first->from;
  }
  if (!to.empty()) {
    const auto last = span_of(to, vr);
    if (!last) return std::nullopt;
    span.to = last->to;
  }
  return span;
}

/// The text between spaces, as far as the VR lets them be insignificant.
std::string_view without_padding(std::string_view value) noexcept {
  return rules::trim(value);
}

}  // namespace

std::optional<TimeSpan> span_of(std::string_view value, Vr vr) {
  if (vr == Vr::da) {
    const auto date = rules::parse_date(value);
    if (!date) return std::nullopt;
    const microseconds from = days_since_1970(*date);
    return TimeSpan{from, from + a_day - a_tick};
  }
  if (vr == Vr::tm) {
    const auto time = rules::parse_time(value);
    if (!time) return std::nullopt;
    return TimeSpan{time->since_midnight, time->since_midnight + length_of(*time) - a_tick};
  }
  return vr == Vr::dt ? span_of_date_time(value) : std::nullopt;
}

std::optional<TimeSpan> span_of_key(std::string_view key, Vr vr) {
  key = without_padding(key);
  if (auto single = span_of(key, vr)) return single;
  // An offset from UTC has a hyphen of its own, so every hyphen may be the one of the range.
  for (std::size_t at = key.find('-'); at != std::string_view::npos; at = key.find('-', at + 1)) {
    auto span = span_between(without_padding(key.substr(0, at)), without_padding(key.substr(at + 1)), vr);
    if (span) return span;
  }
  return std::nullopt;
}

std::optional<MatchingKey> MatchingKey::make(const CatalogueAttribute& attribute, std::string_view value) {
  MatchingKey key(attribute);
  const Vr vr = attribute.vr;
  std::vector<std::string_view> values =
      rules::has_text_values(vr) ? rules::split_values(value) : std::vector{without_padding(value)};
  if (is_number(vr)) values = rules::split_values(value);
  std::erase_if(values, [](std::string_view one) { return one.empty(); });
  const auto is_all = [](std::string_view one) {
    return one.find_first_not_of('*') == std::string_view::npos;
  };
  if (values.empty() || (takes_wild_cards(vr) && std::ranges::any_of(values, is_all))) return key;
  if (vr == Vr::ui) {
    key.kind_ = Kind::uid_list;
    key.uids_.insert(values.begin(), values.end());
    return key;
  }
  if (is_temporal(vr)) {
    const auto span = values.size() == 1 ? span_of_key(values.front(), vr) : std::nullopt;
    if (!span) return std::nullopt;
    key.kind_ = Kind::span;
    key.span_ = *span;
    key.range_ = !span_of(without_padding(values.front()), vr);
    return key;
  }
  if (is_number(vr)) {
    key.kind_ = Kind::number;
    for (const std::string_view one : values) {
      const auto number = rules::parse_decimal(one);
      if (!number) return std::nullopt;
      key.numbers_.push_back(*number);
    }
    return key;
  }
  if (vr == Vr::pn) {
    key.kind_ = Kind::name;
    for (const std::string_view one : values) key.names_.push_back(name_groups(one));
    return key;
  }
  key.texts_.assign(values.begin(), values.end());
  const bool wild = takes_wild_cards(vr) && std::ranges::any_of(values, has_wild_card);
  key.kind_ = wild ? Kind::wild_card : Kind::single;
  return key;
}

MatchingKey MatchingKey::sequence(const CatalogueAttribute& attribute, std::vector<MatchingKey> item_keys) {
  MatchingKey key(attribute);
  std::erase_if(item_keys, [](const MatchingKey& one) { return one.kind() == Kind::universal; });
  if (item_keys.empty()) return key;
  key.kind_ = Kind::sequence;
  key.item_keys_ = std::move(item_keys);
  return key;
}

bool MatchingKey::matches(std::string_view values) const {
  if (kind_ == Kind::universal) return true;
  if (values.empty()) return false;
  if (!rules::has_text_values(attribute_->vr)) return matches_value(without_padding(values));
  for (;;) {
    const std::size_t end = values.find('\\');
    if (matches_value(without_padding(values.substr(0, end)))) return true;
    if (end == std::string_view::npos) return false;
    values.remove_prefix(end + 1);
  }
}

bool MatchingKey::matches(const Attribute* attribute) const {
  if (kind_ != Kind::sequence) return matches(attribute == nullptr ? std::string_view() : attribute->value);
  if (attribute == nullptr) return false;
  return std::ranges::any_of(attribute->items, [this](const Attributes& item) {
    return std::ranges::all_of(item_keys_,
                               [&](const MatchingKey& key) { return key.matches(find(item, key.tag())); });
  });
}

bool MatchingKey::matches_value(std::string_view value) const {
  switch (kind_) {
    case Kind::universal:
      return true;
    case Kind::single:
      return std::ranges::find(texts_, value) != texts_.end();
    case Kind::wild_card:
      return std::ranges::any_of(texts_,
                                 [&](const std::string& text) { return matches_wild_card(text, value); });
    case Kind::uid_list:
      return uids_.contains(value);
    case Kind::span: {
      const auto moment = span_of(value, attribute_->vr);
      return moment && span_.holds(*moment);
    }
    case Kind::name: {
      const NameGroups groups = name_groups(value);
      return std::ranges::any_of(names_, [&](const NameGroups& name) { return matches_name(name, groups); });
    }
    case Kind::number: {
      const auto number = rules::parse_decimal(value);
      return number && std::ranges::find(numbers_, *number) != numbers_.end();
    }
    case Kind::sequence:
      return false;
  }
  return false;
}

}  // namespace trialgate::gateway
