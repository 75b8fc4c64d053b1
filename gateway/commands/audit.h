#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

namespace trialgate::gateway {

struct AuditVerifyOptions {
  std::filesystem::path store;        ///< or
  std::filesystem::path export_file;  ///< JSON lines that `audit export` wrote
  std::string
      expected_head;  ///< "seq:hash" that was kept elsewhere: it must be in the trail; empty: not checked
  bool json = false;
};

/// `trialgate audit verify`: follows the hash chain from the first record. Works beside a running node.
/// Returns exit_ok, exit_findings (edited, removed or cut off) or exit_could_not.
[[nodiscard]] int audit_verify_command(const AuditVerifyOptions& options, std::ostream& out,
                                       std::ostream& err);

struct AuditExportOptions {
  std::filesystem::path store;
};

/// `trialgate audit export`: the trail as JSON lines on `out`, its head ("seq:hash") on `err`.
[[nodiscard]] int audit_export_command(const AuditExportOptions& options, std::ostream& out,
                                       std::ostream& err);

}  // namespace trialgate::gateway
