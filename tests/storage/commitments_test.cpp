#include "storage/commitments.h"

#include "storage/encode_commitments.h"
#include "storage/performed_steps.h"
#include "tests/storage/support.h"

#include <doctest/doctest.h>

using namespace trialgate::storage;
using trialgate::storage::testing::at;
using trialgate::storage::testing::ok;

namespace {

CommitmentRow asked_by(const std::string& site, const std::string& transaction_uid, std::int64_t not_before) {
  CommitmentRow row;
  row.site = site;
  row.partner = "SITE01_CT";
  row.transaction_uid = transaction_uid;
  row.called_ae = "TRIALGATE";
  row.item_count = 2;
  row.created_at = at(100);
  row.not_before = at(not_before);
  return row;
}

struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  std::unique_ptr<Store> store = Store::open(testing::small_store(directory.path()), files).value();

  Result<std::uint64_t> put(const CommitmentRow& row) {
    std::uint64_t id = 0;
    const auto done = store->commit([&](Transaction& transaction) -> Result<void> {
      const auto given = transaction.commitments().put_commitment(row);
      if (!given) return given.error();
      id = *given;
      return {};
    });
    if (!done) return done.error();
    return id;
  }
  std::vector<std::uint64_t> due(CommitmentRole role, std::int64_t now) {
    std::vector<std::uint64_t> ids;
    const auto done = store->read([&](const ReadTransaction& transaction) -> Result<void> {
      const auto rows = transaction.commitments().due_commitments(role, at(now), 10);
      if (!rows) return rows.error();
      for (const CommitmentRow& row : *rows) ids.push_back(row.id);
      return {};
    });
    REQUIRE(ok(done));
    return ids;
  }
};

}  // namespace

TEST_CASE("a commitment is due until it is settled, and its transaction is there once") {
  Fixture store;
  REQUIRE(*store.put(asked_by("SITE01", "2.25.1", 300)) == 1);
  REQUIRE(*store.put(asked_by("SITE01", "2.25.2", 200)) == 2);
  CHECK(store.put(asked_by("SITE01", "2.25.2", 200)).error().code == Errc::invalid_argument);
  REQUIRE(*store.put(asked_by("SITE02", "2.25.2", 200)) == 3);
  CommitmentRow ours = asked_by("", "2.25.2", 150);
  ours.role = CommitmentRole::user;
  ours.state = CommitmentState::queued;
  ours.submission = 7;
  REQUIRE(*store.put(ours) == 4);

  CHECK(store.due(CommitmentRole::provider, 199).empty());
  CHECK(store.due(CommitmentRole::provider, 300) == std::vector<std::uint64_t>{2, 3, 1});
  CHECK(store.due(CommitmentRole::user, 300) == std::vector<std::uint64_t>{4});

  CommitmentRow settled = asked_by("SITE01", "2.25.2", 200);
  settled.id = 2;
  settled.state = CommitmentState::settled;
  REQUIRE(ok(store.put(settled)));
  CHECK(store.due(CommitmentRole::provider, 300) == std::vector<std::uint64_t>{3, 1});
  // A peer that asks again is answered again.
  settled.state = CommitmentState::received;
  settled.not_before = at(400);
  REQUIRE(ok(store.put(settled)));
  CHECK(store.due(CommitmentRole::provider, 400) == std::vector<std::uint64_t>{3, 1, 2});
  settled.transaction_uid = "2.25.3";
  CHECK(store.put(settled).error().code == Errc::invalid_argument);
  settled.id = 9;
  CHECK(store.put(settled).error().code == Errc::not_found);
}

TEST_CASE("the instances of a commitment and those about a submission are found after a restart") {
  Fixture store;
  CommitmentRow ours = asked_by("", "2.25.2", 150);
  ours.role = CommitmentRole::user;
  ours.submission = 7;
  REQUIRE(*store.put(ours) == 1);
  std::vector<CommitmentItem> items;
  for (int i = 0; i < 10'000; ++i)
    items.push_back({"1.2.840.10008.5.1.4.1.1.2", "2.25." + std::to_string(i), 0});
  items.back().failure_reason = 0x0112;
  REQUIRE(ok(store.store->commit(
      [&](Transaction& transaction) { return transaction.commitments().put_items(1, items); })));
  CHECK_FALSE(ok(store.store->commit(
      [&](Transaction& transaction) { return transaction.commitments().put_items(2, items); })));

  store.store.reset();
  store.store = Store::open(testing::small_store(store.directory.path()), store.files).value();
  REQUIRE(ok(store.store->read([&](const ReadTransaction& transaction) -> Result<void> {
    CHECK(*transaction.commitments().items(1) == items);
    CHECK(transaction.commitments().commitments_about(7)->size() == 1);
    CHECK(transaction.commitments().commitments_about(8)->empty());
    CHECK((*transaction.commitments().commitment(CommitmentRole::user, "", "SITE01_CT", "2.25.2"))->id == 1);
    CHECK_FALSE(*transaction.commitments().commitment(CommitmentRole::provider, "", "SITE01_CT", "2.25.2"));
    return {};
  })));
}

TEST_CASE("performed procedure steps are found by site and study, and their data sets in order") {
  Fixture store;
  PerformedStepRow step;
  step.site = "SITE01";
  step.sop_instance_uid = "2.25.5";
  step.calling_ae = "SITE01_CT";
  step.study_uids = {"1.2.3"};
  step.created_at = at(100);
  const auto put = [&](const PerformedStepRow& row) {
    return store.store->commit(
        [&](Transaction& transaction) { return transaction.performed_steps().put_step(row); });
  };
  REQUIRE(ok(put(step)));
  for (const std::string_view bytes : {"created", "set"}) {
    REQUIRE(ok(store.store->commit([&](Transaction& transaction) {
      return transaction.performed_steps().add_message("SITE01", "2.25.5", bytes);
    })));
  }
  REQUIRE(ok(store.store->read([&](const ReadTransaction& transaction) -> Result<void> {
    const PerformedSteps& steps = transaction.performed_steps();
    REQUIRE(steps.steps_of("SITE01", "1.2.3")->size() == 1);
    CHECK(steps.steps_of("SITE01", "1.2.3")->front().messages == 2);
    CHECK(steps.steps_of("SITE02", "1.2.3")->empty());
    CHECK(steps.steps_of("SITE01", "1.2")->empty());
    CHECK_FALSE(*steps.step("SITE02", "2.25.5"));
    CHECK(*steps.message("SITE01", "2.25.5", 2) == "set");
    CHECK_FALSE(*steps.message("SITE01", "2.25.5", 3));
    return {};
  })));
}

TEST_CASE("rows of commitments and steps come back as they went; cut ones are refused") {
  const auto check_codec = [](const auto& row, auto decode) {
    const std::string bytes = encode(row);
    const auto decoded = decode(bytes);
    REQUIRE(ok(decoded));
    CHECK(*decoded == row);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(ok(decode(std::string_view(bytes).substr(0, size))));
    CHECK_FALSE(ok(decode(bytes + '\0')));
    CHECK_FALSE(ok(decode('\x02' + bytes.substr(1))));
  };
  CommitmentRow row = asked_by("SITE01", "2.25.2", 150);
  row.role = CommitmentRole::user;
  row.state = CommitmentState::abandoned;
  row.submission = 7;
  row.failed_count = 1;
  row.attempts = 4;
  row.settled_at = at(700);
  row.last_error = "refused";
  check_codec(row, decode_commitment);
  check_codec(std::vector<CommitmentItem>{{"1.2", "1.3", 0x0119}, {"1.2", "1.4", 0}},
              decode_commitment_items);
  PerformedStepRow step;
  step.site = "SITE01";
  step.sop_instance_uid = "2.25.5";
  step.state = PerformedStepState::discontinued;
  step.messages = 2;
  step.study_uids = {"1.2.3", "1.2.4"};
  step.instances = {"1.2.3.1"};
  check_codec(step, decode_performed_step);
}
