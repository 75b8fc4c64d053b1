#include "gateway/receive/security_audit.h"

#include "gateway/pipeline/clock.h"

#include <utility>

namespace trialgate::gateway {
namespace {

constexpr std::chrono::minutes between_records{1};
constexpr std::chrono::hours between_warnings{24};
constexpr std::int64_t warned_before_days = 30;
/// Kinds of incident and certificates that are told apart; more count together.
constexpr std::size_t most_kept = 500;

std::string value_of(std::span<const dimse::Field> fields, std::string_view key) {
  for (const dimse::Field& field : fields) {
    if (field.key != key) continue;
    if (const auto* text = std::get_if<std::string>(&field.value)) return *text;
    return std::to_string(std::get<std::int64_t>(field.value));
  }
  return {};
}

void add(std::string& text, std::string_view what, const std::string& value) {
  if (value.empty()) return;
  if (!text.empty()) text += ", ";
  text += std::string(what) + ' ' + value;
}

}  // namespace

SecurityAudit::SecurityAudit(storage::Store& store, Logger& log) : store_(store), log_(log) {
  log_.observe(this);
}

SecurityAudit::~SecurityAudit() {
  log_.observe(nullptr);
  write(true);
}

void SecurityAudit::observed(std::string_view name, std::span<const dimse::Field> fields) {
  if (name == "tls.established") {
    const std::string days = value_of(fields, "days_left");
    if (days.empty() || std::stoll(days) > warned_before_days) return;
    const std::lock_guard lock(mutex_);
    if (expiries_.size() >= most_kept) return;
    Expiry& expiry = expiries_[value_of(fields, "sha256")];
    expiry.subject = value_of(fields, "subject");
    expiry.days_left = std::stoll(days);
    expiry.due = true;
    return;
  }
  if (name != "tls.refused" && name != "assoc.reject" && name != "tls.reloaded" && name != "tls.not_reloaded")
    return;
  std::string reason;
  add(reason, "peer", value_of(fields, "peer"));
  add(reason, "file", value_of(fields, "file"));
  add(reason, "answer", value_of(fields, "reason"));
  add(reason, "limit", value_of(fields, "limit"));
  add(reason, "because", value_of(fields, "why"));
  std::string further;
  for (const std::string_view key : {"calling", "called", "subject"})
    add(further, key, value_of(fields, key));
  const std::lock_guard lock(mutex_);
  std::string key = std::string(name) + ' ' + reason;
  if (incidents_.size() >= most_kept && !incidents_.contains(key)) {
    reason = "from many peers";
    key = std::string(name);
  }
  Incident& incident = incidents_[key];
  incident.event = name == "assoc.reject" ? "association.rejected" : std::string(name);
  incident.reason = std::move(reason);
  incident.last_fields = std::move(further);
  ++incident.count;
}

std::vector<storage::AuditRecord> SecurityAudit::take(bool all) {
  std::vector<storage::AuditRecord> records;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (auto at = incidents_.begin(); at != incidents_.end();) {
    Incident& incident = at->second;
    const bool due = all || incident.not_before <= now;
    if (due && incident.count == 0) {
      at = incidents_.erase(at);
      continue;
    }
    ++at;
    if (!due) continue;
    storage::AuditRecord record;
    record.at = utc_now();
    record.actor = "trialgate";
    record.event = incident.event;
    record.reason = incident.reason;
    add(record.reason, "", incident.last_fields);
    if (incident.count > 1) add(record.reason, "times", std::to_string(incident.count));
    records.push_back(std::move(record));
    incident.count = 0;
    incident.not_before = now + between_records;
  }
  return records;
}

void SecurityAudit::write(bool all) {
  const std::vector<storage::AuditRecord> records = take(all);
  if (records.empty()) return;
  const auto written = store_.commit([&records](storage::Transaction& transaction) -> storage::Result<void> {
    for (const storage::AuditRecord& record : records) {
      if (auto appended = transaction.audit().append(record); !appended) return appended.error();
    }
    return {};
  });
  if (!written) log_.event(dimse::Level::error, "audit.not_recorded", {{"why", written.error().message()}});
}

void SecurityAudit::look() {
  write(false);
  std::vector<std::pair<std::string, Expiry>> due;
  {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    for (auto& [sha256, expiry] : expiries_) {
      if (!expiry.due || expiry.not_before > now) continue;
      due.emplace_back(sha256, expiry);
      expiry.due = false;
      expiry.not_before = now + between_warnings;
    }
  }
  for (const auto& [sha256, expiry] : due) {
    log_.event(dimse::Level::warn, "tls.peer_certificate_expires",
               {{"subject", expiry.subject}, {"sha256", sha256}, {"days_left", expiry.days_left}});
  }
}

}  // namespace trialgate::gateway
