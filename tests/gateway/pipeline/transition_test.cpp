#include "gateway/pipeline/transition.h"

#include "gateway/pipeline/retries.h"
#include "tests/gateway/support/test_store.h"

#include <array>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using State = storage::SubmissionState;

namespace {

storage::SubmissionRow submission_in(State state) {
  storage::SubmissionRow row;
  row.id = 1;
  row.site = "SITE01";
  row.study_uid = "1.2.3";
  row.version = 1;
  row.instance_count = 1;
  row.state = state;
  return row;
}

}  // namespace

TEST_CASE("the life of a submission: every pair of states") {
  using enum State;
  constexpr std::array all{receiving,  examined,  quarantined, released, deidentified,
                           delivering, delivered, confirmed,   withdrawn};
  const std::set<std::pair<State, State>> forward{
      {receiving, examined},   {examined, quarantined},  {examined, released},       {quarantined, released},
      {released, quarantined}, {released, deidentified}, {deidentified, delivering}, {delivering, delivered},
      {delivered, confirmed},  {delivered, delivering},  {confirmed, delivering},
  };
  for (const State from : all) {
    for (const State to : all) {
      CAPTURE(to_string(from));
      CAPTURE(to_string(to));
      const bool back = from != withdrawn && (to == receiving || to == withdrawn);
      CHECK(may_follow(from, to) == (back || forward.contains({from, to})));
    }
  }
}

TEST_CASE("a transition that may not be leaves row and audit trail as they were") {
  TestStore store;
  store.put(submission_in(State::quarantined));
  const auto result = store->commit([](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = *transaction.index().submission(1).value();
    return enter(transaction, row, State::delivering, {{}, "test", "submission.x", {}, {}});
  });
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == make_error_code(storage::Errc::invalid_argument));
  CHECK(store.submission(1).state == State::quarantined);
  CHECK(store.audit().empty());
}

TEST_CASE("re-opening raises the version and parks what is queued, and only that") {
  TestStore store;
  store.put(submission_in(State::delivering));
  store.commit([](storage::Transaction& transaction) -> storage::Result<void> {
    for (const auto state : {storage::DeliveryState::queued, storage::DeliveryState::delivered}) {
      storage::DeliveryRow row;
      row.submission = 1;
      row.version = 1;
      row.destination = "irc";
      row.sop_instance_uid = std::to_string(static_cast<int>(state));
      row.state = state;
      if (auto added = transaction.outbox().enqueue(row); !added) return added.error();
    }
    auto row = *transaction.index().submission(1).value();
    return reopen(transaction, row, {{}, "Ann", "submission.reopened", "wrong visit", {}});
  });
  CHECK(store.submission(1).state == State::receiving);
  CHECK(store.submission(1).version == 2);
  const auto rows = store.deliveries(1);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].not_before == parked);
  CHECK(rows[0].state == storage::DeliveryState::queued);
  CHECK(rows[1].not_before != parked);
  CHECK(store.audit().back().actor == "Ann");
}

TEST_CASE("a failed step is news once, waits longer each time, and starts anew with another version") {
  Retries retries(std::chrono::hours(1), std::chrono::hours(2));
  auto row = submission_in(State::released);
  CHECK(retries.may_try(row));
  CHECK(retries.failed(row, "no key"));
  CHECK_FALSE(retries.may_try(row));
  CHECK_FALSE(retries.failed(row, "no key"));
  CHECK(retries.failed(row, "no worker"));
  auto next = row;
  next.version = 2;
  CHECK(retries.may_try(next));
  retries.hurry();
  CHECK(retries.may_try(row));
  CHECK_FALSE(retries.failed(row, "no worker"));
  retries.succeeded(row);
  CHECK(retries.failed(row, "no worker"));
}
