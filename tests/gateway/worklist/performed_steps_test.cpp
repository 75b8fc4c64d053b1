#include "gateway/worklist/performed_steps.h"

#include "dimse/message/command_set.h"
#include "gateway/message/data_set.h"
#include "tests/gateway/support/test_store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using rules::Tag;
using rules::Vr;

namespace {

constexpr std::string_view explicit_little = "1.2.840.10008.1.2.1";

void add_sequence(rules::ElementList& list, Tag tag, Tag inner, const std::vector<std::string>& values) {
  rules::Element sequence = rules::Element::sequence(tag);
  for (const std::string& value : values)
    rules::append_item(list, sequence).elements.put({inner, Vr::ui, value});
  list.put(std::move(sequence));
}

std::vector<std::uint8_t> created(const std::string& status = "IN PROGRESS",
                                  const std::string& study = "1.2.3") {
  auto data_set = new_message(explicit_little).value();
  if (!status.empty()) data_set.elements.put({{0x0040, 0x0252}, Vr::cs, status});
  add_sequence(data_set.elements, {0x0040, 0x0270}, {0x0020, 0x000D}, {study});
  return write_message(data_set).value();
}

std::vector<std::uint8_t> ended(const std::string& status, const std::vector<std::string>& instances) {
  auto data_set = new_message(explicit_little).value();
  data_set.elements.put({{0x0040, 0x0252}, Vr::cs, status});
  rules::Element series = rules::Element::sequence({0x0040, 0x0340});
  auto& item = rules::append_item(data_set.elements, series).elements;
  add_sequence(item, {0x0008, 0x1140}, {0x0008, 0x1155}, instances);
  data_set.elements.put(std::move(series));
  return write_message(data_set).value();
}

struct Fixture {
  TestStore store;
  boost::asio::thread_pool disk{1};
  Logger log{stderr, LogFormat::text, dimse::Level::error};
  int ends = 0;
  PerformedStepProvider provider{*store, disk, log, [this] { ++ends; }};

  dimse::NormalizedResponse perform(dimse::CommandField command, const std::string& uid,
                                    std::vector<std::uint8_t> data_set, const std::string& site = "SITE01") {
    dimse::NormalizedRequest request;
    request.association.peer_id = site + "\\CT1";
    request.association.calling = dimse::AeTitle("CT1");
    request.association.peer_address = "127.0.0.1";
    request.command_field = static_cast<std::uint16_t>(command);
    request.sop_instance = dimse::Uid(uid);
    request.transfer_syntax = dimse::Uid(std::string(explicit_little));
    request.data_set = std::move(data_set);
    boost::asio::io_context context(1);
    dimse::NormalizedResponse response;
    boost::asio::co_spawn(context, provider.take(std::move(request)),
                          [&](const std::exception_ptr& error, dimse::NormalizedResponse got) {
                            REQUIRE(error == nullptr);
                            response = std::move(got);
                          });
    context.run();
    return response;
  }
  std::uint16_t create(const std::string& uid, std::vector<std::uint8_t> data_set = created(),
                       const std::string& site = "SITE01") {
    return perform(dimse::CommandField::n_create_rq, uid, std::move(data_set), site).status;
  }
  dimse::NormalizedResponse set(const std::string& uid, std::vector<std::uint8_t> data_set,
                                const std::string& site = "SITE01") {
    return perform(dimse::CommandField::n_set_rq, uid, std::move(data_set), site);
  }
  std::optional<PerformedComparison> compare() {
    storage::SubmissionRow row;
    row.site = "SITE01";
    row.study_uid = "1.2.3";
    std::optional<PerformedComparison> found;
    REQUIRE(store
                ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                  auto comparison = compare_performed(transaction, row);
                  if (!comparison) return comparison.error();
                  found = std::move(*comparison);
                  return {};
                })
                .has_value());
    return found;
  }
  void receive(const std::string& uid, const std::string& site = "SITE01") {
    store.commit([&](storage::Transaction& transaction) {
      storage::InstanceRow row;
      row.sop_instance_uid = uid;
      row.site = site;
      row.blob = storage::Digest::of({reinterpret_cast<const std::uint8_t*>(uid.data()), uid.size()});
      return transaction.index().put_instance(row);
    });
  }
};

}  // namespace

TEST_CASE("PS3.4 F.7: a step is created once, set until it ends, and then no more") {
  Fixture node;
  CHECK(node.create("2.25.1") == 0);
  CHECK(node.create("2.25.1") == 0x0111);
  CHECK(node.create("2.25.2", created("COMPLETED")) == 0x0106);
  CHECK(node.create("2.25.2", created("")) == 0x0120);
  CHECK(node.create("", created()) == 0x0117);
  CHECK(node.create("2.25.2", {1, 2, 3}) == 0x0110);
  CHECK(node.set("2.25.2", ended("COMPLETED", {})).status == 0x0112);
  CHECK(node.set("2.25.1", ended("DONE", {})).status == 0x0106);
  CHECK(node.set("2.25.1", ended("IN PROGRESS", {"1.2.3.1"})).status == 0);
  CHECK(node.ends == 0);
  CHECK(node.set("2.25.1", ended("COMPLETED", {"1.2.3.1", "1.2.3.2"})).status == 0);
  CHECK(node.ends == 1);
  for (const char* status : {"IN PROGRESS", "COMPLETED", "DISCONTINUED"}) {
    const auto refused = node.set("2.25.1", ended(status, {}));
    CHECK(refused.status == 0x0110);
    CHECK(refused.error_id == 0xA710);
  }
  CHECK(node.perform(dimse::CommandField::n_get_rq, "2.25.1", {}).status == 0x0211);

  // Kept as it came, and in the audit trail.
  REQUIRE(node.store
              ->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
                const auto step = *transaction.performed_steps().step("SITE01", "2.25.1").value();
                CHECK(step.state == storage::PerformedStepState::completed);
                CHECK(step.messages == 3);
                CHECK(step.study_uids == std::vector<std::string>{"1.2.3"});
                const auto bytes = created();
                CHECK(*transaction.performed_steps().message("SITE01", "2.25.1", 1).value() ==
                      std::string(explicit_little) + '\0' + std::string(bytes.begin(), bytes.end()));
                return {};
              })
              .has_value());
  CHECK(node.store.events("performed_step.created") == 1);
  CHECK(node.store.events("performed_step.completed") == 1);
}

TEST_CASE("another site's step does not exist for a site") {
  Fixture node;
  CHECK(node.create("2.25.1") == 0);
  CHECK(node.set("2.25.1", ended("COMPLETED", {}), "SITE02").status == 0x0112);
  CHECK(node.create("2.25.1", created(), "SITE02") == 0);
}

TEST_CASE("what a completed step names and did not come from the site is missing") {
  Fixture node;
  CHECK_FALSE(node.compare().has_value());
  REQUIRE(node.create("2.25.1") == 0);
  REQUIRE(node.create("2.25.2") == 0);
  REQUIRE(node.set("2.25.2", ended("DISCONTINUED", {"1.2.3.9"})).status == 0);
  CHECK_FALSE(node.compare().has_value());
  REQUIRE(node.set("2.25.1", ended("COMPLETED", {"1.2.3.1", "1.2.3.2", "1.2.3.1"})).status == 0);
  node.receive("1.2.3.1");
  node.receive("1.2.3.2", "SITE02");
  REQUIRE(node.compare().has_value());
  CHECK(node.compare()->instances.source_count == 2);
  CHECK(node.compare()->instances.missing == std::vector<std::string>{"1.2.3.2"});
  CHECK(node.compare()->last_end > storage::UtcTime());
}
