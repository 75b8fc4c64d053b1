#pragma once

#include "storage/result.h"
#include "storage/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// Where a query stands. The values are on disk and never change.
enum class QueryState : std::uint8_t {
  open = 1,
  answered = 2,  ///< the site has said something; a person, or a re-scan that passes, closes it
  closed = 3,
};

[[nodiscard]] std::string_view to_string(QueryState state);

/// What a site was asked about one version of a submission. The pair (submission, version) is unique.
struct QueryRow {
  std::uint64_t id = 0;  ///< set by put_query
  std::uint64_t submission = 0;
  std::uint32_t version = 0;  ///< of the verdict that asks
  std::string site;
  QueryState state = QueryState::open;
  UtcTime opened_at;
  UtcTime due_at;
  std::string answer;  ///< the site's words; empty: none yet
  std::string answered_by;
  UtcTime answered_at;
  std::string closing_reason;
  std::string closed_by;
  UtcTime closed_at;

  friend bool operator==(const QueryRow&, const QueryRow&) = default;
};

/// What a notice says. The values are on disk and never change.
enum class NoticeKind : std::uint8_t { opened = 1, reminder = 2, closed = 3 };
[[nodiscard]] std::string_view to_string(NoticeKind kind);

/// Where a notice stands. The values are on disk and never change.
enum class NoticeState : std::uint8_t {
  queued = 1,
  sent = 2,     ///< the mail server took it
  dropped = 3,  ///< overtaken by events before it was sent
};
[[nodiscard]] std::string_view to_string(NoticeState state);

/// One e-mail to a site about a query. Its text is made when it is sent.
struct NoticeRow {
  std::uint64_t id = 0;  ///< set by put_notice
  std::uint64_t query = 0;
  NoticeKind kind = NoticeKind::opened;
  NoticeState state = NoticeState::queued;
  std::uint32_t attempts = 0;
  UtcTime created_at;
  UtcTime not_before;  ///< do not try earlier
  UtcTime sent_at;
  std::string last_error;  ///< what went wrong last, no patient data

  friend bool operator==(const NoticeRow&, const NoticeRow&) = default;
};

/// Queries to sites and the notices about them, as seen inside one transaction; rules and errors as for
/// Index.
class Correspondence {
 public:
  virtual ~Correspondence() = default;

  [[nodiscard]] virtual Result<std::optional<QueryRow>> query(std::uint64_t id) const = 0;
  [[nodiscard]] virtual Result<std::optional<QueryRow>> query_about(std::uint64_t submission,
                                                                    std::uint32_t version) const = 0;
  /// Of all versions, ascending.
  [[nodiscard]] virtual Result<std::vector<QueryRow>> queries_about(std::uint64_t submission) const = 0;
  /// Ascending by id, greater than `after`, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<QueryRow>> queries(std::size_t limit,
                                                              std::uint64_t after = 0) const = 0;
  /// Inserts when `row.id` is 0, replaces otherwise; returns the id. Errors: not_found; invalid_argument when
  /// the submission and version have another query, or differ from those of the row that is replaced.
  [[nodiscard]] virtual Result<std::uint64_t> put_query(const QueryRow& row) = 0;

  /// Ascending by id.
  [[nodiscard]] virtual Result<std::vector<NoticeRow>> notices_about(std::uint64_t query) const = 0;
  /// Queued notices with not_before <= now, ascending by not_before, then by id.
  [[nodiscard]] virtual Result<std::vector<NoticeRow>> due_notices(UtcTime now, std::size_t limit) const = 0;
  /// When the next queued notice falls due, if there is one.
  [[nodiscard]] virtual Result<std::optional<UtcTime>> next_due_notice() const = 0;
  /// As put_query. Error: invalid_argument when the query differs from that of the row that is replaced.
  [[nodiscard]] virtual Result<std::uint64_t> put_notice(const NoticeRow& row) = 0;
};

}  // namespace trialgate::storage
