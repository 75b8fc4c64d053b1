#include "gateway/worker/frame.h"
#include "gateway/worker/job_table.h"
#include "gateway/worker/sandbox.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>

namespace trialgate::gateway {
namespace {

constexpr FrameLimits request_limits{.accept_file = true};

struct Greeting {
  std::int64_t parent = 0;
  SandboxLimits limits;
};

std::optional<boost::json::object> parse_object(const std::string& text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

/// The parent's first frame. Written by our own parent, so members are simply there.
std::optional<Greeting> receive_greeting() {
  const auto frame = receive_frame(worker_socket, request_limits, no_deadline);
  if (!frame) return std::nullopt;
  const auto object = parse_object(frame->text);
  if (!object) return std::nullopt;
  Greeting greeting;
  greeting.parent = object->at("parent").to_number<std::int64_t>();
  greeting.limits.memory_bytes = object->at("memory_bytes").to_number<std::uint64_t>();
  greeting.limits.mapped_file_bytes = object->at("mapped_file_bytes").to_number<std::uint64_t>();
  greeting.limits.job_cpu_seconds = object->at("job_cpu_seconds").to_number<std::uint32_t>();
  greeting.limits.open_files = object->at("open_files").to_number<std::uint32_t>();
  return greeting;
}

bool inherited_socket() {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(worker_socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

int start_failed(const std::string& reason) {
  std::fprintf(stderr, "trialgate worker: %s\n", reason.c_str());
  return 1;
}

std::string start(const JobTable& table, const Greeting& greeting) {
  if (auto problem = confine_process(greeting.limits, greeting.parent); !problem.empty()) return problem;
  if (table.prepare) {
    if (auto problem = table.prepare(); !problem.empty()) return problem;
  }
  return seal_process(greeting.limits, worker_socket);
}

/// Sets `exhausted` when memory ran out: what the job held may be lost, so that the process should end.
WorkerReply perform(const JobTable& table, const Frame& frame, bool& exhausted) {
  const auto header = parse_object(frame.text);
  const auto* name = header ? header->if_contains("job") : nullptr;
  if (name == nullptr || !name->is_string()) return {{{"error", "no job is named"}}, {}};
  const auto job = table.jobs.find(std::string_view(name->get_string()));
  if (job == table.jobs.end()) return {{{"error", "unknown job"}}, {}};
  try {
    return job->second({*header, frame.body, frame.file.get(), [](std::span<const std::uint8_t> part) {
                          return send_frame(worker_socket, part_text, part, -1, no_deadline).has_value();
                        }});
  } catch (const std::bad_alloc&) {
    exhausted = true;
    return {{{"error", "needs more memory than a worker may have"}}, {}};
  }
}

/// False when the process should end.
bool serve_one(const JobTable& table) {
  const auto frame = receive_frame(worker_socket, request_limits, no_deadline);
  if (!frame) return false;
  bool exhausted = false;
  const WorkerReply reply = perform(table, *frame, exhausted);
  const std::string text = boost::json::serialize(reply.header);
  return send_frame(worker_socket, text, reply.body, -1, no_deadline) && !exhausted;
}

}  // namespace

int run_worker(const JobTable& table) {
  if (!inherited_socket()) {
    std::fputs("trialgate worker: only a trialgate node starts this command\n", stderr);
    return 2;
  }
  const auto greeting = receive_greeting();
  if (!greeting) return start_failed("no greeting from the node");
  if (auto problem = start(table, *greeting); !problem.empty()) return start_failed(problem);
  // An uncaught exception ends the process without a word: its text may quote the data set.
  std::set_terminate([] { std::abort(); });
  if (send_frame(worker_socket, R"({"ready":true})", {}, -1, no_deadline)) {
    while (serve_one(table)) {
    }
  }
  // Exit handlers may want calls that are no longer allowed.
  std::_Exit(0);
}

}  // namespace trialgate::gateway
