#include "gateway/deliver/lane.h"

#include "dimse/status.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/pipeline/transition.h"
#include "tests/dimse/support/node.h"
#include "tests/dimse/support/raw_peer.h"
#include "tests/gateway/support/cutting_proxy.h"
#include "tests/gateway/support/outgoing.h"

#include <atomic>
#include <cstdio>
#include <map>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using Delivery = storage::DeliveryState;
using trialgate::test::MemoryService;
using ArchiveNode = trialgate::test::Node;

namespace {

NodeConfig node_to(std::uint16_t port, std::uint32_t associations = 4) {
  NodeConfig config;
  Destination destination;
  destination.name = "irc";
  destination.ae_title = "TRIALGATE";
  destination.host = "127.0.0.1";
  destination.port = port;
  destination.associations = associations;
  destination.retry_first = std::chrono::seconds(1);
  destination.retry_longest = std::chrono::seconds(2);
  config.destinations.push_back(destination);
  return config;
}

/// The forwarder of a node that runs for the time of a test.
class Running {
 public:
  Running(TestStore& store, const NodeConfig& config)
      : log_(stderr, LogFormat::text, dimse::Level::error),
        forwarder_(*store, config, log_, [this] { ++recorded_; }) {}
  [[nodiscard]] int recorded() const { return recorded_; }
  void wake() { forwarder_.wake(); }

 private:
  std::atomic<int> recorded_{0};
  Logger log_;
  Forwarder forwarder_;
};

std::size_t received_of(const std::vector<MemoryService::Stored>& stored, int n) {
  return static_cast<std::size_t>(std::count_if(stored.begin(), stored.end(), [n](const auto& one) {
    return one.request.sop_instance.value() == derived_uid(n);
  }));
}

/// Every copy that the archive has is what the store calls by that UID.
void check_bytes(const std::vector<MemoryService::Stored>& stored, int count, std::size_t bytes) {
  for (const auto& one : stored) {
    int n = 0;
    while (n < count && derived_uid(n) != one.request.sop_instance.value()) ++n;
    REQUIRE(n < count);
    const std::string expected = derived_data_set(n, bytes);
    CHECK(std::string(one.data_set.begin(), one.data_set.end()) == expected);
  }
}

}  // namespace

TEST_CASE("a lane sends each instance once, over four associations, from all its extents") {
  TestStore store;
  ArchiveNode archive;
  constexpr int count = 150;
  put_outgoing(store, 1, "irc", count, 20'000);
  {
    const Running running(store, node_to(archive.port));
    REQUIRE(soon([&] { return store.count(1, Delivery::delivered) == count; }));
  }
  const auto stored = archive.service.stored();
  CHECK(stored.size() == count);
  check_bytes(stored, count, 20'000);
  CHECK(store.events("instance.delivered") == count);
  for (const auto& row : store.deliveries(1)) CHECK(row.attempts == 1);
}

TEST_CASE("A700H is tried again after a wait; the delivery succeeds when the archive has room") {
  TestStore store;
  ArchiveNode archive;
  archive.service.behave({.outcome = {dimse::status::out_of_resources, ""}});
  put_outgoing(store, 1, "irc", 3);
  const Running running(store, node_to(archive.port));
  REQUIRE(soon([&] { return running.recorded() >= 3; }));
  CHECK(store.count(1, Delivery::queued) == 3);
  for (const auto& row : store.deliveries(1)) {
    CHECK(row.last_status == 0xA700);
    CHECK(row.last_error == "status A700H");
  }
  archive.service.behave({});
  REQUIRE(soon([&] { return store.count(1, Delivery::delivered) == 3; }));
  for (const auto& row : store.deliveries(1)) CHECK(row.attempts >= 2);
}

TEST_CASE("only a success counts: B006H, B000H and C000H wait for a person") {
  for (const std::uint16_t status : {std::uint16_t{0xB006}, std::uint16_t{0xB000}, std::uint16_t{0xC000}}) {
    CAPTURE(status);
    CHECK_FALSE(may_pass_by_itself(status));
    TestStore store;
    ArchiveNode archive;
    archive.service.behave({.outcome = {status, ""}});
    put_outgoing(store, 1, "irc", 2);
    const Running running(store, node_to(archive.port));
    REQUIRE(soon([&] { return store.count(1, Delivery::failed) == 2; }));
    for (const auto& row : store.deliveries(1)) CHECK(row.last_status == status);
    CHECK(store.events("instance.delivery_failed") == 2);
  }
}

TEST_CASE("an association that breaks in the middle: the rest is sent again, with the same bytes") {
  TestStore store;
  ArchiveNode archive;
  constexpr int count = 12;
  constexpr std::size_t bytes = 100'000;
  put_outgoing(store, 1, "irc", count, bytes);
  const CuttingProxy proxy(archive.port, 5 * bytes + bytes / 2, 2);
  {
    const Running running(store, node_to(proxy.port(), 1));
    REQUIRE(soon([&] { return store.count(1, Delivery::delivered) == count; }));
  }
  CHECK(proxy.connections() >= 3);
  const auto stored = archive.service.stored();
  check_bytes(stored, count, bytes);
  for (int n = 0; n < count; ++n) CHECK(received_of(stored, n) >= 1);
  CHECK(store.events("instance.delivery_deferred") >= 1);
}

TEST_CASE("a destination that hangs up on every association is asked ever less often") {
  TestStore store;
  ArchiveNode archive;
  put_outgoing(store, 1, "irc", 20);
  // The request to associate gets through, no instance does.
  const CuttingProxy proxy(archive.port, 1000, 1'000'000);
  const Running running(store, node_to(proxy.port(), 2));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  CHECK(proxy.connections() <= 12);
  CHECK(store.count(1, Delivery::queued) == 20);
}

TEST_CASE("a destination that is down, then up; the queue outlives a restart of the node") {
  std::uint16_t port = 0;
  {
    const trialgate::test::RawListener listener;
    port = listener.port();
  }
  TestStore store;
  put_outgoing(store, 1, "irc", 5);
  {
    const Running running(store, node_to(port));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(store.count(1, Delivery::queued) == 5);
  }
  store.reopen();
  CHECK(store.count(1, Delivery::queued) == 5);
  const Running running(store, node_to(port));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  auto config = trialgate::test::test_config();
  config.address = "127.0.0.1";
  config.port = port;
  ArchiveNode archive(config);
  REQUIRE(soon([&] { return store.count(1, Delivery::delivered) == 5; }));
  CHECK(archive.service.stored().size() == 5);
}

TEST_CASE("what is parked does not leave; what cannot be found does not stop the others") {
  TestStore store;
  ArchiveNode archive;
  put_outgoing(store, 1, "irc", 4);
  auto rows = store.deliveries(1);
  rows[0].not_before = parked;
  rows[1].version = 7;  // of which there is no derived instance
  store.commit([&](storage::Transaction& transaction) -> storage::Result<void> {
    if (auto updated = transaction.outbox().update(rows[0]); !updated) return updated;
    return transaction.outbox().update(rows[1]);
  });
  {
    const Running running(store, node_to(archive.port));
    REQUIRE(soon(
        [&] { return store.count(1, Delivery::delivered) == 2 && store.count(1, Delivery::failed) == 1; }));
  }
  CHECK(received_of(archive.service.stored(), 0) == 0);
  CHECK(store.deliveries(1)[0].state == Delivery::queued);
  CHECK(store.deliveries(1)[0].attempts == 0);
}

TEST_CASE("a study that is re-opened while it is sent: nothing more is begun, nothing is forgotten") {
  TestStore store;
  ArchiveNode archive;
  archive.service.behave({.finish_takes = std::chrono::milliseconds(50)});
  constexpr int count = 30;
  put_outgoing(store, 1, "irc", count);
  const Running running(store, node_to(archive.port, 1));
  REQUIRE(soon([&] { return store.count(1, Delivery::delivered) >= 2; }));
  store.commit([](storage::Transaction& transaction) -> storage::Result<void> {
    auto row = *transaction.index().submission(1).value();
    return reopen(transaction, row, {{}, "Ann", "submission.reopened", "wrong visit", {}});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const auto delivered = store.count(1, Delivery::delivered);
  CHECK(delivered < count);
  CHECK(archive.service.stored().size() == delivered);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(archive.service.stored().size() == delivered);
  for (const auto& row : store.deliveries(1)) {
    if (row.state == Delivery::queued) CHECK(row.not_before == parked);
  }
}

TEST_CASE("a forwarder that is stopped in the middle of everything leaves nothing behind") {
  for (int round = 0; round < 5; ++round) {
    TestStore store;
    ArchiveNode archive;
    archive.service.behave({.finish_takes = std::chrono::milliseconds(3)});
    put_outgoing(store, 1, "irc", 40, 50'000);
    {
      const Running running(store, node_to(archive.port));
      std::this_thread::sleep_for(std::chrono::milliseconds(20 * round));
    }
    const auto delivered = store.count(1, Delivery::delivered);
    CHECK(delivered + store.count(1, Delivery::queued) == 40);
    CHECK(archive.service.stored().size() >= delivered);
    store.reopen();
    const Running running(store, node_to(archive.port));
    REQUIRE(soon([&] { return store.count(1, Delivery::delivered) == 40; }));
    check_bytes(archive.service.stored(), 40, 50'000);
  }
}
