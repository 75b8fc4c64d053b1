#include "storage/correspondence.h"

#include "storage/encode_rows.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>

using namespace trialgate::storage;
using trialgate::storage::testing::at;
using trialgate::storage::testing::ok;

namespace {

QueryRow query_about(std::uint64_t submission, std::uint32_t version) {
  QueryRow row;
  row.submission = submission;
  row.version = version;
  row.site = "SITE01";
  row.opened_at = at(100);
  row.due_at = at(500);
  return row;
}

NoticeRow notice_about(std::uint64_t query, std::int64_t not_before) {
  NoticeRow row;
  row.query = query;
  row.created_at = at(100);
  row.not_before = at(not_before);
  return row;
}

struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  std::unique_ptr<Store> store = Store::open(testing::small_store(directory.path()), files).value();

  Result<std::uint64_t> put(const QueryRow& row) {
    std::uint64_t id = 0;
    const auto done = store->commit([&](Transaction& transaction) -> Result<void> {
      const auto given = transaction.correspondence().put_query(row);
      if (!given) return given.error();
      id = *given;
      return {};
    });
    if (!done) return done.error();
    return id;
  }
  Result<std::uint64_t> put(const NoticeRow& row) {
    std::uint64_t id = 0;
    const auto done = store->commit([&](Transaction& transaction) -> Result<void> {
      const auto given = transaction.correspondence().put_notice(row);
      if (!given) return given.error();
      id = *given;
      return {};
    });
    if (!done) return done.error();
    return id;
  }
  template <class T>
  T read(const std::function<Result<T>(const Correspondence&)>& body) {
    std::optional<T> value;
    const auto done = store->read([&](const ReadTransaction& transaction) -> Result<void> {
      auto result = body(transaction.correspondence());
      if (!result) return result.error();
      value = std::move(*result);
      return {};
    });
    REQUIRE_MESSAGE(done.has_value(), done.error().message());
    return *std::move(value);
  }
  std::vector<std::uint64_t> due(std::int64_t now, std::size_t limit = 100) {
    std::vector<std::uint64_t> ids;
    for (const NoticeRow& row : read<std::vector<NoticeRow>>(
             [&](const Correspondence& all) { return all.due_notices(at(now), limit); }))
      ids.push_back(row.id);
    return ids;
  }
};

}  // namespace

TEST_CASE("rows of queries and notices survive the way to disk and back") {
  QueryRow query = query_about(7, 3);
  query.id = 12;
  query.state = QueryState::closed;
  query.answer = "the scanner was in repair";
  query.answered_by = "technician";
  query.answered_at = at(200);
  query.closing_reason = "the re-scan passed";
  query.closed_by = "trialgate";
  query.closed_at = at(300);
  CHECK(decode_query(encode(query)).value() == query);
  NoticeRow notice = notice_about(12, 400);
  notice.id = 3;
  notice.kind = NoticeKind::closed;
  notice.state = NoticeState::dropped;
  notice.attempts = 9;
  notice.sent_at = at(401);
  notice.last_error = "no answer";
  CHECK(decode_notice(encode(notice)).value() == notice);
  CHECK_FALSE(decode_query(encode(notice)).has_value());
}

TEST_CASE_FIXTURE(Fixture, "one query a version of a submission, found by id and by submission") {
  CHECK(put(query_about(7, 1)).value() == 1);
  CHECK(put(query_about(7, 2)).value() == 2);
  CHECK(put(query_about(8, 1)).value() == 3);
  const auto second = put(query_about(7, 1));
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == Errc::invalid_argument);

  CHECK(read<std::optional<QueryRow>>([](const auto& all) { return all.query_about(7, 2); })->id == 2);
  CHECK_FALSE(read<std::optional<QueryRow>>([](const auto& all) { return all.query_about(7, 3); }));
  CHECK(read<std::vector<QueryRow>>([](const auto& all) { return all.queries_about(7); }).size() == 2);
  const auto page = read<std::vector<QueryRow>>([](const auto& all) { return all.queries(1, 1); });
  REQUIRE(page.size() == 1);
  CHECK(page.front().id == 2);
}

TEST_CASE_FIXTURE(Fixture, "a query keeps its submission and version when it is replaced") {
  QueryRow row = query_about(7, 1);
  row.id = put(row).value();
  row.state = QueryState::closed;
  CHECK(put(row).has_value());
  CHECK(read<std::optional<QueryRow>>([&](const auto& all) { return all.query(row.id); }) == row);
  row.version = 2;
  CHECK(put(row).error().code == Errc::invalid_argument);
  row.id = 99;
  CHECK(put(row).error().code == Errc::not_found);
}

TEST_CASE_FIXTURE(Fixture, "queued notices fall due in their order; sent and dropped ones do not") {
  const std::uint64_t query = put(query_about(7, 1)).value();
  const std::uint64_t late = put(notice_about(query, 300)).value();
  const std::uint64_t early = put(notice_about(query, 200)).value();
  CHECK(due(199).empty());
  CHECK(due(300) == std::vector{early, late});
  CHECK(due(300, 1) == std::vector{early});
  CHECK(read<std::optional<UtcTime>>([](const auto& all) { return all.next_due_notice(); }) == at(200));

  NoticeRow sent = notice_about(query, 200);
  sent.id = early;
  sent.state = NoticeState::sent;
  CHECK(put(sent).has_value());
  NoticeRow delayed = notice_about(query, 400);
  delayed.id = late;
  delayed.attempts = 1;
  CHECK(put(delayed).has_value());
  CHECK(due(399).empty());
  CHECK(due(400) == std::vector{late});
  delayed.state = NoticeState::dropped;
  CHECK(put(delayed).has_value());
  CHECK(due(1000).empty());
  CHECK_FALSE(read<std::optional<UtcTime>>([](const auto& all) { return all.next_due_notice(); }));
  CHECK(read<std::vector<NoticeRow>>([&](const auto& all) { return all.notices_about(query); }).size() == 2);
  delayed.query = query + 1;
  CHECK(put(delayed).error().code == Errc::invalid_argument);
}
