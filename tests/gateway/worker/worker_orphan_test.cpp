#include "gateway/worker/worker_pool.h"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

using namespace trialgate::gateway;
using namespace std::chrono_literals;

namespace {

/// Stands for the node: tells the ids of its two workers, one idle and one busy, and waits to be killed.
[[noreturn]] void be_the_node(int pipe) {
  WorkerPoolConfig config;
  config.processes = 1;
  config.command = {TRIALGATE_MISBEHAVING_WORKER, "serves"};
  WorkerPool idle(config);
  WorkerPool busy(config);
  Job echo;
  echo.header = {{"job", "echo"}, {"text", 1}};
  std::array<int, 2> workers{};
  std::size_t next = 0;
  for (WorkerPool* pool : {&idle, &busy}) {
    Job job;
    job.header = echo.header;
    const JobOutcome outcome = pool->run(std::move(job));
    if (const auto* reply = std::get_if<JobReply>(&outcome)) {
      workers.at(next++) = reply->header.at("pid").to_number<int>();
    }
  }
  Job spin;
  spin.header = {{"job", "spin"}};
  busy.submit(std::move(spin), [](const JobOutcome&) {});
  while (busy.statistics().running == 0) std::this_thread::sleep_for(1ms);
  if (::write(pipe, workers.data(), sizeof workers) < 0) ::_exit(1);
  for (;;) ::pause();
}

/// Gone, or a zombie that only its new parent still has to look at.
bool ended(int pid) {
  if (::kill(pid, 0) != 0) return true;
  std::array<char, 512> text{};
  FILE* status = std::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r");
  if (status == nullptr) return true;
  const std::size_t got = std::fread(text.data(), 1, text.size() - 1, status);
  std::fclose(status);
  return std::string(text.data(), got).find(") Z ") != std::string::npos;
}

}  // namespace

// A program of its own: the node forks here before it has threads.
TEST_CASE("workers end when the node is killed, idle or busy") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t node = ::fork();
  REQUIRE(node >= 0);
  if (node == 0) be_the_node(pipe[1]);
  std::array<int, 2> workers{};
  REQUIRE(::read(pipe[0], workers.data(), sizeof workers) == sizeof workers);
  for (const int worker : workers) REQUIRE_FALSE(ended(worker));
  REQUIRE(::kill(node, SIGKILL) == 0);
  REQUIRE(::waitpid(node, nullptr, 0) == node);
  for (const int worker : workers) {
    for (int i = 0; i < 500 && !ended(worker); ++i) std::this_thread::sleep_for(10ms);
    CHECK(ended(worker));
  }
}
