#include "gateway/worker/instance_workers.h"

#include "gateway/worker/instance_replies.h"
#include "gateway/worker/pixel_spool.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <utility>

namespace trialgate::gateway {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 0xFU];
  }
  return text;
}

std::uint64_t size_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Job examine_job(storage::UniqueFd file, std::span<const std::string> extra_paths) {
  Job job;
  job.header = {{"job", "examine"},
                {"extra_paths", boost::json::array(extra_paths.begin(), extra_paths.end())}};
  job.file = std::move(file);
  return job;
}

// A worker reads the whole instance for its digest: a slow disk must not make a large one look hostile.
constexpr std::uint64_t slowest_read_bytes_per_millisecond = 20'000;

// Compressed bytes, of the slowest codec on a slow machine.
constexpr std::uint64_t slowest_decode_bytes_per_millisecond = 2'000;

Job deidentify_job(storage::UniqueFd file, const DeidentificationPlan& plan, const WorkerPoolConfig& config,
                   std::shared_ptr<PixelSpool> spool) {
  Job job;
  const std::uint64_t speed =
      plan.masks_pixels() ? slowest_decode_bytes_per_millisecond : slowest_read_bytes_per_millisecond;
  job.timeout = config.job_timeout + std::chrono::milliseconds(size_of(file.get()) / speed);
  job.parts = std::move(spool);
  job.header = {{"job", "deidentify"}};
  job.body = plan.text();
  job.file = std::move(file);
  return job;
}

/// Uncompressed values have a length of 32 bits; coded ones do not grow.
std::shared_ptr<PixelSpool> make_spool(const WorkerPoolConfig& config, std::uint64_t file_bytes) {
  constexpr std::uint64_t longest_value = 1ULL << 32U;
  return std::make_shared<PixelSpool>(config.spool_folder, std::max(longest_value, file_bytes));
}

/// A descriptor of the job's own; the file behind it is the caller's.
storage::UniqueFd duplicate(int file) {
  return storage::UniqueFd(::fcntl(file, F_DUPFD_CLOEXEC, 0));
}

WorkerFailure no_descriptor() {
  return {WorkerFailure::Kind::unavailable, 0,
          std::string("no descriptor for the worker: ") + std::strerror(errno)};
}

}  // namespace

DeidentificationPlan::DeidentificationPlan(const rules::DeidentificationRules& rules,
                                           const rules::DeidentificationSubject& subject,
                                           std::span<const std::uint8_t> key)
    : text_(std::make_shared<const std::string>(boost::json::serialize(boost::json::object{
          {"rules", rules::to_json(rules)}, {"subject", rules::to_json(subject)}, {"key", hex(key)}}))),
      masks_pixels_(!rules.masks.empty()) {}

ExamineOutcome InstanceWorkers::examine(int file, std::span<const std::string> extra_paths) {
  storage::UniqueFd own = duplicate(file);
  if (!own) return no_descriptor();
  return examine_outcome(pool_.run(examine_job(std::move(own), extra_paths)));
}

void InstanceWorkers::examine(storage::UniqueFd file, std::span<const std::string> extra_paths,
                              std::function<void(ExamineOutcome)> callback) {
  pool_.submit(examine_job(std::move(file), extra_paths),
               [callback = std::move(callback)](JobOutcome outcome) {
                 callback(examine_outcome(std::move(outcome)));
               });
}

std::optional<std::string> InstanceWorkers::read_attributes(std::string first_bytes,
                                                            std::string_view transfer_syntax_uid) {
  Job job;
  job.header = {{"job", "read_attributes"}, {"transfer_syntax_uid", transfer_syntax_uid}};
  job.body = std::make_shared<const std::string>(std::move(first_bytes));
  return attributes_outcome(pool_.run(std::move(job)));
}

DeidentifyOutcome InstanceWorkers::deidentify(int file, const DeidentificationPlan& plan) {
  storage::UniqueFd own = duplicate(file);
  if (!own) return no_descriptor();
  const auto spool = make_spool(pool_.config(), size_of(file));
  return deidentify_outcome(pool_.run(deidentify_job(std::move(own), plan, pool_.config(), spool)),
                            size_of(file), *spool);
}

void InstanceWorkers::deidentify(storage::UniqueFd file, const DeidentificationPlan& plan,
                                 std::function<void(DeidentifyOutcome)> callback) {
  const std::uint64_t size = size_of(file.get());
  const auto spool = make_spool(pool_.config(), size);
  pool_.submit(deidentify_job(std::move(file), plan, pool_.config(), spool),
               [callback = std::move(callback), size, spool](JobOutcome outcome) {
                 callback(deidentify_outcome(std::move(outcome), size, *spool));
               });
}

ReencodeOutcome InstanceWorkers::reencode(int file, std::uint64_t offset, std::string_view from,
                                          std::string_view to) {
  storage::UniqueFd own = duplicate(file);
  if (!own) return no_descriptor();
  const auto spool = make_spool(pool_.config(), size_of(file));
  Job job;
  job.header = {{"job", "reencode"}, {"offset", offset}, {"from", from}, {"to", to}};
  job.timeout = pool_.config().job_timeout +
                std::chrono::milliseconds(size_of(file) / slowest_decode_bytes_per_millisecond);
  job.parts = spool;
  job.file = std::move(own);
  return reencode_outcome(pool_.run(std::move(job)), *spool);
}

}  // namespace trialgate::gateway
