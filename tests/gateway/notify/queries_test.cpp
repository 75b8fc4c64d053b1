#include "gateway/notify/queries.h"

#include "tests/gateway/support/test_store.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace std::chrono_literals;
using gateway::test::TestStore;
using storage::NoticeKind;
using storage::NoticeState;

namespace {

constexpr storage::UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + 8h;

/// A store with one held study; a site that is written to, and reminded a day before and after the due date.
struct Fixture {
  TestStore store;
  storage::SubmissionRow row;
  rules::Verdict verdict;
  QueryPlan plan{120h, {-24h, 24h}, true};

  Fixture() {
    row.id = 1;
    row.version = 1;
    row.site = "SITE01";
    row.study_uid = "1.2.3";
  }

  std::uint64_t open() {
    store.commit(
        [&](storage::Transaction& transaction) { return open_query(transaction, row, verdict, plan, now); });
    return query_of(row.version).id;
  }
  storage::QueryRow query_of(std::uint32_t version) {
    storage::QueryRow found;
    read([&](const storage::Correspondence& rows) {
      found = rows.query_about(row.id, version).value().value();
    });
    return found;
  }
  std::vector<storage::NoticeRow> notices(std::uint64_t query) {
    std::vector<storage::NoticeRow> found;
    read([&](const storage::Correspondence& rows) { found = rows.notices_about(query).value(); });
    return found;
  }
  /// States of the notices of one kind.
  std::vector<NoticeState> states(std::uint64_t query, NoticeKind kind) {
    std::vector<NoticeState> states;
    for (const storage::NoticeRow& notice : notices(query))
      if (notice.kind == kind) states.push_back(notice.state);
    return states;
  }
  void attempt(storage::NoticeRow notice, NoticeState became) {
    notice.state = became;
    ++notice.attempts;
    notice.sent_at = now + 1min;
    store.commit([&](storage::Transaction& transaction) { return record_attempt(transaction, notice); });
  }
  void close(std::uint64_t query) {
    store.commit([&](storage::Transaction& transaction) {
      return close_query(transaction, query, Act{now, "M. Example", {}, "accepted", {}});
    });
  }

 private:
  template <class Body>
  void read(Body body) {
    REQUIRE(store
                ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                  body(transaction.correspondence());
                  return {};
                })
                .has_value());
  }
};

using States = std::vector<NoticeState>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a query is due as the plan says, or when the window for a re-scan ends") {
  CHECK(query_of((open(), 1)).due_at == now + 120h);
  row.version = 2;
  verdict.visit.rescan_until = std::chrono::year(2026) / 3 / 4;
  open();
  CHECK(query_of(2).due_at == std::chrono::sys_days(std::chrono::year(2026) / 3 / 5));
  row.version = 3;
  verdict.visit.rescan_until = std::chrono::year(2026) / 3 / 1;
  open();
  CHECK(query_of(3).due_at == now + 120h);
  CHECK(store.events("query.opened") == 3);
}

TEST_CASE_FIXTURE(Fixture, "who has answered is reminded no more, but is still sent the query itself") {
  const std::uint64_t query = open();
  CHECK(states(query, NoticeKind::reminder) == States{NoticeState::queued, NoticeState::queued});
  store.commit([&](storage::Transaction& transaction) {
    return answer_query(transaction, query, "on Friday", "M. Example", now);
  });
  CHECK(states(query, NoticeKind::reminder) == States{NoticeState::dropped, NoticeState::dropped});
  CHECK(states(query, NoticeKind::opened) == States{NoticeState::queued});
}

TEST_CASE_FIXTURE(Fixture, "a site that never heard of a query does not hear of its end") {
  const std::uint64_t query = open();
  close(query);
  CHECK(states(query, NoticeKind::opened) == States{NoticeState::dropped});
  CHECK(states(query, NoticeKind::closed).empty());
}

TEST_CASE_FIXTURE(Fixture, "an attempt that fails does not bring a dropped notice back") {
  const std::uint64_t query = open();
  const storage::NoticeRow under_way = notices(query).front();
  close(query);
  attempt(under_way, NoticeState::queued);
  CHECK(states(query, NoticeKind::opened) == States{NoticeState::dropped});
  CHECK(states(query, NoticeKind::closed).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "a mail that left while its query was closed is followed by the news of that, once") {
  const std::uint64_t query = open();
  const std::vector<storage::NoticeRow> under_way = notices(query);
  close(query);
  attempt(under_way[0], NoticeState::sent);
  attempt(under_way[1], NoticeState::sent);
  CHECK(states(query, NoticeKind::opened) == States{NoticeState::sent});
  CHECK(states(query, NoticeKind::closed) == States{NoticeState::queued});
}

TEST_CASE_FIXTURE(Fixture, "a query that a later version has overtaken ends without a word") {
  const std::uint64_t first = open();
  const storage::NoticeRow under_way = notices(first).front();
  row.version = 2;
  const std::uint64_t second = open();
  attempt(under_way, NoticeState::sent);
  CHECK(query_of(1).state == storage::QueryState::closed);
  CHECK(states(first, NoticeKind::closed).empty());
  CHECK(states(second, NoticeKind::opened) == States{NoticeState::queued});
}
