#pragma once

#include "gateway/worker/worker_pool.h"
#include "rules/deidentify/deidentify.h"
#include "rules/examine/instance_record.h"
#include "storage/digest.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// Everything that de-identifying the instances of one submission needs, made once and shared by its jobs.
/// Holds the patient ID and the trial's key: never to be logged or stored.
class DeidentificationPlan {
 public:
  DeidentificationPlan(const rules::DeidentificationRules& rules,
                       const rules::DeidentificationSubject& subject, std::span<const std::uint8_t> key);

  [[nodiscard]] const std::shared_ptr<const std::string>& text() const noexcept { return text_; }
  /// Pixels may have to be decoded, which takes its time.
  [[nodiscard]] bool masks_pixels() const noexcept { return masks_pixels_; }

 private:
  std::shared_ptr<const std::string> text_;
  bool masks_pixels_;
};

/// A de-identified instance as a worker made it. What the node can check is checked: the pixel range is
/// within its file, UIDs are UIDs.
struct DeidentifiedInstance {
  rules::Deidentified instance;
  storage::UniqueFd new_pixels;     ///< the file of the pixel range, open for reading; none: the source file
  storage::Digest data_set_digest;  ///< of prefix, pixel range and suffix, as the worker read them
  std::string attributes;           ///< encoded InstanceAttributes of the derived data set
};

/// A data set in a file of its own, which has no name.
struct ReencodedDataSet {
  storage::UniqueFd file;  ///< open for reading
  std::uint64_t size_bytes = 0;
};

using ReencodeOutcome = std::variant<ReencodedDataSet, WorkerFailure>;

/// What a worker found in an instance.
struct ExaminedInstance {
  rules::InstanceRecord record;
  std::string attributes;  ///< encoded InstanceAttributes; they name the patient
};

using ExamineOutcome = std::variant<ExaminedInstance, WorkerFailure>;
using DeidentifyOutcome = std::variant<DeidentifiedInstance, rules::Held, WorkerFailure>;

/// The pool of `trialgate worker` processes, by what they are for. Files are Part 10 files as the store keeps
/// them, open for reading. All members are thread-safe; callbacks as in WorkerPool.
class InstanceWorkers {
 public:
  explicit InstanceWorkers(WorkerPoolConfig config) : pool_(std::move(config)) {}

  /// Examines and waits. `file` stays the caller's. `extra_paths` are those that the trials' rules name.
  [[nodiscard]] ExamineOutcome examine(int file, std::span<const std::string> extra_paths);
  /// The same without waiting. Blocks only while the queue is full.
  void examine(storage::UniqueFd file, std::span<const std::string> extra_paths,
               std::function<void(ExamineOutcome)> callback);

  /// Reads the attributes that queries find from the first bytes of a data set, and waits. Nothing when it
  /// cannot be done.
  [[nodiscard]] std::optional<std::string> read_attributes(std::string first_bytes,
                                                           std::string_view transfer_syntax_uid);

  /// De-identifies and waits. `file` stays the caller's. The job's deadline grows with the file's size.
  [[nodiscard]] DeidentifyOutcome deidentify(int file, const DeidentificationPlan& plan);
  /// The same without waiting. Blocks only while the queue is full.
  void deidentify(storage::UniqueFd file, const DeidentificationPlan& plan,
                  std::function<void(DeidentifyOutcome)> callback);

  /// Encodes a data set, which begins at `offset` of the file and is in the transfer syntax `from`, in
  /// implicit or explicit VR little endian, decoding its pixels, and waits. `file` stays the caller's.
  [[nodiscard]] ReencodeOutcome reencode(int file, std::uint64_t offset, std::string_view from,
                                         std::string_view to);

  /// See WorkerPool::stop().
  void stop(std::chrono::milliseconds grace) { pool_.stop(grace); }
  [[nodiscard]] WorkerPool& pool() noexcept { return pool_; }

 private:
  WorkerPool pool_;
};

}  // namespace trialgate::gateway
