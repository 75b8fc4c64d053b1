#pragma once

#include "gateway/catalogue/attributes.h"
#include "gateway/catalogue/keys.h"
#include "gateway/catalogue/text_match.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// A stretch of time, both ends in it. Of DA and DT since 1970-01-01, of TM since midnight.
struct TimeSpan {
  std::chrono::microseconds from = std::chrono::microseconds::min();
  std::chrono::microseconds to = std::chrono::microseconds::max();

  [[nodiscard]] bool holds(const TimeSpan& moment) const noexcept {
    return moment.from <= to && moment.to >= from;
  }
  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

/// What a value of DA, TM or DT stands for: as long as its last component. Nothing when it is malformed.
[[nodiscard]] std::optional<TimeSpan> span_of(std::string_view value, rules::Vr vr);
/// The same of a key, which may be a range (PS3.4 §C.2.2.2.5).
[[nodiscard]] std::optional<TimeSpan> span_of_key(std::string_view key, rules::Vr vr);

/// One matching key (PS3.4 §C.2.2.2) as it is applied.
class MatchingKey {
 public:
  enum class Kind : std::uint8_t { universal, single, wild_card, uid_list, span, name, number, sequence };

  /// `value` is decoded, with backslashes. Nothing when it cannot be a key of that VR.
  [[nodiscard]] static std::optional<MatchingKey> make(const CatalogueAttribute& attribute,
                                                       std::string_view value);
  /// Sequence matching (§C.2.2.2.6): some item must match all keys.
  [[nodiscard]] static MatchingKey sequence(const CatalogueAttribute& attribute,
                                            std::vector<MatchingKey> item_keys);

  [[nodiscard]] rules::Tag tag() const noexcept { return attribute_->tag; }
  [[nodiscard]] const CatalogueAttribute& attribute() const noexcept { return *attribute_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Of single, wild_card and name: what was asked for; of several values any will do.
  [[nodiscard]] const std::vector<std::string>& texts() const noexcept { return texts_; }
  [[nodiscard]] const std::vector<NameGroups>& names() const noexcept { return names_; }
  /// Ascending.
  [[nodiscard]] const std::set<std::string, std::less<>>& uids() const noexcept { return uids_; }
  [[nodiscard]] const TimeSpan& span() const noexcept { return span_; }
  /// A range was asked for, not a value.
  [[nodiscard]] bool is_range() const noexcept { return range_; }

  /// Whether the values of an attribute match: one of them is enough. An empty text is an absent value.
  [[nodiscard]] bool matches(std::string_view values) const;
  /// The same for any attribute, sequences included; null: it is not there.
  [[nodiscard]] bool matches(const Attribute* attribute) const;

 private:
  explicit MatchingKey(const CatalogueAttribute& attribute) : attribute_(&attribute) {}
  [[nodiscard]] bool matches_value(std::string_view value) const;

  const CatalogueAttribute* attribute_;
  Kind kind_ = Kind::universal;
  std::vector<std::string> texts_;
  std::vector<NameGroups> names_;
  std::set<std::string, std::less<>> uids_;
  std::vector<double> numbers_;
  TimeSpan span_;
  bool range_ = false;
  std::vector<MatchingKey> item_keys_;
};

}  // namespace trialgate::gateway
