#include "gateway/commit/confirmation.h"

#include "gateway/deliver/dispatcher.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/transition.h"
#include "tests/gateway/support/outgoing.h"

#include <doctest/doctest.h>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using State = storage::SubmissionState;
using Delivery = storage::DeliveryState;

namespace {

NodeConfig config_with(std::uint32_t requests = 2, std::uint32_t refusals = 1) {
  NodeConfig config;
  Destination archive;
  archive.name = "irc";
  archive.ae_title = "ARCHIVE";
  archive.commitment.requests = requests;
  archive.commitment.refusals = refusals;
  config.destinations.push_back(archive);
  return config;
}

void set_deliveries(TestStore& store, Delivery state, bool needs_commitment = true) {
  auto rows = store.deliveries(1);
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    for (auto& row : rows) {
      row.state = state;
      row.needs_commitment = needs_commitment;
      if (auto updated = transaction.outbox().update(row); !updated) return updated;
    }
    return {};
  });
}

/// Submission 1, delivered to "irc" with `count` instances.
void put_delivered(TestStore& store, int count, bool needs_commitment = true) {
  put_outgoing(store, 1, "irc", count);
  set_deliveries(store, Delivery::delivered, needs_commitment);
  REQUIRE(*conclude(*store, store.submission(1)));
  REQUIRE(store.submission(1).state == State::delivered);
}

std::vector<storage::CommitmentRow> commitments(TestStore& store) {
  std::vector<storage::CommitmentRow> rows;
  REQUIRE(store
              ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                rows = *transaction.commitments().commitments_about(1);
                return {};
              })
              .has_value());
  return rows;
}

/// The report that answers the last transaction: the instances `refused` with 0112H, all others committed.
CommitmentMessage report_on(TestStore& store, const std::vector<int>& refused) {
  const auto row = commitments(store).back();
  CommitmentMessage report{row.transaction_uid, {}};
  REQUIRE(store
              ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                report.items = *transaction.commitments().items(row.id);
                return {};
              })
              .has_value());
  for (const int n : refused) {
    for (auto& item : report.items) {
      if (item.sop_instance_uid == derived_uid(n)) item.failure_reason = failure_reason::no_such_instance;
    }
  }
  return report;
}

void abandon_last(TestStore& store) {
  auto row = commitments(store).back();
  row.state = storage::CommitmentState::abandoned;
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto put = transaction.commitments().put_commitment(row);
    if (!put) return put.error();
    return {};
  });
}

}  // namespace

TEST_CASE("without a wish for commitment the success statuses confirm") {
  TestStore store;
  put_delivered(store, 2, false);
  CHECK(*confirm(*store, config_with(), store.submission(1)) == Confirmed::confirmed);
  CHECK(store.submission(1).state == State::confirmed);
  CHECK(commitments(store).empty());
}

TEST_CASE("only the archive's report confirms, instance by instance") {
  TestStore store;
  const NodeConfig config = config_with();
  put_delivered(store, 3);
  CHECK(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  CHECK(*confirm(*store, config, store.submission(1)) == Confirmed::not_yet);
  REQUIRE(commitments(store).size() == 1);
  CHECK(commitments(store)[0].item_count == 3);

  CommitmentMessage foreign = report_on(store, {});
  foreign.transaction_uid = "2.25.1";
  CHECK_FALSE(take_report(*store, config.destinations[0], foreign)->known);
  Destination other = config.destinations[0];
  other.name = "readers";
  CHECK_FALSE(take_report(*store, other, report_on(store, {}))->known);
  CHECK(store.count(1, Delivery::confirmed) == 0);

  const auto taken = take_report(*store, config.destinations[0], report_on(store, {}));
  CHECK(taken->committed == 3);
  CHECK(*confirm(*store, config, store.submission(1)) == Confirmed::confirmed);
  CHECK(store.submission(1).state == State::confirmed);
  CHECK(store.audit().back().reason == "by the storage commitment of the destination");
}

TEST_CASE("what is refused is sent again, and only that; the last refusal waits for a person") {
  TestStore store;
  const NodeConfig config = config_with(2, 1);
  put_delivered(store, 3);
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  const auto report = report_on(store, {1});
  auto taken = take_report(*store, config.destinations[0], report);
  CHECK(taken->committed == 2);
  CHECK(taken->sent_again == 1);
  CHECK(store.submission(1).state == State::delivering);
  CHECK(store.count(1, Delivery::queued) == 1);
  // The same report again changes nothing.
  taken = take_report(*store, config.destinations[0], report);
  CHECK(taken->known);
  CHECK(taken->sent_again + taken->given_up + taken->committed == 0);

  auto row = store.deliveries(1)[1];
  CHECK(row.sop_instance_uid == derived_uid(1));
  row.state = Delivery::delivered;
  store.commit([&](storage::Transaction& transaction) { return transaction.outbox().update(row); });
  REQUIRE(*conclude(*store, store.submission(1)));
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  CHECK(commitments(store).back().item_count == 1);
  taken = take_report(*store, config.destinations[0], report_on(store, {1}));
  CHECK(taken->given_up == 1);
  CHECK(store.count(1, Delivery::failed) == 1);
  CHECK(store.deliveries(1)[1].last_error == "not committed: failure reason 0112H");
  CHECK(store.submission(1).state == State::delivering);
  CHECK_FALSE(*conclude(*store, store.submission(1)));
}

TEST_CASE("what a report does not mention is not committed") {
  TestStore store;
  const NodeConfig config = config_with();
  put_delivered(store, 2);
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  auto report = report_on(store, {});
  report.items.pop_back();
  CHECK(take_report(*store, config.destinations[0], report)->sent_again == 1);
}

TEST_CASE("a request without a report is repeated as a new transaction, so often and no more") {
  TestStore store;
  const NodeConfig config = config_with(2);
  put_delivered(store, 2);
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  const auto late = report_on(store, {0});
  abandon_last(store);
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  REQUIRE(commitments(store).size() == 2);
  CHECK(commitments(store)[0].transaction_uid != commitments(store)[1].transaction_uid);
  CHECK(commitments(store)[1].not_before > utc_now());
  // The report on the first one comes after all: what it commits counts, what it refuses is decided by the
  // second.
  const auto taken = take_report(*store, config.destinations[0], late);
  CHECK(taken->committed == 1);
  CHECK(taken->sent_again == 0);

  abandon_last(store);
  CHECK(*confirm(*store, config, store.submission(1)) == Confirmed::returned);
  CHECK(store.submission(1).state == State::delivering);
  CHECK(store.count(1, Delivery::failed) == 1);
  CHECK(store.count(1, Delivery::confirmed) == 1);
  // A person has it sent again: the requests count anew.
  set_deliveries(store, Delivery::delivered);
  REQUIRE(*conclude(*store, store.submission(1)));
  CHECK(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
}

TEST_CASE("of a study that is judged again nothing is sent because of a report") {
  TestStore store;
  const NodeConfig config = config_with();
  put_delivered(store, 2);
  REQUIRE(*confirm(*store, config, store.submission(1)) == Confirmed::asked);
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = *transaction.index().submission(1).value();
    return reopen(transaction, row, {utc_now(), "trialgate", "submission.reopened", "late", {}});
  });
  CHECK(take_report(*store, config.destinations[0], report_on(store, {0}))->sent_again == 1);
  CHECK(store.submission(1).state == State::receiving);
  CHECK(store.deliveries(1)[0].not_before == parked);
}
