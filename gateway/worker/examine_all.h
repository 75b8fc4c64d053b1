#pragma once

#include "gateway/worker/instance_workers.h"

#include <cstddef>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// Opens the i-th file, or says in one sentence why it cannot.
using OpenFile = std::function<std::variant<storage::UniqueFd, std::string>(std::size_t)>;

/// Examines `count` files in the workers and waits for all, each with its outcome in its place. `done` is
/// called after each, on any thread.
[[nodiscard]] std::vector<ExamineOutcome> examine_all(InstanceWorkers& workers, std::size_t count,
                                                      const OpenFile& open,
                                                      const std::vector<std::string>& extra_paths,
                                                      const std::function<void()>& done);

}  // namespace trialgate::gateway
