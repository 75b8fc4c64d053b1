#include "gateway/worker/examine_all.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace trialgate::gateway {

std::vector<ExamineOutcome> examine_all(InstanceWorkers& workers, std::size_t count, const OpenFile& open,
                                        const std::vector<std::string>& extra_paths,
                                        const std::function<void()>& done) {
  std::vector<ExamineOutcome> outcomes(count);
  std::mutex mutex;
  std::condition_variable all_done;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto file = open(i);
    if (auto* const problem = std::get_if<std::string>(&file)) {
      outcomes[i] = WorkerFailure{WorkerFailure::Kind::unavailable, 0, std::move(*problem)};
      done();
      continue;
    }
    {
      const std::lock_guard lock(mutex);
      ++waiting;
    }
    workers.examine(std::move(std::get<storage::UniqueFd>(file)), extra_paths,
                    [&, i](ExamineOutcome outcome) {
                      done();
                      const std::lock_guard lock(mutex);
                      outcomes[i] = std::move(outcome);
                      if (--waiting == 0) all_done.notify_all();
                    });
  }
  std::unique_lock lock(mutex);
  all_done.wait(lock, [&] { return waiting == 0; });
  return outcomes;
}

}  // namespace trialgate::gateway
