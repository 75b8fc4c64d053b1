// A worker process with jobs that do what a data set might make a parser do.
#include "gateway/worker/job_table.h"

#include <boost/json/value_to.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace {

using trialgate::gateway::JobTable;
using trialgate::gateway::WorkerReply;
using trialgate::gateway::WorkerRequest;

std::size_t number(const WorkerRequest& request, std::string_view name) {
  return request.header.at(name).to_number<std::size_t>();
}

/// A direct call: no C library wrapper has its say first.
WorkerReply forbidden(const WorkerRequest& request) {
  const std::string call(request.header.at("call").as_string());
  long result = -2;
  if (call == "open") result = ::syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
  if (call == "create")
    result = ::syscall(SYS_openat, AT_FDCWD, "/tmp/worker-wrote", O_CREAT | O_WRONLY, 0600);
  if (call == "socket") result = ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
  if (call == "connect") result = ::syscall(SYS_connect, trialgate::gateway::worker_socket, nullptr, 0);
  if (call == "fork") result = ::syscall(SYS_fork);
  if (call == "clone") result = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0);
  if (call == "exec") result = ::syscall(SYS_execve, "/bin/true", nullptr, nullptr);
  if (call == "kill") result = ::syscall(SYS_kill, ::getppid(), 0);
  if (call == "setrlimit") {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    result = ::syscall(SYS_prlimit64, 0, RLIMIT_CPU, &unlimited, nullptr);
  }
  if (call == "executable memory") {
    result = ::syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  return {{{"result", result}}, {}};
}

WorkerReply echo(const WorkerRequest& request) {
  WorkerReply reply{{{"text", request.header.at("text")}, {"pid", ::getpid()}}, {}};
  reply.body.assign(request.body.begin(), request.body.end());
  return reply;
}

WorkerReply read_file(const WorkerRequest& request) {
  const off_t size = ::lseek(request.file, 0, SEEK_END);
  if (size < 0) return {{{"error", errno}}, {}};
  WorkerReply reply{{{"size", size}}, {}};
  reply.body.resize(static_cast<std::size_t>(size));
  if (::pread(request.file, reply.body.data(), reply.body.size(), 0) < 0) reply.header["error"] = errno;
  return reply;
}

WorkerReply allocate(const WorkerRequest&) {
  std::vector<char*> blocks;
  for (;;) {
    constexpr std::size_t block = 16U << 20U;
    char* memory = static_cast<char*>(std::malloc(block));
    if (memory == nullptr) throw std::bad_alloc();
    std::memset(memory, 1, block);
    blocks.push_back(memory);
  }
}

WorkerReply spin(const WorkerRequest&) {
  std::atomic<std::uint64_t> turns = 0;
  for (;;) ++turns;
}

WorkerReply hang(const WorkerRequest&) {
  // Reading from the socket, where nothing comes: a process that waits uses no CPU time.
  char byte = 0;
  for (;;) ::recv(trialgate::gateway::worker_socket, &byte, 1, 0);
}

// Not a loop to the optimiser: each level's buffer is used after the call.
[[gnu::noinline]] std::size_t descend(std::size_t level) {
  std::array<volatile char, 4096> frame;
  frame[level % frame.size()] = 1;
  const std::size_t below = level == 0 ? 0 : descend(level - 1);
  return below + static_cast<std::size_t>(frame[(level + below) % frame.size()] != 0);
}

WorkerReply send_garbage(const WorkerRequest& request) {
  const std::string bytes(number(request, "bytes"), 'x');
  for (std::size_t sent = 0; sent < bytes.size();) {
    iovec part{const_cast<char*>(bytes.data()) + sent, bytes.size() - sent};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    const auto count = ::sendmsg(trialgate::gateway::worker_socket, &message, 0);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return {};
}

WorkerReply limits(const WorkerRequest&) {
  return {{{"no_new_privs", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)}}, {}};
}

/// As many parts of one byte, then what the job says.
WorkerReply parts(const WorkerRequest& request) {
  for (std::size_t i = 0; i < number(request, "parts"); ++i) {
    const std::array<std::uint8_t, 1> part = {static_cast<std::uint8_t>(i)};
    if (!request.send_part(part)) break;
  }
  if (request.header.contains("crash")) std::raise(SIGSEGV);
  return {{{"done", true}}, {}};
}

JobTable misbehaviour() {
  JobTable table;
  table.jobs["forbidden"] = forbidden;
  table.jobs["echo"] = echo;
  table.jobs["read_file"] = read_file;
  table.jobs["allocate"] = allocate;
  table.jobs["spin"] = spin;
  table.jobs["hang"] = hang;
  table.jobs["limits"] = limits;
  table.jobs["garbage"] = send_garbage;
  table.jobs["parts"] = parts;
  table.jobs["crash"] = [](const WorkerRequest&) -> WorkerReply {
    std::raise(SIGSEGV);
    return {};
  };
  table.jobs["null"] = [](const WorkerRequest&) -> WorkerReply {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
    return {};
  };
  table.jobs["throw"] = [](const WorkerRequest&) -> WorkerReply { throw std::runtime_error("PHI^IN^WHAT"); };
  table.jobs["exit"] = [](const WorkerRequest&) -> WorkerReply { ::_exit(0); };
  table.jobs["recurse"] = [](const WorkerRequest&) -> WorkerReply {
    return {{{"depth", descend(10'000'000)}}, {}};
  };
  table.jobs["big"] = [](const WorkerRequest& request) -> WorkerReply {
    return {{{"ok", true}}, std::vector<std::uint8_t>(number(request, "bytes"), 0x5A)};
  };
  table.jobs["long_header"] = [](const WorkerRequest& request) -> WorkerReply {
    return {{{"text", std::string(number(request, "bytes"), 'x')}}, {}};
  };
  table.jobs["deep_header"] = [](const WorkerRequest&) -> WorkerReply {
    boost::json::value nested = 1;
    for (int i = 0; i < 1'000; ++i) {
      // An initializer list would copy the whole depth each time.
      boost::json::array outer;
      outer.push_back(std::move(nested));
      nested = std::move(outer);
    }
    return {{{"nested", std::move(nested)}}, {}};
  };
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  JobTable table = misbehaviour();
  if (mode == "fails-to-start") table.prepare = [] { return std::string("no dictionary"); };
  if (mode == "hangs-at-start") {
    table.prepare = [] {
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
      return std::string();
    };
  }
  if (mode == "leaky")
    table.prepare = [] { return ::fcntl(4, F_GETFD) == -1 ? "" : "inherited descriptor 4"; };
  return trialgate::gateway::run_worker(table);
}
