#include "gateway/worker/worker_pool.h"

#include "gateway/worker/worker_process.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

namespace trialgate::gateway {
namespace {

using Clock = std::chrono::steady_clock;

// A process whose socket has closed is about to end; longer, and it is playing dead.
constexpr std::chrono::milliseconds reap_grace{500};

struct QueuedJob {
  Job job;
  WorkerPool::Callback callback;
};

std::span<const std::uint8_t> body_of(const Job& job) {
  if (!job.body) return {};
  return {reinterpret_cast<const std::uint8_t*>(job.body->data()), job.body->size()};
}

std::variant<JobReply, WorkerFailure> read_reply(Frame frame) {
  boost::system::error_code error;
  boost::json::value header = boost::json::parse(frame.text, error);
  if (error || !header.is_object()) {
    return WorkerFailure{WorkerFailure::Kind::bad_reply, 0, "the worker's answer is not a JSON object"};
  }
  return JobReply{std::move(header.get_object()), std::move(frame.body)};
}

}  // namespace

std::string_view to_string(WorkerFailure::Kind kind) noexcept {
  switch (kind) {
    case WorkerFailure::Kind::unreadable:
      return "unreadable";
    case WorkerFailure::Kind::died:
      return "died";
    case WorkerFailure::Kind::timed_out:
      return "timed_out";
    case WorkerFailure::Kind::bad_reply:
      return "bad_reply";
    case WorkerFailure::Kind::unavailable:
      return "unavailable";
    case WorkerFailure::Kind::shut_down:
      return "shut_down";
  }
  return "unknown";
}

struct WorkerPool::Shared {
  mutable std::mutex mutex;
  std::condition_variable job_arrived;  ///< or stopping; drivers wait on it, also while they back off
  std::condition_variable room;         ///< or stopping
  std::condition_variable idle;         ///< no job is running
  std::deque<QueuedJob> queue;
  bool stopping = false;
  std::condition_variable stop_requested;
  WorkerPoolStatistics statistics;
};

/// One thread and the process that it drives.
class WorkerPool::Driver {
 public:
  Driver(const WorkerPoolConfig& config, Shared& shared)
      : config_(config), shared_(shared), thread_([this] { drive(); }) {}
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    if (thread_.joinable()) thread_.join();
  }

  void join() { thread_.join(); }

  /// From the thread that stops the pool.
  void kill_process() {
    const std::lock_guard lock(process_mutex_);
    killed_ = true;
    if (process_) process_->kill();
  }

 private:
  void drive();
  std::optional<QueuedJob> take_job();
  JobOutcome perform(const Job& job);
  JobOutcome exchange(const Job& job);
  JobOutcome failure_after(FrameErrc error);
  std::optional<WorkerFailure> ensure_process();
  void start_process();
  std::string spawn_and_make_ready();
  WorkerExit drop_process(std::chrono::milliseconds grace);
  bool stopping() const;

  const WorkerPoolConfig& config_;
  Shared& shared_;
  std::mutex process_mutex_;  ///< process_ as a pointer, and killed_; the thread alone changes them
  std::unique_ptr<WorkerProcess> process_;
  bool killed_ = false;
  std::uint32_t jobs_served_ = 0;    ///< by the present process
  std::uint32_t failed_starts_ = 0;  ///< in a row
  Clock::time_point next_start_{};
  std::string start_problem_;
  std::thread thread_;
};

bool WorkerPool::Driver::stopping() const {
  const std::lock_guard lock(shared_.mutex);
  return shared_.stopping;
}

void WorkerPool::Driver::drive() {
  // Before the first job, so that it does not wait for the dictionaries.
  start_process();
  while (auto queued = take_job()) {
    JobOutcome outcome = perform(queued->job);
    const bool replied = std::holds_alternative<JobReply>(outcome);
    queued->job.file.reset();
    queued->callback(std::move(outcome));
    queued.reset();
    const std::lock_guard lock(shared_.mutex);
    ++(replied ? shared_.statistics.jobs : shared_.statistics.failures);
    if (--shared_.statistics.running == 0) shared_.idle.notify_all();
  }
  drop_process(std::chrono::milliseconds(0));
}

std::optional<QueuedJob> WorkerPool::Driver::take_job() {
  std::unique_lock lock(shared_.mutex);
  shared_.job_arrived.wait(lock, [&] { return shared_.stopping || !shared_.queue.empty(); });
  if (shared_.stopping) return std::nullopt;
  QueuedJob queued = std::move(shared_.queue.front());
  shared_.queue.pop_front();
  ++shared_.statistics.running;
  shared_.room.notify_one();
  return queued;
}

JobOutcome WorkerPool::Driver::perform(const Job& job) {
  if (process_ && (jobs_served_ >= config_.jobs_per_process || !process_->is_alive())) {
    drop_process(std::chrono::milliseconds(0));
  }
  if (auto failure = ensure_process()) return std::move(*failure);
  const bool fresh = jobs_served_ == 0;
  JobOutcome outcome = exchange(job);
  const auto* failure = std::get_if<WorkerFailure>(&outcome);
  if (failure == nullptr || failure->kind != WorkerFailure::Kind::died || fresh) return outcome;
  if (auto unavailable = ensure_process()) return std::move(*unavailable);
  return exchange(job);
}

JobOutcome WorkerPool::Driver::exchange(const Job& job) {
  const auto timeout = job.timeout.value_or(config_.job_timeout);
  const auto longer = std::chrono::duration_cast<std::chrono::seconds>(timeout - config_.job_timeout);
  process_->renew_cpu_time(config_.limits.job_cpu_seconds +
                           static_cast<std::uint32_t>(std::max<std::int64_t>(longer.count(), 0)));
  ++jobs_served_;
  if (job.parts) job.parts->begin();
  const Deadline deadline = Clock::now() + timeout;
  const std::string header = boost::json::serialize(job.header);
  if (auto sent = send_frame(process_->socket(), header, body_of(job), job.file.get(), deadline); !sent) {
    return failure_after(sent.error());
  }
  auto reply = receive_frame(process_->socket(), {.body_bytes = config_.max_reply_bytes}, deadline);
  while (reply && reply->text == part_text && job.parts) {
    const PartSink::Taken taken = job.parts->take(reply->body);
    if (taken == PartSink::Taken::too_much) return failure_after(FrameErrc::too_long);
    if (taken == PartSink::Taken::no_room) {
      drop_process(std::chrono::milliseconds(0));
      return WorkerFailure{WorkerFailure::Kind::unavailable, 0, "no room for the new pixel data"};
    }
    reply = receive_frame(process_->socket(), {.body_bytes = config_.max_reply_bytes}, deadline);
  }
  if (!reply) return failure_after(reply.error());
  if (reply->text == part_text) return failure_after(FrameErrc::malformed);
  JobOutcome outcome = read_reply(std::move(*reply));
  if (std::holds_alternative<WorkerFailure>(outcome)) drop_process(std::chrono::milliseconds(0));
  return outcome;
}

JobOutcome WorkerPool::Driver::failure_after(FrameErrc error) {
  const bool closed = error == FrameErrc::closed || error == FrameErrc::io_error;
  const WorkerExit exit = drop_process(closed ? reap_grace : std::chrono::milliseconds(0));
  if (stopping()) return WorkerFailure{WorkerFailure::Kind::shut_down, 0, "the node is stopping"};
  if (error == FrameErrc::timed_out) {
    return WorkerFailure{WorkerFailure::Kind::timed_out, 0, "the worker was killed at the job's deadline"};
  }
  if (!closed) {
    return WorkerFailure{WorkerFailure::Kind::bad_reply, 0,
                         "the worker's answer is " + std::string(to_string(error))};
  }
  return WorkerFailure{WorkerFailure::Kind::died, exit.signalled ? exit.value : 0,
                       "the worker was " + exit.describe()};
}

/// Starts a process when there is none. A failure: it could not be started often enough, or the pool stops.
std::optional<WorkerFailure> WorkerPool::Driver::ensure_process() {
  for (std::uint32_t attempt = 0; !process_ && attempt < config_.start_attempts; ++attempt) {
    std::unique_lock lock(shared_.mutex);
    if (shared_.stop_requested.wait_until(lock, next_start_, [&] { return shared_.stopping; })) {
      return WorkerFailure{WorkerFailure::Kind::shut_down, 0, "the node is stopping"};
    }
    lock.unlock();
    start_process();
  }
  if (process_) return std::nullopt;
  if (stopping()) return WorkerFailure{WorkerFailure::Kind::shut_down, 0, "the node is stopping"};
  return WorkerFailure{WorkerFailure::Kind::unavailable, 0, "no worker process: " + start_problem_};
}

void WorkerPool::Driver::start_process() {
  start_problem_ = spawn_and_make_ready();
  if (start_problem_.empty()) {
    failed_starts_ = 0;
    jobs_served_ = 0;
    const std::lock_guard lock(shared_.mutex);
    ++shared_.statistics.processes_started;
    return;
  }
  const auto factor = 1U << std::min(failed_starts_, 16U);
  next_start_ = Clock::now() + std::min(config_.backoff_min * factor, config_.backoff_max);
  ++failed_starts_;
  const std::lock_guard lock(shared_.mutex);
  ++shared_.statistics.starts_failed;
}

/// What failed, empty on success.
std::string WorkerPool::Driver::spawn_and_make_ready() {
  auto spawned = WorkerProcess::spawn(config_.command);
  if (auto* failure = std::get_if<StartFailure>(&spawned)) return std::move(failure->reason);
  {
    const std::lock_guard lock(process_mutex_);
    process_ = std::move(std::get<std::unique_ptr<WorkerProcess>>(spawned));
    // stop() may have been here before the process was.
    if (killed_) process_->kill();
  }
  std::string problem = process_->make_ready(config_.limits, Clock::now() + config_.start_timeout);
  if (!problem.empty()) drop_process(std::chrono::milliseconds(0));
  return problem;
}

WorkerExit WorkerPool::Driver::drop_process(std::chrono::milliseconds grace) {
  std::unique_ptr<WorkerProcess> process;
  {
    const std::lock_guard lock(process_mutex_);
    process = std::move(process_);
  }
  return process ? process->reap(grace) : WorkerExit{};
}

WorkerPool::WorkerPool(WorkerPoolConfig config)
    : config_(std::move(config)), shared_(std::make_unique<Shared>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(config_.processes, 1); ++i) {
    drivers_.push_back(std::make_unique<Driver>(config_, *shared_));
  }
}

WorkerPool::~WorkerPool() {
  stop(std::chrono::milliseconds(0));
}

void WorkerPool::submit(Job job, Callback callback) {
  {
    std::unique_lock lock(shared_->mutex);
    shared_->room.wait(lock, [&] { return shared_->stopping || shared_->queue.size() < config_.queue_jobs; });
    if (!shared_->stopping) {
      shared_->queue.push_back({std::move(job), std::move(callback)});
      shared_->job_arrived.notify_one();
      return;
    }
  }
  callback(WorkerFailure{WorkerFailure::Kind::shut_down, 0, "the node is stopping"});
}

bool WorkerPool::try_submit(Job& job, Callback& callback) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopping || shared_->queue.size() >= config_.queue_jobs) return false;
  shared_->queue.push_back({std::move(job), std::move(callback)});
  shared_->job_arrived.notify_one();
  return true;
}

JobOutcome WorkerPool::run(Job job) {
  const auto promise = std::make_shared<std::promise<JobOutcome>>();
  auto outcome = promise->get_future();
  submit(std::move(job), [promise](JobOutcome result) { promise->set_value(std::move(result)); });
  return outcome.get();
}

void WorkerPool::stop(std::chrono::milliseconds grace) {
  std::deque<QueuedJob> abandoned;
  {
    std::unique_lock lock(shared_->mutex);
    if (shared_->stopping) return;
    shared_->stopping = true;
    abandoned.swap(shared_->queue);
    shared_->job_arrived.notify_all();
    shared_->room.notify_all();
    shared_->stop_requested.notify_all();
  }
  for (QueuedJob& queued : abandoned) {
    queued.callback(WorkerFailure{WorkerFailure::Kind::shut_down, 0, "the node is stopping"});
  }
  {
    std::unique_lock lock(shared_->mutex);
    shared_->idle.wait_for(lock, grace, [&] { return shared_->statistics.running == 0; });
  }
  for (auto& driver : drivers_) driver->kill_process();
  for (auto& driver : drivers_) driver->join();
}

WorkerPoolStatistics WorkerPool::statistics() const {
  const std::lock_guard lock(shared_->mutex);
  WorkerPoolStatistics statistics = shared_->statistics;
  statistics.waiting = shared_->queue.size();
  return statistics;
}

}  // namespace trialgate::gateway
