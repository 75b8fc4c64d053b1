#include "gateway/serve/node.h"

#include "dimse/scp/acceptor.h"
#include "gateway/catalogue/find.h"
#include "gateway/commit/commitment_provider.h"
#include "gateway/commit/commitment_user.h"
#include "gateway/config/key_file.h"
#include "gateway/config/trial_book.h"
#include "gateway/deliver/forwarder.h"
#include "gateway/notify/notifier.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/pipeline.h"
#include "gateway/pipeline/wake_up.h"
#include "gateway/receive/reception.h"
#include "gateway/receive/security_audit.h"
#include "gateway/receive/site_access.h"
#include "gateway/retrieve/retriever.h"
#include "gateway/serve/open_files.h"
#include "gateway/serve/peer_services.h"
#include "gateway/serve/recovery_log.h"
#include "gateway/version.h"
#include "gateway/worker/instance_workers.h"
#include "gateway/worklist/worklist.h"
#include "storage/file_system.h"
#include "storage/store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
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
  if (listen.tls) acceptor.tls = [identity = config.tls.acceptor] { return identity->current(); };
  return acceptor;
}

storage::StoreConfig store_config(const NodeConfig& config) {
  storage::StoreConfig store;
  store.directory = config.store.string();
  store.watermark_percent = config.free_space_percent;
  store.watermark_bytes = config.free_space_bytes;
  return store;
}

WorkerPoolConfig worker_config(const NodeConfig& config) {
  WorkerPoolConfig workers;
  workers.processes = config.workers;
  workers.job_timeout = config.worker_timeout;
  workers.spool_folder = config.store;
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
class Mender {
 public:
  Mender(storage::Store& store, Logger& log) : store_(store), log_(log) {}

  void look() {
    if (store_.acceptance() != storage::Acceptance::failed) {
      wait_ = first_wait;
      return;
    }
    if (Clock::now() < next_) return;
    log_.event(dimse::Level::error, "store.not_accepting", {{"why", store_.failure_reason()}});
    if (auto rescanned = store_.rescan(); !rescanned) {
      // A scan reads the whole store: a disk that stays broken is not asked for it all the time.
      next_ = Clock::now() + wait_;
      wait_ = std::min(wait_ * 2, longest_wait);
      log_.event(dimse::Level::error, "store.rescan_failed", {{"why", rescanned.error().message()}});
    } else {
      log_.event(dimse::Level::info, "store.accepting_again", {});
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds first_wait{5};
  static constexpr std::chrono::seconds longest_wait{300};

  storage::Store& store_;
  Logger& log_;
  std::chrono::seconds wait_ = first_wait;
  Clock::time_point next_{};
};

/// Waits for SIGTERM or SIGINT; looks after the store and the TLS files meanwhile.
void run_until_signal(storage::Store& store, const TlsIdentities& identities, SecurityAudit& security,
                      Logger& log) {
  asio::io_context context(1);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  Mender mender(store, log);
  while (!context.stopped()) {
    context.run_for(std::chrono::seconds(1));
    mender.look();
    identities.look(log);
    security.look();
  }
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

/// Listens on every address of the node, and ends what came in when it goes, whichever way run() is left: the
/// executors and the services are still there then.
class Listeners {
 public:
  Listeners(const NodeConfig& config, std::vector<asio::any_io_executor> executors,
            dimse::AccessPolicy& access, dimse::Services services, Logger& log)
      : config_(config), executors_(std::move(executors)), access_(access), services_(services), log_(log) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners() { drain(std::chrono::milliseconds(0)); }

  /// What is wrong, one sentence; empty on success.
  [[nodiscard]] std::string listen() {
    for (const ListenAddress& address : config_.listen) {
      auto settings = dimse::validate(acceptor_config(config_, address));
      if (!settings) return settings.error().message();
      auto acceptor = std::make_unique<dimse::Acceptor>(executors_, *settings, access_, services_, log_);
      auto port = acceptor->listen();
      if (!port) {
        return "cannot listen on " + address.address + " port " + std::to_string(address.port) + ": " +
               port.error().code.message();
      }
      ports_.push_back(*port);
      acceptors_.push_back(std::move(acceptor));
    }
    return {};
  }

  void drain(std::chrono::milliseconds grace) {
    for (const auto& acceptor : acceptors_) acceptor->stop_accepting();
    // On the I/O threads: what wakes the drain up is let go of there, and may be so after it has ended.
    std::vector<std::future<void>> drained;
    for (const auto& acceptor : acceptors_) {
      drained.push_back(asio::co_spawn(executors_.front(), acceptor->drain(grace), asio::use_future));
    }
    for (std::future<void>& one : drained) one.get();
    acceptors_.clear();
  }

  [[nodiscard]] const std::vector<std::uint16_t>& ports() const noexcept { return ports_; }

 private:
  const NodeConfig& config_;
  const std::vector<asio::any_io_executor> executors_;
  dimse::AccessPolicy& access_;
  const dimse::Services services_;
  Logger& log_;
  std::vector<std::unique_ptr<dimse::Acceptor>> acceptors_;
  std::vector<std::uint16_t> ports_;
};

/// From the moment the node listens until it is told to stop. What is wrong, one sentence; empty for a stop.
std::string work(const ServeOptions& options, const NodeConfig& config, storage::Store& store,
                 Listeners& listeners, SecurityAudit& security, Logger& log) {
  if (auto recorded = record_life(store, "node.started", std::string(program_version())); !recorded) {
    return recorded.error().message();
  }
  for (const std::uint16_t port : listeners.ports()) {
    log.event(dimse::Level::info, "node.listening",
              {{"ae_title", config.ae_title}, {"port", static_cast<std::int64_t>(port)}});
  }
  if (options.port_file && !write_port_file(*options.port_file, listeners.ports())) {
    return "cannot write " + options.port_file->string();
  }
  run_until_signal(store, config.tls.identities, security, log);
  log.event(dimse::Level::info, "node.stopping", {});
  return {};
}

/// What mail needs from files, read before anything is started.
struct Mailing {
  NoticeTemplates templates;
  Password password;
};

/// Nothing when the node sends no mail. Otherwise what was read, or the mistakes.
std::variant<std::optional<Mailing>, std::vector<rules::ConfigError>> load_mailing(
    const ServeOptions& options, const NodeConfig& config) {
  if (!config.mail) return std::nullopt;
  auto templates = NoticeTemplates::load(config.mail->templates);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&templates)) return std::move(*errors);
  Mailing mailing{std::move(std::get<NoticeTemplates>(templates)), {}};
  if (config.mail->password_file.empty()) return mailing;
  auto password = read_password_file(config.mail->password_file);
  if (const auto* problem = std::get_if<std::string>(&password)) {
    return std::vector<rules::ConfigError>{{options.config.string(), 1, 1, *problem}};
  }
  mailing.password = std::move(std::get<Password>(password));
  return mailing;
}

int run(const ServeOptions& options, const NodeConfig& config, TrialBook& trials,
        std::optional<Mailing> mailing) {
  Logger log(stderr, config.log_format, config.log_level);
  // A socket and the file being written for each association, and some for everything else.
  const std::uint64_t wanted_files = 2 * config.max_associations * config.listen.size() + 256;
  if (const std::uint64_t allowed = raise_open_file_limit(); allowed < wanted_files) {
    log.event(dimse::Level::warn, "node.few_open_files",
              {{"allowed", static_cast<std::int64_t>(allowed)},
               {"wanted", static_cast<std::int64_t>(wanted_files)}});
  }
  storage::PosixFileSystem files;
  std::error_code error;
  std::filesystem::create_directory(config.store, error);
  if (error)
    return cannot_start("cannot make the store's folder " + config.store.string() + ": " + error.message());
  // Callbacks reach the wake-ups until the store's committer has ended.
  PipelineWakeUps wake_ups;
  const auto wake = [&wake_ups] { wake_ups.set(); };
  auto opened = storage::Store::open(store_config(config), files);
  if (!opened) return cannot_start(opened.error().message());
  storage::Store& store = **opened;
  if (auto recorded = record_recovery(store, log); !recorded) return cannot_start(recorded.error().message());

  SecurityAudit security(store, log);
  InstanceWorkers workers(worker_config(config));
  asio::thread_pool disk(disk_threads);
  Reception reception(store, disk, log, wake);
  CommitmentProvider commitment_provider(store, config, log);
  CommitmentUser commitment_user(store, config, log, wake);
  SiteAccess access(config);
  CatalogueFind catalogue(store, disk, config.views, log);
  Worklist worklist(store, trials, config, disk, log);
  FindByModel find(catalogue, worklist);
  PerformedStepProvider performed_steps(store, disk, log, wake);
  NormalizedBySopClass normalized(commitment_provider, commitment_user, performed_steps);
  Retriever retriever(store, workers, config, log);
  IoThreads io(config.io_threads);
  dimse::Services services(reception);
  services.find = &find;
  services.retrieve = &retriever;
  services.normalized = &normalized;
  Listeners listeners(config, io.executors(), access, services, log);
  if (const std::string problem = listeners.listen(); !problem.empty()) return cannot_start(problem);
  Forwarder forwarder(store, config, log, wake);
  commitment_provider.start();
  commitment_user.start();
  auto pipeline = std::make_unique<Pipeline>(store, workers, trials, reception, forwarder, commitment_user,
                                             config, wake_ups, log);
  std::unique_ptr<Notifier> notifier;
  if (mailing) {
    notifier = std::make_unique<Notifier>(store, trials, config, *config.mail, std::move(mailing->templates),
                                          std::move(mailing->password.text), log);
  }
  const std::string problem = work(options, config, store, listeners, security, log);
  listeners.drain(problem.empty() ? config.drain : std::chrono::milliseconds(0));
  access.stop();
  forwarder.stop(problem.empty() ? config.drain : std::chrono::milliseconds(0));
  commitment_user.stop(std::chrono::milliseconds(0));
  commitment_provider.stop(std::chrono::milliseconds(0));
  // What the pipeline waits for ends at once; all of it is done again after the next start.
  wake_ups.stop();
  workers.stop(std::chrono::milliseconds(0));
  retriever.stop(std::chrono::seconds(1));
  pipeline.reset();
  notifier.reset();
  if (!problem.empty()) return cannot_start(problem);
  if (auto recorded = record_life(store, "node.stopped", "signal"); !recorded) {
    log.event(dimse::Level::error, "audit.not_recorded", {{"why", recorded.error().message()}});
  }
  log.event(dimse::Level::info, "node.stopped", {});
  return 0;
}

}  // namespace

int serve(const ServeOptions& options) {
  // A reader of the log that has gone must not take the node with it.
  std::signal(SIGPIPE, SIG_IGN);
  auto loaded = load_node_config(options.config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) return report(*errors);
  const NodeConfig& config = std::get<NodeConfig>(loaded);
  auto trials = TrialBook::load(config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&trials)) return report(*errors);
  auto key = read_key_file(config.key_file);
  if (auto* problem = std::get_if<std::string>(&key)) return cannot_start(*problem);
  if (const auto problems = config.tls.identities.load(); !problems.empty())
    return cannot_start(problems.front());
  if (const auto problems = UserIdentities::problems(config); !problems.empty())
    return cannot_start(problems.front());
  auto mailing = load_mailing(options, config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&mailing)) return report(*errors);
  return run(options, config, *std::get<std::unique_ptr<TrialBook>>(trials),
             std::move(std::get<std::optional<Mailing>>(mailing)));
}

}  // namespace trialgate::gateway
