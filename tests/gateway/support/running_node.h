#pragma once

#include "dimse/scp/acceptor.h"
#include "dimse/scu/requestor.h"
#include "gateway/config/trial_book.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/receive/reception.h"
#include "gateway/receive/site_access.h"
#include "tests/dimse/support/memory_source.h"
#include "tests/dimse/support/node.h"
#include "tests/gateway/commands/sample_trial.h"
#include "tests/gateway/support/test_store.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::gateway::test {

/// Sends instances over one association; returns the status of each, -1 where there was no answer. One empty
/// list when the association was not accepted.
inline dimse::Task<std::vector<int>> store_all(std::uint16_t port, std::vector<SyntheticInstance> instances,
                                               dimse::Log& log) {
  dimse::RequestorConfig config;
  config.host = "127.0.0.1";
  config.port = port;
  config.calling = dimse::AeTitle("SITE01_CT");
  config.called = dimse::AeTitle("TRIALGATE");
  dimse::ProposedContext ct;
  ct.abstract_syntax = dimse::Uid("1.2.840.10008.5.1.4.1.1.2");
  ct.transfer_syntaxes.emplace_back("1.2.840.10008.1.2.1");
  std::vector<dimse::ProposedContext> contexts(1, ct);
  auto opened = co_await dimse::Requestor::open(std::move(config), std::move(contexts), log);
  std::vector<int> statuses;
  if (!opened) co_return statuses;
  for (const SyntheticInstance& instance : instances) {
    const std::string data = instance.data_set();
    trialgate::test::MemorySource source({data.begin(), data.end()});
    dimse::StoreOperation operation;
    operation.sop_class = ct.abstract_syntax;
    operation.sop_instance = dimse::Uid(instance.sop_instance_uid);
    operation.transfer_syntax = ct.transfer_syntaxes.front();
    operation.source = &source;
    const auto response = co_await (*opened)->store(std::move(operation));
    statuses.push_back(response ? response->status : -1);
  }
  [[maybe_unused]] const auto released = co_await (*opened)->release();
  co_return statuses;
}

/// What a node receives with, on a store of the test's; a site's scanner to send with.
class ReceivingNode {
 public:
  explicit ReceivingNode(
      storage::Store& store, std::function<void()> arrived = [] {})
      : log_(stderr, LogFormat::text, dimse::Level::error),
        reception_(store, disk_, log_, std::move(arrived)) {
    NodeConfig config;
    config.peers.push_back({"SITE01_CT", "SITE01", {}, 4});
    access_ = std::make_unique<SiteAccess>(config);
    std::vector<boost::asio::any_io_executor> executors{io_.executor()};
    acceptor_ = std::make_unique<dimse::Acceptor>(executors, trialgate::test::test_config(), *access_,
                                                  reception_, log_);
    port_ = acceptor_->listen().value();
  }
  ReceivingNode(const ReceivingNode&) = delete;
  ReceivingNode& operator=(const ReceivingNode&) = delete;
  ~ReceivingNode() { io_.run(acceptor_->drain(std::chrono::milliseconds(0))); }

  std::vector<int> send(std::vector<SyntheticInstance> instances) {
    return sender_.run(store_all(port_, std::move(instances), log_));
  }
  [[nodiscard]] const Reception& reception() const { return reception_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Logger& log() { return log_; }

 private:
  Logger log_;
  boost::asio::thread_pool disk_{2};
  Reception reception_;
  std::unique_ptr<SiteAccess> access_;
  trialgate::test::IoThread io_;
  std::unique_ptr<dimse::Acceptor> acceptor_;
  trialgate::test::IoThread sender_;
  std::uint16_t port_ = 0;
};

}  // namespace trialgate::gateway::test
