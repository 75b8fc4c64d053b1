#include "storage/lmdb/lmdb_audit_trail.h"

#include "storage/lmdb/key.h"
#include "storage/lmdb/row_access.h"

#include <algorithm>
#include <utility>

namespace trialgate::storage {
namespace {

constexpr std::string_view head_name = "audit_head";

// How many bytes at `at` form one UTF-8 sequence (Unicode 15, table 3-7); 0: none.
std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xbf; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_high = first == 0xf4 && byte(1) > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_high ? 4 : 0;
  }
  return 0;
}

// A trail that is exported as JSON can hold nothing else, and a record must not be lost for a bad byte.
void make_utf8(std::string& text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_sequence(text, at);
    clean.append(size == 0 ? std::string_view("\xef\xbf\xbd") : std::string_view(text).substr(at, size));
    at += std::max<std::size_t>(size, 1);
  }
  text = std::move(clean);
}

class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t integer(std::size_t size) {
    const std::string_view bytes = take(size);
    return bytes.empty() ? 0 : read_big_endian(bytes, size);
  }
  std::string text() { return std::string(take(integer(4))); }
  bool present() {
    const std::uint64_t flag = integer(1);
    if (flag > 1) ok_ = false;
    return flag == 1;
  }
  Digest digest() {
    const std::string_view bytes = take(Digest::size_bytes);
    Digest::Bytes copy{};
    std::copy(bytes.begin(), bytes.end(), copy.begin());
    return Digest(copy);
  }
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string encode(const AuditRecord& record) {
  const std::vector<std::uint8_t> canonical = canonical_bytes(record);
  std::string bytes(canonical.begin(), canonical.end());
  return Key().raw(bytes).digest(record.prev_hash).digest(record.hash).bytes();
}

Result<AuditRecord> decode_audit(std::string_view bytes) {
  CanonicalReader in(bytes);
  if (in.integer(1) != 1) return fail(Errc::corrupt, "audit row: unknown version");
  AuditRecord record;
  record.seq = in.integer(8);
  record.at = UtcTime(std::chrono::microseconds(static_cast<std::int64_t>(in.integer(8))));
  record.actor = in.text();
  record.event = in.text();
  record.reason = in.text();
  record.site = in.text();
  if (in.present()) record.submission = in.integer(8);
  if (in.present()) record.object = in.digest();
  record.sop_instance_uid = in.text();
  record.detail = in.text();
  record.prev_hash = in.digest();
  record.hash = in.digest();
  if (!in.finished()) return fail(Errc::corrupt, "audit row: truncated or surplus bytes");
  return record;
}

Result<AuditHead> LmdbAuditTrail::append(AuditRecord record) {
  const auto last = head();
  if (!last) return last.error();
  for (std::string* text : {&record.actor, &record.event, &record.reason, &record.site,
                            &record.sop_instance_uid, &record.detail}) {
    make_utf8(*text);
  }
  record.seq = last->seq + 1;
  record.prev_hash = last->hash;
  record.hash = chain_hash(record);
  const std::string key = Key().u64(record.seq).bytes();
  if (auto put = transaction_.put_new(Table::audit, key, encode(record)); !put) return put.error();
  if (record.submission) {
    const std::string by_submission = Key().u64(*record.submission).raw(key).bytes();
    if (auto put = transaction_.put(Table::audit_by_submission, by_submission, {}); !put) return put.error();
  }
  const std::string head_bytes = Key().u64(record.seq).digest(record.hash).bytes();
  if (auto put = transaction_.put(Table::meta, head_name, head_bytes); !put) return put.error();
  return AuditHead{record.seq, record.hash};
}

Result<std::vector<AuditRecord>> LmdbAuditTrail::read(std::uint64_t from, std::size_t limit) const {
  std::vector<AuditRecord> records;
  if (limit == 0) return records;
  const auto walked = transaction_.scan(Table::audit, {}, Key().u64(from).bytes(),
                                        [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                          auto record = decode_audit(bytes);
                                          if (!record) return record.error();
                                          records.push_back(std::move(*record));
                                          return records.size() < limit;
                                        });
  if (!walked) return walked.error();
  return records;
}

Result<std::vector<AuditRecord>> LmdbAuditTrail::read_of(std::uint64_t submission) const {
  std::vector<AuditRecord> records;
  const auto walked =
      transaction_.scan(Table::audit_by_submission, Key().u64(submission).bytes(), {},
                        [&](std::string_view key, std::string_view) -> Result<bool> {
                          auto record = require_row(transaction_, Table::audit, key.substr(8), decode_audit);
                          if (!record) return record.error();
                          records.push_back(std::move(*record));
                          return true;
                        });
  if (!walked) return walked.error();
  return records;
}

Result<AuditHead> LmdbAuditTrail::head() const {
  const auto bytes = transaction_.get(Table::meta, head_name);
  if (!bytes) return bytes.error();
  if (!*bytes) return AuditHead{};
  if ((*bytes)->size() != 8 + Digest::size_bytes) return fail(Errc::corrupt, "audit head row: wrong size");
  const std::string_view hash = (*bytes)->substr(8);
  Digest::Bytes copy{};
  std::copy(hash.begin(), hash.end(), copy.begin());
  return AuditHead{read_u64(**bytes), Digest(copy)};
}

Result<AuditVerification> LmdbAuditTrail::verify(const AuditHead& start, std::size_t limit) const {
  AuditChain chain(start);
  std::size_t seen = 0;
  bool at_end = true;
  const auto walked =
      transaction_.scan(Table::audit, {}, start.seq == 0 ? std::string() : Key().u64(start.seq + 1).bytes(),
                        [&](std::string_view key, std::string_view bytes) -> Result<bool> {
                          if (seen == limit) {
                            at_end = false;
                            return false;
                          }
                          ++seen;
                          const auto record = decode_audit(bytes);
                          if (!record) {
                            chain.break_here(record.error().where);
                          } else if (key != Key().u64(record->seq).bytes()) {
                            chain.break_here("it stands under the key of another record");
                          } else {
                            chain.check(*record);
                          }
                          return chain.result().ok();
                        });
  if (!walked) return walked.error();
  if (at_end && chain.result().ok()) {
    const auto last = head();
    if (!last) return last.error();
    if (*last != chain.result().head) chain.break_here("the trail does not end where its head says");
  }
  return chain.result();
}

}  // namespace trialgate::storage
