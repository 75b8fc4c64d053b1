#pragma once

#include "gateway/config/trial_book.h"
#include "gateway/log/logger.h"
#include "gateway/worker/instance_workers.h"
#include "storage/store.h"

#include <filesystem>

namespace trialgate::gateway {

/// Third step: de-identifies the instances of a released submission that its delivery rules ask for. Their
/// headers go into one pack blob; pixels stay where they are, as a range of the received blob, unless they
/// had to be masked: then they are in the pack. If one instance is held, nothing of the study leaves. One
/// thread.
class Deriver {
 public:
  /// `default_key_file` serves trials that name no key of their own.
  Deriver(storage::Store& store, InstanceWorkers& workers, const TrialBook& trials,
          std::filesystem::path default_key_file, Logger& log)
      : store_(store),
        workers_(workers),
        trials_(trials),
        default_key_file_(std::move(default_key_file)),
        log_(log) {}

  /// `row` is in state released; afterwards it is de-identified, or quarantined with the reasons in its hold
  /// document. Blocks until the workers are done. Errors: those of the store; resource_unavailable_try_again
  /// when the workers or the key are not available now.
  storage::Result<void> derive(const storage::SubmissionRow& row);

 private:
  storage::Store& store_;
  InstanceWorkers& workers_;
  const TrialBook& trials_;
  std::filesystem::path default_key_file_;
  Logger& log_;
};

}  // namespace trialgate::gateway
