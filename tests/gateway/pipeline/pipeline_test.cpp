#include "gateway/pipeline/pipeline.h"

#include "tests/gateway/support/running_node.h"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::gateway::test;
using State = storage::SubmissionState;

namespace {

/// A whole node but for the command line: the sample trial, one site, an archive in memory.
class WholeNode {
 public:
  explicit WholeNode(std::vector<std::string> worker = {TRIALGATE_INSTANCE_WORKER},
                     std::chrono::milliseconds quiet = std::chrono::milliseconds(300)) {
    config_.quiet = quiet;
    config_.trials.push_back(
        {write_sample_trial(trial_folder_,
                            std::string(sample_trial) + "deliver:\n  - {to: irc, when: released}\n"),
         {}});
    config_.key_file = trial_folder_.path() / "key";
    Destination irc;
    irc.name = "irc";
    irc.ae_title = "TRIALGATE";
    irc.host = "127.0.0.1";
    irc.port = archive.port;
    irc.retry_first = std::chrono::seconds(1);
    config_.destinations.push_back(irc);
    workers_config_.command = std::move(worker);
    workers_config_.job_timeout = std::chrono::seconds(60);
    start();
  }
  WholeNode(const WholeNode&) = delete;
  WholeNode& operator=(const WholeNode&) = delete;
  ~WholeNode() { stop(); }

  void start() {
    auto loaded = TrialBook::load(config_);
    if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded))
      FAIL(errors->front().to_string());
    trials_ = std::move(std::get<std::unique_ptr<TrialBook>>(loaded));
    wake_ups_ = std::make_unique<PipelineWakeUps>();
    const auto wake = [wake_ups = wake_ups_.get()] { wake_ups->set(); };
    workers_ = std::make_unique<InstanceWorkers>(workers_config_);
    receiving_ = std::make_unique<ReceivingNode>(*store, wake);
    forwarder_ = std::make_unique<Forwarder>(*store, config_, receiving_->log(), wake);
    commitments_ = std::make_unique<CommitmentUser>(*store, config_, receiving_->log(), wake);
    pipeline_ = std::make_unique<Pipeline>(*store, *workers_, *trials_, receiving_->reception(), *forwarder_,
                                           *commitments_, config_, *wake_ups_, receiving_->log());
  }
  /// In the node's own order.
  void stop() {
    if (!pipeline_) return;
    forwarder_->stop(std::chrono::milliseconds(0));
    wake_ups_->stop();
    workers_->stop(std::chrono::milliseconds(0));
    pipeline_.reset();
    commitments_.reset();
    forwarder_.reset();
    receiving_.reset();
    workers_.reset();
    store.reopen();
  }
  void set_worker(const char* path) { workers_config_.command = {path}; }

  std::vector<int> send(std::vector<SyntheticInstance> instances) {
    return receiving_->send(std::move(instances));
  }
  bool becomes(std::uint64_t id, State state, std::uint32_t version = 1) {
    return soon([&] {
      const auto row = store.submission(id);
      return row.state == state && row.version == version;
    });
  }

  TestStore store;
  trialgate::test::Node archive;

 private:
  TemporaryFolder trial_folder_;
  NodeConfig config_;
  WorkerPoolConfig workers_config_;
  std::unique_ptr<TrialBook> trials_;
  std::unique_ptr<PipelineWakeUps> wake_ups_;
  std::unique_ptr<InstanceWorkers> workers_;
  std::unique_ptr<ReceivingNode> receiving_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<CommitmentUser> commitments_;
  std::unique_ptr<Pipeline> pipeline_;
};

/// Slice `n` of a conforming baseline.
SyntheticInstance slice(int n, const std::string& study = "1.2.3", const char* thickness = "5") {
  SyntheticInstance instance(study + ".4." + std::to_string(n), study);
  instance.set(0x00200013, "IS", std::to_string(n));
  instance.set(0x00200032, "DS", "0\\0\\" + std::to_string(5 * n));
  instance.set(0x00180050, "DS", thickness);
  return instance;
}

std::vector<SyntheticInstance> study(int from, int to, const std::string& uid = "1.2.3",
                                     const char* thickness = "5") {
  std::vector<SyntheticInstance> slices;
  for (int n = from; n < to; ++n) slices.push_back(slice(n, uid, thickness));
  return slices;
}

bool identifies(const std::vector<std::uint8_t>& data) {
  const std::string text(data.begin(), data.end());
  for (const char* secret : {"Secret", "HOSP-77", "ACC-4711", "Referrer", "19500102"}) {
    if (text.find(secret) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a conforming study is received, judged, de-identified and delivered, each step once") {
  WholeNode node;
  CHECK(node.send(study(0, 12)) == std::vector<int>(12, 0));
  REQUIRE(node.becomes(1, State::confirmed));
  const auto stored = node.archive.service.stored();
  CHECK(stored.size() == 12);
  for (const auto& one : stored) CHECK_FALSE(identifies(one.data_set));
  CHECK(node.store.submission(1).subject == "ONC-301-007");
  CHECK(node.store.submission(1).time_point == "BL");
  for (const char* event : {"submission.opened", "submission.complete", "submission.released",
                            "submission.deidentified", "submission.dispatched", "submission.confirmed"}) {
    CAPTURE(event);
    CHECK(node.store.events(event) == 1);
  }
  CHECK(node.store.events("instance.examined") == 12);
}

TEST_CASE("thick slices are held; nothing of them leaves") {
  WholeNode node;
  node.send(study(0, 4, "1.2.3", "7.5"));
  REQUIRE(node.becomes(1, State::quarantined));
  CHECK(node.archive.service.begun() == 0);
}

TEST_CASE("a late instance re-opens a delivered study; only what is new is sent") {
  WholeNode node;
  node.send(study(0, 5));
  REQUIRE(node.becomes(1, State::confirmed));
  node.send(study(5, 6));
  REQUIRE(node.becomes(1, State::confirmed, 2));
  CHECK(node.archive.service.stored().size() == 6);
  CHECK(node.store.events("submission.reopened") == 1);
}

TEST_CASE("an instance under a known UID with other bytes quarantines the study as a conflict") {
  WholeNode node;
  node.send(study(0, 3));
  REQUIRE(node.becomes(1, State::confirmed));
  SyntheticInstance other = slice(1);
  other.set(0x00080070, "LO", "Other maker");
  CHECK(node.send({other}) == std::vector<int>{0});
  REQUIRE(node.becomes(1, State::quarantined, 2));
  CHECK(node.archive.service.stored().size() == 3);
}

TEST_CASE("what cannot be read, and what names its study with nonsense, becomes a submission of its own") {
  WholeNode node;
  SyntheticInstance long_uid("1.2.9.1", std::string(90, '1'));
  SyntheticInstance odd("1.2.9.2");
  odd.elements.erase(0x0020000D);
  auto instances = study(0, 3);
  instances.push_back(long_uid);
  instances.push_back(odd);
  CHECK(node.send(instances) == std::vector<int>(5, 0));
  REQUIRE(soon([&] { return node.store.submission(3).id == 3; }));
  std::size_t confirmed = 0;
  std::size_t quarantined = 0;
  REQUIRE(soon([&] {
    confirmed = quarantined = 0;
    for (std::uint64_t id = 1; id <= 3; ++id) {
      confirmed += node.store.submission(id).state == State::confirmed ? 1 : 0;
      quarantined += node.store.submission(id).state == State::quarantined ? 1 : 0;
    }
    return confirmed == 1 && quarantined == 2;
  }));
  CHECK(node.store.events("instance.unreadable") == 2);
}

TEST_CASE("without workers nothing is lost or blamed; the next start goes on") {
  WholeNode node({"/nonexistent/worker"});
  CHECK(node.send(study(0, 4)) == std::vector<int>(4, 0));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto before = std::chrono::steady_clock::now();
  node.stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(20));
  CHECK(node.store.events("instance.unreadable") == 0);
  node.set_worker(TRIALGATE_INSTANCE_WORKER);
  node.start();
  REQUIRE(node.becomes(1, State::confirmed));
  CHECK(node.archive.service.stored().size() == 4);
}

TEST_CASE("a restart at any moment resumes; nothing is sent twice with other bytes") {
  WholeNode node({TRIALGATE_INSTANCE_WORKER}, std::chrono::milliseconds(50));
  node.send(study(0, 20));
  for (int round = 0; round < 6; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30 * round));
    node.stop();
    node.start();
  }
  // However often the short quiet time let it be judged before the last instance.
  REQUIRE(soon([&] {
    const auto row = node.store.submission(1);
    return row.state == State::confirmed && row.instance_count == 20;
  }));
  std::map<std::string, std::vector<std::uint8_t>> by_uid;
  for (const auto& one : node.archive.service.stored()) {
    const auto [known, fresh] = by_uid.emplace(one.request.sop_instance.value(), one.data_set);
    CHECK(known->second == one.data_set);
  }
  CHECK(by_uid.size() == 20);
}
