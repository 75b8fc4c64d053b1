#pragma once

#include "gateway/catalogue/key_match.h"
#include "gateway/worklist/scheduled_visits.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"
#include "rules/trial/date.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// A work list query (PS3.4 §K.4.1), read once and applied to every step.
class WorklistQuery {
 public:
  /// Errors: those of read_message; malformed_dataset for a key that cannot be one, or an unknown character
  /// set.
  [[nodiscard]] static rules::Result<WorklistQuery> read(std::span<const std::uint8_t> identifier,
                                                         std::string_view transfer_syntax_uid);

  /// The response's identifier when the step matches: every key that was asked for, empty where the work list
  /// has nothing. `station` is the AE title that asks: the list is made for it. A visit may be done on any
  /// day of its window, so it is scheduled for the first one that the query's dates hold; without dates for
  /// today, or the day of the window that is nearest. Error: unsupported when it cannot be written.
  [[nodiscard]] rules::Result<std::optional<std::vector<std::uint8_t>>> answer(const ScheduledVisit& step,
                                                                               std::string_view station,
                                                                               rules::Date today) const;

  /// No matching key had to be ignored (FF00), else FF01.
  [[nodiscard]] bool all_keys_supported() const noexcept { return all_keys_supported_; }

 private:
  /// A key of the query: what is to be returned, and whether and how it is matched.
  struct Key {
    rules::Tag tag;
    rules::Vr vr = rules::Vr::un;
    std::optional<MatchingKey> match;
    std::vector<Key> nested;  ///< of Scheduled Procedure Step Sequence
  };

  rules::Result<void> read_keys(const rules::ElementList& elements, const rules::CharacterSet& characters,
                                bool of_step, std::vector<Key>& keys);

  std::string transfer_syntax_;
  std::vector<Key> keys_;
  std::optional<TimeSpan> dates_;  ///< that the step may start on
  bool all_keys_supported_ = true;
};

}  // namespace trialgate::gateway
