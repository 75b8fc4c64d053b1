#include "gateway/serve/node.h"

#include "dimse/scp/acceptor.h"
#include "dimse/ul/task_group.h"
#include "gateway/config/key_file.h"
#include "gateway/config/trial_book.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/receive/reception.h"
#include "gateway/receive/site_access.h"
#include "gateway/serve/recovery_log.h"
#include "gateway/version.h"
#include "gateway/worker/instance_workers.h"
#include "storage/file_system.h"
#include "storage/store.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

namespace trialgate::gateway {
namespace {

namespace asio = boost::asio;

/// Two threads for each core would gain nothing: they wait for the same disk.
constexpr std::size_t disk_threads = 4;

int report(const std::vector<rules::ConfigError>& errors) {
  for (const rules::ConfigError& error : errors) std::fprintf(stderr, "%s\n", error.to_string().c_str());
  return 2;
}

int cannot_start(const std::string& why) {
  std::fprintf(stderr, "trialgate: cannot start: %s\n", why.c_str());
  return 1;
}

/// The I/O threads: one io_context each, so that an association never changes its thread.
class IoThreads {
 public:
  explicit IoThreads(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
      guards_.emplace_back(contexts_.back()->get_executor());
      threads_.emplace_back([context = contexts_.back().get()] { context->run(); });
    }
  }
  ~IoThreads() {
    guards_.clear();
    for (const auto& context : contexts_) context->stop();
    for (std::thread& thread : threads_) thread.join();
  }
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  [[nodiscard]] std::vector<asio::any_io_executor> executors() const {
    std::vector<asio::any_io_executor> all;
    for (const auto& context : contexts_) all.emplace_back(context->get_executor());
    return all;
  }

 private:
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

dimse::AcceptorConfig acceptor_config(const NodeConfig& config, const ListenAddress& listen) {
  dimse::AcceptorConfig acceptor;
  acceptor.address = listen.address;
  acceptor.port = listen.port;
  acceptor.max_pdu_bytes = config.max_pdu_bytes;
  acceptor.max_associations = config.max_associations;
  acceptor.max_associations_per_address = config.max_associations;
  acceptor.artim = config.artim;
  acceptor.idle = config.idle_timeout;
  return acceptor;
}

storage::StoreConfig store_config(const NodeConfig& config) {
  storage::StoreConfig store;
  store.directory = config.store.string();
  store.watermark_percent = static_cast<std::uint32_t>(config.free_space_percent);
  store.watermark_bytes = config.free_space_bytes;
  return store;
}

WorkerPoolConfig worker_config(const NodeConfig& config) {
  WorkerPoolConfig workers;
  workers.processes = config.workers;
  workers.job_timeout = config.worker_timeout;
  return workers;
}

storage::Result<void> record_life(storage::Store& store, const char* event, const std::string& reason) {
  storage::AuditRecord audit;
  audit.at = utc_now();
  audit.actor = "trialgate";
  audit.event = event;
  audit.reason = reason;
  return store.commit([&audit](storage::Transaction& transaction) -> storage::Result<void> {
    auto appended = transaction.audit().append(audit);
    if (!appended) return appended.error();
    return {};
  });
}

/// Re-opens the store by itself after a failed sync, once the disk works again.
void mend(storage::Store& store, Logger& log) {
  if (store.acceptance() != storage::Acceptance::failed) return;
  log.event(dimse::Level::error, "store.not_accepting", {{"why", store.failure_reason()}});
  if (auto rescanned = store.rescan(); !rescanned) {
    log.event(dimse::Level::error, "store.rescan_failed", {{"why", rescanned.error().message()}});
  } else {
    log.event(dimse::Level::info, "store.accepting_again", {});
  }
}

/// Waits for SIGTERM or SIGINT and looks after the store meanwhile.
void run_until_signal(storage::Store& store, Logger& log) {
  asio::io_context context(1);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  while (!context.stopped()) {
    context.run_for(std::chrono::seconds(5));
    mend(store, log);
  }
}

void drain(std::vector<std::unique_ptr<dimse::Acceptor>>& acceptors, std::chrono::milliseconds grace,
           Logger& log) {
  for (const auto& acceptor : acceptors) acceptor->stop_accepting();
  asio::io_context context(1);
  dimse::TaskGroup tasks(log);
  for (const auto& acceptor : acceptors) tasks.spawn(context.get_executor(), acceptor->drain(grace));
  context.run();
}

bool write_port_file(const std::filesystem::path& file, const std::vector<std::uint16_t>& ports) {
  const std::filesystem::path staged = file.string() + ".part";
  {
    std::ofstream output(staged);
    for (const std::uint16_t port : ports) output << port << '\n';
    if (!output.flush()) return false;
  }
  std::error_code error;
  std::filesystem::rename(staged, file, error);
  return !error;
}

int run(const ServeOptions& options, const NodeConfig& config, TrialBook& trials) {
  Logger log(stderr, config.log_format, config.log_level);
  storage::PosixFileSystem files;
  std::error_code error;
  std::filesystem::create_directory(config.store, error);
  if (error) return cannot_start("cannot make the store's folder " + config.store.string() + ": " + error.message());
  auto opened = storage::Store::open(store_config(config), files);
  if (!opened) return cannot_start(opened.error().message());
  storage::Store& store = **opened;
  if (auto recorded = record_recovery(store, log); !recorded) return cannot_start(recorded.error().message());

  InstanceWorkers workers(worker_config(config));
  asio::thread_pool disk(disk_threads);
  // The pipeline is made after the reception and wakes up through here.
  std::atomic<Pipeline*> pipeline_to_wake = nullptr;
  const auto wake = [&pipeline_to_wake] {
    if (Pipeline* pipeline = pipeline_to_wake.load()) pipeline->wake();
  };
  Reception reception(store, disk, log, wake);
  SiteAccess access(config);
  IoThreads io(config.io_threads);
  std::vector<std::unique_ptr<dimse::Acceptor>> acceptors;
  std::vector<std::uint16_t> ports;
  for (const ListenAddress& listen : config.listen) {
    auto acceptor_settings = dimse::validate(acceptor_config(config, listen));
    if (!acceptor_settings) return cannot_start(acceptor_settings.error().message());
    auto acceptor =
        std::make_unique<dimse::Acceptor>(io.executors(), *acceptor_settings, access, reception, log);
    auto port = acceptor->listen();
    if (!port) {
      return cannot_start("cannot listen on " + listen.address + " port " + std::to_string(listen.port) +
                          ": " + port.error().message());
    }
    ports.push_back(*port);
    acceptors.push_back(std::move(acceptor));
  }
  {
    Forwarder forwarder(store, disk, config, log, wake);
    Pipeline pipeline(store, workers, trials, reception, forwarder, config, log);
    pipeline_to_wake = &pipeline;
    if (auto recorded = record_life(store, "node.started", std::string(program_version())); !recorded) {
      pipeline_to_wake = nullptr;
      return cannot_start(recorded.error().message());
    }
    for (const std::uint16_t port : ports) {
      log.event(dimse::Level::info, "node.listening",
                {{"ae_title", config.ae_title}, {"port", static_cast<std::int64_t>(port)}});
    }
    if (options.port_file && !write_port_file(*options.port_file, ports)) {
      pipeline_to_wake = nullptr;
      return cannot_start("cannot write " + options.port_file->string());
    }
    run_until_signal(store, log);
    log.event(dimse::Level::info, "node.stopping", {});
    drain(acceptors, config.drain, log);
    forwarder.stop(config.drain);
    // Callbacks of the committer that still see the pipeline are over when this commit is.
    pipeline_to_wake = nullptr;
    if (auto recorded = record_life(store, "node.stopped", "signal"); !recorded) {
      log.event(dimse::Level::error, "audit.not_recorded", {{"why", recorded.error().message()}});
    }
  }
  workers.stop(std::chrono::milliseconds(0));
  disk.join();
  log.event(dimse::Level::info, "node.stopped", {});
  return 0;
}

}  // namespace

int serve(const ServeOptions& options) {
  auto loaded = load_node_config(options.config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) return report(*errors);
  const NodeConfig& config = std::get<NodeConfig>(loaded);
  auto trials = TrialBook::load(config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&trials)) return report(*errors);
  auto key = read_key_file(config.key_file);
  if (auto* problem = std::get_if<std::string>(&key)) return cannot_start(*problem);
  return run(options, config, *std::get<std::unique_ptr<TrialBook>>(trials));
}

}  // namespace trialgate::gateway
