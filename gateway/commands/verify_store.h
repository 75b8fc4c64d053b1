#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>

namespace trialgate::gateway {

struct VerifyStoreOptions {
  std::filesystem::path store;
  std::size_t threads = 2;  ///< that read blobs
  bool json = false;
  bool progress = false;  ///< `err` is a terminal
};

/// `trialgate verify-store`: reads every blob and compares it with its name, compares blobs with rows both
/// ways, checks that every range of a derived instance lies within its blob, and verifies the audit trail.
/// Changes nothing; works beside a running node. Returns exit_ok, exit_findings (damage) or exit_could_not.
/// Blobs without a row (received, never acknowledged) are listed, but are no damage.
[[nodiscard]] int verify_store_command(const VerifyStoreOptions& options, std::ostream& out,
                                       std::ostream& err);

}  // namespace trialgate::gateway
