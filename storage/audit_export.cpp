#include "storage/audit_trail.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <istream>

namespace trialgate::storage {
namespace {

namespace json = boost::json;

std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

// "2026-06-01T08:30:00.000001Z"
std::string to_iso8601(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return padded(static_cast<int>(date.year()), 4) + "-" + padded(static_cast<unsigned>(date.month()), 2) +
         "-" + padded(static_cast<unsigned>(date.day()), 2) + "T" + padded(clock.hours().count(), 2) + ":" +
         padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2) + "." +
         padded(clock.subseconds().count(), 6) + "Z";
}

// Only has to read what to_iso8601 writes: the caller writes the record again and compares.
UtcTime from_iso8601(std::string_view text) {
  if (text.size() != 27) return {};
  const auto number = [&](std::size_t from, std::size_t size) {
    int value = 0;
    for (const char digit : text.substr(from, size)) value = value * 10 + (digit - '0');
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (!date.ok()) return {};
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(number(11, 2)) +
         std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2)) +
         std::chrono::microseconds(number(20, 6));
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::optional<std::uint64_t> integer_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
  return {};
}

std::optional<Digest> digest_of(const json::object& object, std::string_view name) {
  const auto digest = Digest::from_hex(text_of(object, name));
  if (!digest) return {};
  return *digest;
}

}  // namespace

std::string to_json_line(const AuditRecord& record) {
  json::object object;
  object["seq"] = record.seq;
  object["at"] = to_iso8601(record.at);
  object["actor"] = record.actor;
  object["event"] = record.event;
  object["reason"] = record.reason;
  object["site"] = record.site;
  object["submission"] = record.submission ? json::value(*record.submission) : json::value(nullptr);
  object["object"] = record.object ? json::value(record.object->hex()) : json::value(nullptr);
  object["sop_instance_uid"] = record.sop_instance_uid;
  object["detail"] = record.detail;
  object["prev_hash"] = record.prev_hash.hex();
  object["hash"] = record.hash.hex();
  return json::serialize(object);
}

Result<AuditRecord> from_json_line(std::string_view line) {
  boost::system::error_code error;
  const json::value parsed = json::parse({line.data(), line.size()}, error);
  if (error || !parsed.is_object()) return fail(Errc::corrupt, "the line is no JSON object");
  const json::object& object = parsed.get_object();
  AuditRecord record;
  record.seq = integer_of(object, "seq").value_or(0);
  record.at = from_iso8601(text_of(object, "at"));
  record.actor = text_of(object, "actor");
  record.event = text_of(object, "event");
  record.reason = text_of(object, "reason");
  record.site = text_of(object, "site");
  record.submission = integer_of(object, "submission");
  record.object = digest_of(object, "object");
  record.sop_instance_uid = text_of(object, "sop_instance_uid");
  record.detail = text_of(object, "detail");
  record.prev_hash = digest_of(object, "prev_hash").value_or(Digest());
  record.hash = digest_of(object, "hash").value_or(Digest());
  // Covers every key, type, order and spelling that was not looked at.
  if (to_json_line(record) != line) return fail(Errc::corrupt, "the line is not an audit record as exported");
  return record;
}

Result<AuditVerification> verify_export(std::istream& lines, const AuditHead& start,
                                        const std::optional<AuditHead>& expected) {
  AuditChain chain(start);
  bool seen_expected = !expected || *expected == start;
  std::string line;
  while (std::getline(lines, line)) {
    const auto record = from_json_line(line);
    if (!record) {
      chain.break_here(record.error().where);
      break;
    }
    if (!chain.check(*record)) break;
    if (expected && record->seq == expected->seq) seen_expected = record->hash == expected->hash;
  }
  if (lines.bad()) return fail(Errc::io_error, "cannot read the exported audit trail");
  if (!seen_expected) {
    chain.break_here("record " + std::to_string(expected->seq) +
                     " of the expected head is missing or differs");
  }
  return chain.result();
}

}  // namespace trialgate::storage
