#pragma once

#include "gateway/config/trial_book.h"
#include "rules/examine/instance_record.h"
#include "storage/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Which attributes an examination looks for beside the usual ones: those that the rules of the trials in
/// force name.
struct ExaminedPaths {
  std::vector<std::string> paths;  ///< sorted, each once
  std::string fingerprint;         ///< SHA-256 of them, hex
};
[[nodiscard]] ExaminedPaths examined_paths(const TrialSet& trials);

/// A record as the index keeps it, with what it was examined for: once the trials ask for other attributes it
/// is stale.
struct ExaminedRecord {
  rules::InstanceRecord record;
  std::string fingerprint;  ///< of the ExaminedPaths; empty: not known
};
[[nodiscard]] std::string encode(const rules::InstanceRecord& record, std::string_view fingerprint);
/// Error: corrupt.
[[nodiscard]] storage::Result<ExaminedRecord> decode_examined_record(std::string_view bytes);

}  // namespace trialgate::gateway
