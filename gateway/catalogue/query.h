#pragma once

#include "gateway/catalogue/key_match.h"
#include "gateway/catalogue/keys.h"
#include "rules/dataset/charset.h"
#include "rules/dataset/data_set.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// Query/Retrieve Information Model (PS3.4 §C.6).
enum class QueryModel : std::uint8_t { patient_root, study_root };

/// What a C-FIND, C-MOVE or C-GET brings, as far as it is known before its identifier is read.
struct QueryRequest {
  QueryModel model = QueryModel::study_root;
  std::string transfer_syntax;      ///< of the identifier
  bool relational = false;          ///< negotiated (§C.5.1.1): keys of any level, none required
  bool combined_date_time = false;  ///< negotiated (§C.2.2.2.5.4)
  std::span<const std::uint8_t> identifier;
};

/// The final status of a request that is not carried out.
struct Refusal {
  std::uint16_t status = 0;
  std::string comment;  ///< for the peer; never patient data
};

/// An attribute that the peer wants back.
struct ReturnKey {
  rules::Tag tag;
  rules::Vr vr = rules::Vr::un;
  const CatalogueAttribute* attribute =
      nullptr;                    ///< null: the catalogue does not have it, or not at this level
  std::vector<ReturnKey> nested;  ///< of a sequence; empty: everything
};

/// A pair of matching keys that is one range from date and time to date and time.
struct CombinedRange {
  rules::Tag date;
  rules::Tag time;
  TimeSpan span;
};

/// A query as it is carried out.
struct Query {
  QueryModel model = QueryModel::study_root;
  QueryLevel level = QueryLevel::study;
  std::string character_set;            ///< Specific Character Set (0008,0005) of the request
  std::vector<MatchingKey> keys;        ///< none of them universal
  std::vector<CombinedRange> combined;  ///< instead of their two keys
  std::vector<ReturnKey> returns;       ///< ascending by tag
  bool all_keys_supported = true;       ///< otherwise FF01 (table C.4-1)

  /// The matching key of an attribute; null when every value matches.
  [[nodiscard]] const MatchingKey* key(rules::Tag tag) const noexcept;
};

/// Reads the identifier of a C-FIND (§C.4.1.1.3). Refusals are A900: not readable, unknown level, a level
/// that the model does not have, a malformed key; when not relational also a unique key above the level that
/// is not one value, or one below it.
[[nodiscard]] std::variant<Query, Refusal> read_query(const QueryRequest& request);

/// Reads the identifier of a C-MOVE or C-GET (§C.4.2.1.4, §C.4.3.1.3): unique keys alone, at the level one or
/// a list, no wild cards. The query that comes of it is of level IMAGE and returns nothing.
[[nodiscard]] std::variant<Query, Refusal> read_retrieval(const QueryRequest& request);

}  // namespace trialgate::gateway
