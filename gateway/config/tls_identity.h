#pragma once

#include "dimse/ul/tls_context.h"
#include "gateway/log/logger.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// Whom we are and whom we trust: PEM files. Empty: none.
struct TlsFiles {
  std::filesystem::path certificate_file;  ///< our certificate, then its intermediates
  std::filesystem::path key_file;          ///< readable by its owner alone, no pass phrase
  std::filesystem::path ca_file;
  std::filesystem::path crl_file;  ///< revocation lists of every CA of a chain; must not be out of date
  dimse::TlsProfile profile = dimse::TlsProfile::bcp195_modified;

  bool operator==(const TlsFiles&) const = default;
};

/// The files of one end, as they stand in memory. Files that change are read again: what was agreed already
/// goes on, the next handshake takes the new ones. Files that cannot be used change nothing.
class TlsIdentity {
 public:
  TlsIdentity(dimse::TlsRole role, TlsFiles files) : role_(role), files_(std::move(files)) {}

  /// Reads the files for the first time. What is wrong, one sentence; empty on success. Blocks.
  [[nodiscard]] std::string load();
  /// What the next handshake goes by; null before load(). Any thread.
  [[nodiscard]] std::shared_ptr<const dimse::TlsContext> current() const;
  /// Reads changed files again, and says once a day what is out of date within 30 days. Blocks; from one
  /// thread.
  void look(Logger& log);

  [[nodiscard]] dimse::TlsRole role() const noexcept { return role_; }
  [[nodiscard]] const TlsFiles& files() const noexcept { return files_; }

 private:
  void warn(Logger& log);

  const dimse::TlsRole role_;
  const TlsFiles files_;
  std::string seen_;  ///< which state of the files was read last
  std::chrono::system_clock::time_point next_warning_{};
  mutable std::mutex mutex_;
  std::shared_ptr<const dimse::TlsContext> context_;  ///< guarded by mutex_
};

/// The identities of a node, one for the same files and role.
class TlsIdentities {
 public:
  [[nodiscard]] std::shared_ptr<TlsIdentity> get(dimse::TlsRole role, const TlsFiles& files);
  [[nodiscard]] const std::vector<std::shared_ptr<TlsIdentity>>& all() const noexcept { return all_; }
  /// Reads the files of all. One sentence for each that cannot be used.
  [[nodiscard]] std::vector<std::string> load() const;
  void look(Logger& log) const;

 private:
  std::vector<std::shared_ptr<TlsIdentity>> all_;
};

}  // namespace trialgate::gateway
