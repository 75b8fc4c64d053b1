#include "dimse/pdu/encode.h"
#include "tests/dimse/support/raw_peer.h"
#include "tests/gateway/support/running_node.h"

#include <atomic>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace {

std::vector<storage::InstanceRow> instances(TestStore& store, const std::string& uid) {
  std::vector<storage::InstanceRow> rows;
  REQUIRE(store
              ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                auto found = transaction.index().instances(uid);
                if (!found) return found.error();
                rows = std::move(*found);
                return {};
              })
              .has_value());
  return rows;
}

std::string stored_file(TestStore& store, const storage::Digest& digest) {
  auto blob = store->blobs().open(digest);
  REQUIRE(blob.has_value());
  std::string bytes(blob->size_bytes, '\0');
  REQUIRE(blob->read_at(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}).has_value());
  return bytes;
}

}  // namespace

TEST_CASE("0000H: the data set is in the store bit for bit, with its row and its audit record") {
  TestStore store;
  std::atomic<int> arrived = 0;
  SyntheticInstance instance;
  instance.set(0x7FE00010, "OW", std::string(1'000'000, '\x5A'));
  {
    ReceivingNode node(*store, [&arrived] { ++arrived; });
    CHECK(node.send({instance}) == std::vector<int>{0});
  }
  const auto rows = instances(store, "1.2.3.4.5");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].site == "SITE01");
  CHECK(rows[0].calling_ae == "SITE01_CT");
  CHECK(rows[0].state == storage::InstanceState::received);
  CHECK_FALSE(rows[0].conflict);
  const std::string file = stored_file(store, rows[0].blob);
  CHECK(file.size() == rows[0].size_bytes);
  CHECK(file.substr(rows[0].data_set_offset) == instance.data_set());
  CHECK(store.events("instance.received") == 1);
  CHECK(store.audit().front().actor == "SITE01_CT@127.0.0.1");
  // Once for the instance, once for the end of its association.
  CHECK(arrived == 2);
}

TEST_CASE("the same bytes again are a success and nothing new; other bytes are kept as a conflict") {
  TestStore store;
  SyntheticInstance other;
  other.set(0x00080060, "CS", "MR");
  {
    ReceivingNode node(*store);
    CHECK(node.send({SyntheticInstance(), SyntheticInstance(), other, other}) ==
          std::vector<int>{0, 0, 0, 0});
  }
  const auto rows = instances(store, "1.2.3.4.5");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].conflict != rows[1].conflict);
  CHECK(store.events("instance.received") == 1);
  CHECK(store.events("instance.received_again") == 2);
  CHECK(store.events("instance.conflict") == 1);
}

TEST_CASE("identical instances over four associations at once: one copy, four successes") {
  TestStore store;
  ReceivingNode node(*store);
  std::atomic<int> successes = 0;
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      trialgate::test::IoThread io;
      for (const int status : io.run(store_all(node.port(), {SyntheticInstance()}, node.log()))) {
        successes += status == 0 ? 1 : 0;
      }
    });
  }
  for (auto& sender : senders) sender.join();
  CHECK(successes == 4);
  CHECK(instances(store, "1.2.3.4.5").size() == 1);
  CHECK(store.events("instance.received") == 1);
}

TEST_CASE("below the watermark an instance is refused with A700H and leaves no trace") {
  TestStore store;
  store.close();
  store.open(std::uint64_t{1} << 60);
  ReceivingNode node(*store);
  CHECK(node.send({SyntheticInstance()}) == std::vector<int>{0xA700});
  CHECK(instances(store, "1.2.3.4.5").empty());
  CHECK(store.audit().empty());
}

TEST_CASE("a peer that goes away in the middle of a data set leaves nothing") {
  TestStore store;
  {
    ReceivingNode node(*store);
    trialgate::test::RawPeer peer(node.port());
    auto rq = trialgate::test::usual_rq();
    rq.titles = dimse::AssociateTitles(dimse::AeTitle("TRIALGATE"), dimse::AeTitle("SITE01_CT"));
    peer.send(dimse::encode(rq));
    REQUIRE(peer.receive().has_value());
    peer.send(trialgate::test::c_store_rq(3, 1, trialgate::test::ct_image_storage, "1.2.9"));
    for (int i = 0; i < 40; ++i) {
      peer.send(trialgate::test::p_data(3, false, false, std::vector<std::uint8_t>(16'000, 1)));
    }
    REQUIRE(soon([&] { return node.reception().is_open(1); }));
    peer.reset();
    REQUIRE(soon([&] { return !node.reception().is_open(1); }));
  }
  CHECK(instances(store, "1.2.9").empty());
  store.reopen();
  CHECK(store->recovery().orphans.empty());
  CHECK(store->recovery().temp_files_removed == 0);
}
