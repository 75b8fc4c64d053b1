#include "gateway/worker/worker_pool.h"

#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <thread>

using namespace trialgate::gateway;
using namespace std::chrono_literals;

namespace {

WorkerPoolConfig config_of(std::size_t processes, std::string mode = "serves") {
  WorkerPoolConfig config;
  config.processes = processes;
  config.job_timeout = 20s;
  config.backoff_min = 10ms;
  config.backoff_max = 100ms;
  config.command = {TRIALGATE_MISBEHAVING_WORKER, std::move(mode)};
  return config;
}

Job job_of(boost::json::object header) {
  Job job;
  job.header = std::move(header);
  return job;
}

Job echo(std::int64_t text) {
  return job_of({{"job", "echo"}, {"text", text}});
}

WorkerFailure failure_of(JobOutcome outcome) {
  REQUIRE(std::holds_alternative<WorkerFailure>(outcome));
  return std::get<WorkerFailure>(std::move(outcome));
}

JobReply reply_of(JobOutcome outcome) {
  if (const auto* failure = std::get_if<WorkerFailure>(&outcome)) FAIL(failure->reason);
  return std::get<JobReply>(std::move(outcome));
}

class CountingSink final : public PartSink {
 public:
  void begin() override {
    ++attempts;
    bytes.clear();
  }
  Taken take(std::span<const std::uint8_t> part) override {
    bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes.size() < stop_at ? Taken::yes : stop_with;
  }

  int attempts = 0;
  std::vector<std::uint8_t> bytes;
  std::size_t stop_at = 100;
  Taken stop_with = Taken::no_room;
};

Job parts(std::size_t count, std::shared_ptr<PartSink> sink) {
  Job job = job_of({{"job", "parts"}, {"parts", count}});
  job.parts = std::move(sink);
  return job;
}

void check_serves(WorkerPool& pool) {
  CHECK(reply_of(pool.run(echo(42))).header.at("text").to_number<int>() == 42);
}

std::size_t open_descriptors() {
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) != -1;
}

}  // namespace

TEST_CASE("a job is answered with header and bytes") {
  WorkerPool pool(config_of(1));
  Job job = echo(7);
  job.body = std::make_shared<std::string>(300'000, 'b');
  const JobReply reply = reply_of(pool.run(std::move(job)));
  CHECK(reply.header.at("text").to_number<int>() == 7);
  CHECK(reply.body == std::vector<std::uint8_t>(300'000, 'b'));
}

TEST_CASE("a worker reads the file whose descriptor it was handed, and keeps none of them") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("worker-file-" + std::to_string(::getpid()));
  std::ofstream(path) << "twelve bytes";
  WorkerPool pool(config_of(1));
  for (int i = 0; i < 100; ++i) {
    Job job = job_of({{"job", "read_file"}});
    job.file = trialgate::storage::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const JobReply reply = reply_of(pool.run(std::move(job)));
    REQUIRE(std::string(reply.body.begin(), reply.body.end()) == "twelve bytes");
  }
  CHECK(pool.statistics().processes_started == 1);
  std::filesystem::remove(path);
}

TEST_CASE("a worker that crashes fails its own job only and is replaced") {
  WorkerPool pool(config_of(1));
  for (const char* how : {"crash", "null", "recurse"}) {
    CAPTURE(how);
    const WorkerFailure failure = failure_of(pool.run(job_of({{"job", how}})));
    CHECK(failure.kind == WorkerFailure::Kind::died);
    CHECK(failure.blames_instance());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(failure.signal == SIGSEGV);
#endif
    check_serves(pool);
  }
}

TEST_CASE("an exception and an exit in a worker are a death like any other") {
  WorkerPool pool(config_of(1));
  const WorkerFailure thrown = failure_of(pool.run(job_of({{"job", "throw"}})));
  CHECK(thrown.kind == WorkerFailure::Kind::died);
  CHECK(thrown.reason.find("PHI") == std::string::npos);
  check_serves(pool);
  const WorkerFailure ended = failure_of(pool.run(job_of({{"job", "exit"}})));
  CHECK(ended.kind == WorkerFailure::Kind::died);
  CHECK(ended.signal == 0);
  check_serves(pool);
}

TEST_CASE("a system call that is not on the list kills the worker") {
  WorkerPool pool(config_of(1));
  for (const char* call : {"open", "create", "socket", "connect", "fork", "clone", "exec", "kill",
                           "setrlimit", "executable memory"}) {
    CAPTURE(call);
    const WorkerFailure failure = failure_of(pool.run(job_of({{"job", "forbidden"}, {"call", call}})));
    CHECK(failure.kind == WorkerFailure::Kind::died);
    CHECK(failure.signal == SIGSYS);
  }
  check_serves(pool);
}

TEST_CASE("a worker that hangs is killed at the job's deadline") {
  WorkerPool pool(config_of(1));
  for (const char* how : {"hang", "spin"}) {
    Job job = job_of({{"job", how}});
    job.timeout = 300ms;
    const auto began = std::chrono::steady_clock::now();
    const WorkerFailure failure = failure_of(pool.run(std::move(job)));
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(failure.kind == WorkerFailure::Kind::timed_out);
    CHECK(took >= 300ms);
    CHECK(took < 5s);
  }
  check_serves(pool);
}

TEST_CASE("CPU time of a job is limited, and each job has its own share") {
  WorkerPoolConfig config = config_of(1);
  config.limits.job_cpu_seconds = 1;
  WorkerPool pool(config);
  const WorkerFailure failure = failure_of(pool.run(job_of({{"job", "spin"}})));
  CHECK(failure.kind == WorkerFailure::Kind::died);
  CHECK(failure.signal == SIGXCPU);
  check_serves(pool);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a worker that takes memory without end meets its own limit and says so") {
  WorkerPoolConfig config = config_of(1);
  config.limits.memory_bytes = 256U << 20U;
  WorkerPool pool(config);
  for (int i = 0; i < 3; ++i) {
    const JobReply reply = reply_of(pool.run(job_of({{"job", "allocate"}})));
    CHECK(reply.header.at("error").as_string() == "needs more memory than a worker may have");
  }
  check_serves(pool);
}
#endif

TEST_CASE("an answer that is none, or too long, is not believed") {
  WorkerPoolConfig config = config_of(1);
  config.max_reply_bytes = 8U << 20U;
  WorkerPool pool(config);
  CHECK(reply_of(pool.run(job_of({{"job", "big"}, {"bytes", 8U << 20U}}))).body.size() == 8U << 20U);
  for (const boost::json::object& header :
       {boost::json::object{{"job", "big"}, {"bytes", (8U << 20U) + 1}},
        boost::json::object{{"job", "long_header"}, {"bytes", 17U << 20U}},
        boost::json::object{{"job", "garbage"}, {"bytes", 64}},
        boost::json::object{{"job", "deep_header"}}}) {
    CAPTURE(boost::json::serialize(header));
    const WorkerFailure failure = failure_of(pool.run(job_of(header)));
    CHECK(failure.kind == WorkerFailure::Kind::bad_reply);
    check_serves(pool);
  }
}

TEST_CASE("parts of an answer come in order, ahead of it") {
  WorkerPool pool(config_of(1));
  const auto sink = std::make_shared<CountingSink>();
  CHECK(reply_of(pool.run(parts(3, sink))).header.contains("done"));
  CHECK(sink->attempts == 1);
  CHECK(sink->bytes == std::vector<std::uint8_t>{0, 1, 2});
  CHECK(reply_of(pool.run(parts(0, sink))).header.contains("done"));
  CHECK(sink->bytes.empty());
}

TEST_CASE("parts without room are the machine's trouble, too many the worker's, unwanted ones no answer") {
  WorkerPool pool(config_of(1));
  const auto sink = std::make_shared<CountingSink>();
  sink->stop_at = 2;
  CHECK(failure_of(pool.run(parts(50, sink))).kind == WorkerFailure::Kind::unavailable);
  sink->stop_with = PartSink::Taken::too_much;
  CHECK(failure_of(pool.run(parts(50, sink))).kind == WorkerFailure::Kind::bad_reply);
  CHECK(failure_of(pool.run(parts(1, nullptr))).kind == WorkerFailure::Kind::bad_reply);
  check_serves(pool);
}

TEST_CASE("a second attempt at a job begins its parts again") {
  WorkerPool pool(config_of(1));
  check_serves(pool);
  const auto sink = std::make_shared<CountingSink>();
  Job job = parts(3, sink);
  job.header["crash"] = true;
  CHECK(failure_of(pool.run(std::move(job))).kind == WorkerFailure::Kind::died);
  CHECK(sink->attempts == 2);
  CHECK(sink->bytes.size() == 3);
}

TEST_CASE("a job that dies in a process that others have used gets a second, fresh one") {
  WorkerPool pool(config_of(1));
  check_serves(pool);
  CHECK(failure_of(pool.run(job_of({{"job", "crash"}}))).kind == WorkerFailure::Kind::died);
  CHECK(pool.statistics().processes_started == 2);
}

TEST_CASE("a worker that somebody kills while it is idle costs no job") {
  WorkerPool pool(config_of(1));
  const auto pid = reply_of(pool.run(echo(1))).header.at("pid").to_number<int>();
  REQUIRE(::kill(pid, SIGKILL) == 0);
  check_serves(pool);
}

TEST_CASE("a terminal's Ctrl-C and a service manager's SIGTERM do not end workers") {
  WorkerPool pool(config_of(1));
  const auto pid = reply_of(pool.run(echo(1))).header.at("pid").to_number<int>();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::kill(pid, signal);
  CHECK(reply_of(pool.run(echo(2))).header.at("pid").to_number<int>() == pid);
}

TEST_CASE("a process is retired after its number of jobs") {
  WorkerPoolConfig config = config_of(1);
  config.jobs_per_process = 10;
  WorkerPool pool(config);
  std::set<int> processes;
  for (int i = 0; i < 35; ++i)
    processes.insert(reply_of(pool.run(echo(i))).header.at("pid").to_number<int>());
  CHECK(processes.size() == 4);
}

TEST_CASE("many jobs at once, some of them deadly, each get the outcome that is theirs") {
  constexpr int count = 600;
  std::vector<std::atomic<int>> outcomes(count);
  {
    WorkerPool pool(config_of(3));
    std::vector<std::jthread> senders;
    for (int sender = 0; sender < 4; ++sender) {
      senders.emplace_back([&, sender] {
        for (int i = sender; i < count; i += 4) {
          const bool deadly = i % 50 == 7;
          pool.submit(deadly ? job_of({{"job", "crash"}}) : echo(i), [&outcomes, i](JobOutcome outcome) {
            const auto* reply = std::get_if<JobReply>(&outcome);
            const bool own = reply != nullptr && reply->header.at("text").to_number<int>() == i;
            outcomes[static_cast<std::size_t>(i)] += own ? 1 : reply == nullptr ? 10 : 100;
          });
        }
      });
    }
    senders.clear();
    pool.stop(60s);
    const auto statistics = pool.statistics();
    CHECK(statistics.running == 0);
  }
  int answered = 0;
  int died = 0;
  for (const auto& outcome : outcomes) {
    answered += outcome == 1 ? 1 : 0;
    died += outcome == 10 ? 1 : 0;
  }
  // stop() abandons what still waits, so that only the sum is certain.
  CHECK(answered + died == count);
  CHECK(answered > count / 2);
}

TEST_CASE("the queue is bounded: try_submit refuses, submit waits") {
  WorkerPoolConfig config = config_of(1);
  config.queue_jobs = 2;
  WorkerPool pool(config);
  std::atomic<int> done = 0;
  const WorkerPool::Callback count = [&done](const JobOutcome&) { ++done; };
  Job slow = job_of({{"job", "hang"}});
  slow.timeout = 500ms;
  pool.submit(std::move(slow), count);
  while (pool.statistics().running == 0) std::this_thread::sleep_for(1ms);
  for (int i = 0; i < 2; ++i) {
    Job job = echo(i);
    WorkerPool::Callback callback = count;
    CHECK(pool.try_submit(job, callback));
  }
  Job job = echo(3);
  WorkerPool::Callback callback = count;
  CHECK_FALSE(pool.try_submit(job, callback));
  CHECK(job.header.contains("job"));
  const auto began = std::chrono::steady_clock::now();
  pool.submit(std::move(job), std::move(callback));
  CHECK(std::chrono::steady_clock::now() - began > 100ms);
  while (done < 4) std::this_thread::sleep_for(1ms);
}

TEST_CASE("workers that cannot start make jobs unavailable, with a pause between attempts") {
  for (const char* mode : {"fails-to-start", "hangs-at-start"}) {
    CAPTURE(mode);
    WorkerPoolConfig config = config_of(1, mode);
    config.start_timeout = 200ms;
    config.backoff_min = 50ms;
    config.backoff_max = 200ms;
    WorkerPool pool(config);
    const auto began = std::chrono::steady_clock::now();
    const WorkerFailure failure = failure_of(pool.run(echo(1)));
    CHECK(failure.kind == WorkerFailure::Kind::unavailable);
    CHECK_FALSE(failure.blames_instance());
    CHECK(std::chrono::steady_clock::now() - began > 50ms + 100ms);
    CHECK(pool.statistics().starts_failed <= 5);
  }
}

TEST_CASE("a program that is not there is unavailable too") {
  WorkerPoolConfig config = config_of(1);
  config.command = {"/nonexistent/trialgate", "worker"};
  WorkerPool pool(config);
  CHECK(failure_of(pool.run(echo(1))).kind == WorkerFailure::Kind::unavailable);
}

TEST_CASE("a worker inherits no descriptor but its own") {
  const trialgate::storage::UniqueFd inheritable(::fcntl(0, F_DUPFD, 4));
  WorkerPool pool(config_of(1, "leaky"));
  check_serves(pool);
}

TEST_CASE("stopping a busy pool: waiting jobs are told, running ones may finish, nothing is left behind") {
  const std::size_t before = open_descriptors();
  for (const auto grace : {0ms, 3000ms}) {
    WorkerPool pool(config_of(2));
    std::atomic<int> shut_down = 0;
    std::atomic<int> other = 0;
    for (int i = 0; i < 20; ++i) {
      Job job = job_of({{"job", "hang"}});
      job.timeout = 1s;
      pool.submit(std::move(job), [&](const JobOutcome& outcome) {
        const auto* failure = std::get_if<WorkerFailure>(&outcome);
        ++(failure != nullptr && failure->kind == WorkerFailure::Kind::shut_down ? shut_down : other);
      });
    }
    while (pool.statistics().running < 2) std::this_thread::sleep_for(1ms);
    const auto began = std::chrono::steady_clock::now();
    pool.stop(grace);
    CHECK(std::chrono::steady_clock::now() - began < 3s);
    CHECK(shut_down + other == 20);
    CHECK(shut_down >= 18);
    CHECK(failure_of(pool.run(echo(1))).kind == WorkerFailure::Kind::shut_down);
  }
  CHECK_FALSE(has_children());
  CHECK(open_descriptors() == before);
}

TEST_CASE("stopping does not wait for a worker that hangs at its start") {
  WorkerPool pool(config_of(1, "hangs-at-start"));
  std::this_thread::sleep_for(100ms);
  const auto began = std::chrono::steady_clock::now();
  pool.stop(0ms);
  CHECK(std::chrono::steady_clock::now() - began < 2s);
  CHECK_FALSE(has_children());
}

TEST_CASE("the worker command refuses to be called by hand") {
  const std::string command = std::string(TRIALGATE_MISBEHAVING_WORKER) + " 2>/dev/null 3</dev/null";
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 2);
}
