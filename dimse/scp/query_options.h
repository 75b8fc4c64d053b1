#pragma once

namespace trialgate::dimse {

/// What SOP class extended negotiation can add to the baseline of query/retrieve (PS3.4 §C.5.1.1, §C.5.2.1,
/// §C.5.3.1). As a policy: what the node supports. In a request: what both sides agreed on.
struct QueryOptions {
  bool relational = false;          ///< queries and retrieves without the unique keys of the levels above
  bool combined_date_time = false;  ///< a date range and a time range together are one range
  bool timezone = false;            ///< dates and times are adjusted to Timezone Offset From UTC

  bool operator==(const QueryOptions&) const = default;
};

}  // namespace trialgate::dimse
