#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// What a worker is asked to do, inside the worker process.
struct WorkerRequest {
  const boost::json::object& header;
  std::span<const std::uint8_t> body;
  int file;  ///< open for reading; -1: the job has none
  /// Sends at most max_part_bytes ahead of the answer; false when the node does not take them.
  std::function<bool(std::span<const std::uint8_t>)> send_part;
};

/// A member "error" of the header, one sentence without patient data, says that the job could not be done.
struct WorkerReply {
  boost::json::object header;
  std::vector<std::uint8_t> body;
};

/// What a worker process can do. A parameter, so that tests run workers with jobs that misbehave.
struct JobTable {
  /// Loads everything that needs the file system; called once, before the process gives it up. Returns what
  /// failed, empty on success.
  std::function<std::string()> prepare;
  std::map<std::string, std::function<WorkerReply(const WorkerRequest&)>, std::less<>> jobs;
};

/// The jobs of `trialgate worker`: examine, read_attributes, deidentify and reencode (see InstanceWorkers).
[[nodiscard]] JobTable instance_job_table();

/// Descriptor of the socket to the parent, inherited.
inline constexpr int worker_socket = 3;

/// Main function of a worker process: takes limits from the parent, confines itself, then serves jobs one
/// after another until the parent closes the socket, and then ends the process with status 0. Returns only
/// when that cannot begin, the exit status: 1 with one sentence on stderr, 2 when no WorkerPool started it.
/// Not to be called with other threads running.
[[nodiscard]] int run_worker(const JobTable& table);

}  // namespace trialgate::gateway
