#include "gateway/commit/instance_check.h"

#include "gateway/commit/commitment_message.h"
#include "tests/gateway/support/test_store.h"

#include <fstream>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;

namespace {

constexpr const char* ct_image = "1.2.840.10008.5.1.4.1.1.2";

storage::Digest put_instance(TestStore& store, const std::string& uid, const std::string& site) {
  const storage::Digest blob = store.put_pack("bytes of " + uid + " from " + site);
  store.commit([&](storage::Transaction& transaction) {
    storage::InstanceRow row;
    row.sop_instance_uid = uid;
    row.sop_class_uid = ct_image;
    row.blob = blob;
    row.site = site;
    return transaction.index().put_instance(row);
  });
  return blob;
}

/// Changes one byte of a stored blob, as a bad disk does.
void damage(TestStore& store, const storage::Digest& blob) {
  const auto path = store.folder() / "blobs" / blob.hex().substr(0, 2) / blob.hex();
  std::filesystem::permissions(path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  REQUIRE(file.good());
  file.seekp(3);
  file.put('#');
}

std::vector<std::uint16_t> reasons(const std::vector<storage::CommitmentItem>& items) {
  std::vector<std::uint16_t> all;
  for (const auto& item : items) all.push_back(item.failure_reason);
  return all;
}

}  // namespace

TEST_CASE(
    "each instance is read again; what is damaged, of another class or of another site fails by itself") {
  TestStore store;
  put_instance(store, "1.2.1", "SITE01");
  const storage::Digest bad = put_instance(store, "1.2.2", "SITE01");
  put_instance(store, "1.2.3", "SITE02");
  put_instance(store, "1.2.4", "SITE01");
  put_instance(store, "1.2.4", "SITE02");
  damage(store, bad);

  std::vector<storage::CommitmentItem> items{
      {ct_image, "1.2.1", 7},    {ct_image, "1.2.2", 0}, {ct_image, "1.2.3", 0}, {ct_image, "1.2.4", 0},
      {"1.2.840.1", "1.2.1", 0}, {ct_image, "1.2.9", 0}, {ct_image, "1.2.2", 0}};
  const auto damaged = check_instances(*store, "SITE01", items, [] { return true; });
  REQUIRE(damaged.has_value());
  CHECK(*damaged == std::vector<storage::Digest>{bad});
  using namespace failure_reason;
  CHECK(reasons(items) == std::vector<std::uint16_t>{0, processing_failure, no_such_instance, 0,
                                                     class_instance_conflict, no_such_instance,
                                                     processing_failure});
}

TEST_CASE("an instance that came with two contents is committed only if both are sound") {
  TestStore store;
  put_instance(store, "1.2.1", "SITE01");
  const storage::Digest other = store.put_pack("other bytes");
  store.commit([&](storage::Transaction& transaction) {
    storage::InstanceRow row;
    row.sop_instance_uid = "1.2.1";
    row.sop_class_uid = ct_image;
    row.blob = other;
    row.site = "SITE01";
    row.conflict = true;
    return transaction.index().put_instance(row);
  });
  std::vector<storage::CommitmentItem> items{{ct_image, "1.2.1", 0}};
  REQUIRE(check_instances(*store, "SITE01", items, [] { return true; }).has_value());
  CHECK(items.front().failure_reason == 0);
  damage(store, other);
  REQUIRE(check_instances(*store, "SITE01", items, [] { return true; }).has_value());
  CHECK(items.front().failure_reason == failure_reason::processing_failure);
}

TEST_CASE("a check that is told to stop answers nothing") {
  TestStore store;
  put_instance(store, "1.2.1", "SITE01");
  std::vector<storage::CommitmentItem> items{{ct_image, "1.2.1", 0}};
  CHECK_FALSE(check_instances(*store, "SITE01", items, [] { return false; }).has_value());
}
