#include "storage/outbox.h"

#include "tests/storage/support.h"

#include <doctest/doctest.h>

using namespace trialgate::storage;
using trialgate::storage::testing::at;
using trialgate::storage::testing::ok;

namespace {

struct Fixture {
  testing::TemporaryDirectory directory;
  PosixFileSystem files;
  std::unique_ptr<Store> store = Store::open(testing::small_store(directory.path()), files).value();

  std::uint64_t enqueue(const std::string& destination, std::int64_t not_before,
                        std::uint64_t submission = 7) {
    std::uint64_t id = 0;
    const auto done = store->commit([&](Transaction& transaction) -> Result<void> {
      DeliveryRow row;
      row.submission = submission;
      row.destination = destination;
      row.sop_instance_uid = "2.25.1";
      row.enqueued_at = at(100 + static_cast<std::int64_t>(submission));
      row.not_before = at(not_before);
      const auto enqueued = transaction.outbox().enqueue(row);
      if (!enqueued) return enqueued.error();
      id = *enqueued;
      return {};
    });
    REQUIRE_MESSAGE(done.has_value(), done.error().message());
    return id;
  }
  Result<void> change(std::uint64_t id, const std::function<void(DeliveryRow&)>& edit) {
    return store->commit([&](Transaction& transaction) -> Result<void> {
      auto row = transaction.outbox().delivery(id);
      if (!row) return row.error();
      edit(**row);
      return transaction.outbox().update(**row);
    });
  }
  template <class T>
  T read(const std::function<Result<T>(const Outbox&)>& body) {
    std::optional<T> value;
    const auto done = store->read([&](const ReadTransaction& transaction) -> Result<void> {
      auto result = body(transaction.outbox());
      if (!result) return result.error();
      value = std::move(*result);
      return {};
    });
    REQUIRE_MESSAGE(done.has_value(), done.error().message());
    return *std::move(value);
  }
  std::vector<std::uint64_t> due(const std::string& destination, std::int64_t now, std::size_t limit = 100) {
    std::vector<std::uint64_t> ids;
    for (const DeliveryRow& row : read<std::vector<DeliveryRow>>(
             [&](const Outbox& outbox) { return outbox.due(destination, at(now), limit); })) {
      ids.push_back(row.id);
    }
    return ids;
  }
};

using Ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "due deliveries come by time, then by age, for one destination only") {
  CHECK(enqueue("archive", 30) == 1);
  CHECK(enqueue("archive", 10) == 2);
  CHECK(enqueue("reader", 5) == 3);
  CHECK(enqueue("archive", 10) == 4);
  CHECK(enqueue("archive", -10) == 5);
  CHECK(enqueue("archive2", 1) == 6);
  CHECK(due("archive", 9) == Ids{5});
  CHECK(due("archive", 10) == Ids{5, 2, 4});
  CHECK(due("archive", 100) == Ids{5, 2, 4, 1});
  CHECK(due("archive", 100, 2) == Ids{5, 2});
  CHECK(due("archive", 100, 0).empty());
  CHECK(due("nobody", 100).empty());
  CHECK(read<std::optional<UtcTime>>([](const Outbox& outbox) { return outbox.next_due("archive"); }) ==
        at(-10));
  CHECK_FALSE(
      ok(read<std::optional<UtcTime>>([](const Outbox& outbox) { return outbox.next_due("nobody"); })));
}

TEST_CASE_FIXTURE(Fixture, "a delivery that is put off or done leaves its place in the queue") {
  enqueue("archive", 10);
  enqueue("archive", 20);
  REQUIRE(ok(change(1, [](DeliveryRow& row) {
    row.not_before = at(50);
    ++row.attempts;
    row.last_status = 0xa700;
  })));
  CHECK(due("archive", 20) == Ids{2});
  CHECK(due("archive", 60) == Ids{2, 1});
  REQUIRE(ok(change(2, [](DeliveryRow& row) { row.state = DeliveryState::delivered; })));
  CHECK(due("archive", 60) == Ids{1});
  REQUIRE(ok(change(2, [](DeliveryRow& row) { row.state = DeliveryState::confirmed; })));
  REQUIRE(ok(change(1, [](DeliveryRow& row) { row.state = DeliveryState::failed; })));
  CHECK(due("archive", 60).empty());
  REQUIRE(ok(change(1, [](DeliveryRow& row) { row.state = DeliveryState::queued; })));
  CHECK(due("archive", 60) == Ids{1});
  const auto row = read<std::optional<DeliveryRow>>([](const Outbox& outbox) { return outbox.delivery(1); });
  CHECK(row->attempts == 1);
  CHECK(row->last_status == 0xa700);
}

TEST_CASE_FIXTURE(Fixture, "counts follow every change") {
  enqueue("archive", 10, 7);
  enqueue("archive", 20, 8);
  enqueue("reader", 20, 8);
  REQUIRE(ok(change(1, [](DeliveryRow& row) { row.state = DeliveryState::confirmed; })));
  CHECK(read<DeliveryCounts>([](const Outbox& outbox) { return outbox.counts("archive"); }) ==
        DeliveryCounts{{DeliveryState::queued, 1}, {DeliveryState::confirmed, 1}});
  CHECK(read<DeliveryCounts>([](const Outbox& outbox) { return outbox.counts_of(8); }) ==
        DeliveryCounts{{DeliveryState::queued, 2}});
  using All = std::map<std::string, DeliveryCounts>;
  CHECK(read<All>([](const Outbox& outbox) { return outbox.counts(); }).size() == 2);
  CHECK(read<std::vector<DeliveryRow>>([](const Outbox& outbox) { return outbox.deliveries_of(8); }).size() ==
        2);
  CHECK(read<std::vector<DeliveryRow>>([](const Outbox& outbox) {
          return outbox.deliveries_in("archive", DeliveryState::confirmed, 10);
        }).size() == 1);
  CHECK(read<std::optional<UtcTime>>([](const Outbox& outbox) { return outbox.oldest_queued("archive"); }) ==
        at(108));
}

TEST_CASE_FIXTURE(Fixture, "an update of something else is refused") {
  enqueue("archive", 10);
  const auto moved = change(1, [](DeliveryRow& row) { row.destination = "reader"; });
  REQUIRE_FALSE(ok(moved));
  CHECK(moved.error().code == Errc::invalid_argument);
  const auto missing = store->commit([](Transaction& transaction) {
    DeliveryRow row;
    row.id = 99;
    return transaction.outbox().update(row);
  });
  REQUIRE_FALSE(ok(missing));
  CHECK(missing.error().code == Errc::not_found);
}
