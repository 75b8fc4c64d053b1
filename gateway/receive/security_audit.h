#pragma once

#include "gateway/log/logger.h"
#include "storage/store.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// Puts what the log says of refused peers (assoc.reject, tls.refused) and of TLS files that were read again
/// into the audit trail, and warns once a day of a peer's certificate that expires within 30 days. Who knocks
/// all the time gets one record a minute, with a count: the trail must not be filled from outside. Observes
/// the logger as long as it lives.
class SecurityAudit final : public EventObserver {
 public:
  SecurityAudit(storage::Store& store, Logger& log);
  ~SecurityAudit() override;
  SecurityAudit(const SecurityAudit&) = delete;
  SecurityAudit& operator=(const SecurityAudit&) = delete;

  void observed(std::string_view name, std::span<const dimse::Field> fields) override;
  /// Writes what has come together; blocks. From one thread, about once a second.
  void look();

 private:
  using Clock = std::chrono::steady_clock;
  struct Incident {
    std::string event;
    std::string reason;
    std::uint64_t count = 0;
    std::string last_fields;  ///< what need not be the same every time
    Clock::time_point not_before{};
  };
  struct Expiry {
    std::string subject;
    std::int64_t days_left = 0;
    Clock::time_point not_before{};
    bool due = false;
  };

  [[nodiscard]] std::vector<storage::AuditRecord> take(bool all);
  void write(bool all);

  storage::Store& store_;
  Logger& log_;
  std::mutex mutex_;
  std::map<std::string, Incident> incidents_;  ///< by event and reason; guarded by mutex_
  std::map<std::string, Expiry> expiries_;     ///< by fingerprint; guarded by mutex_
};

}  // namespace trialgate::gateway
