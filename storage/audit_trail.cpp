#include "storage/audit_trail.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace trialgate::storage {
namespace {

constexpr std::string_view hash_domain{"trialgate audit 1\0", 18};
constexpr std::uint8_t canonical_version = 1;

void put_integer(std::vector<std::uint8_t>& out, std::uint64_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i) & 0xff));
}

void put_text(std::vector<std::uint8_t>& out, std::string_view text) {
  put_integer(out, text.size(), 4);
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

std::vector<std::uint8_t> canonical_bytes(const AuditRecord& record) {
  std::vector<std::uint8_t> out;
  out.push_back(canonical_version);
  put_integer(out, record.seq, 8);
  put_integer(out, static_cast<std::uint64_t>(record.at.time_since_epoch().count()), 8);
  put_text(out, record.actor);
  put_text(out, record.event);
  put_text(out, record.reason);
  put_text(out, record.site);
  out.push_back(record.submission ? 1 : 0);
  if (record.submission) put_integer(out, *record.submission, 8);
  out.push_back(record.object ? 1 : 0);
  if (record.object) out.insert(out.end(), record.object->bytes().begin(), record.object->bytes().end());
  put_text(out, record.sop_instance_uid);
  put_text(out, record.detail);
  return out;
}

Digest chain_hash(const AuditRecord& record) {
  DigestBuilder builder;
  builder.update({reinterpret_cast<const std::uint8_t*>(hash_domain.data()), hash_domain.size()});
  builder.update(record.prev_hash.bytes());
  builder.update(canonical_bytes(record));
  return builder.finish();
}

AuditChain::AuditChain(AuditHead start) {
  result_.head = start;
}

void AuditChain::break_here(std::string problem) {
  if (!result_.ok()) return;
  result_.first_broken = result_.head.seq + 1;
  result_.problem = "record " + std::to_string(result_.head.seq + 1) + ": " + std::move(problem);
}

bool AuditChain::check(const AuditRecord& record) {
  if (!result_.ok()) return false;
  if (record.seq != result_.head.seq + 1) {
    break_here("record " + std::to_string(record.seq) + " stands in its place");
  } else if (record.prev_hash != result_.head.hash) {
    break_here("it does not continue the record before it");
  } else if (record.hash != chain_hash(record)) {
    break_here("its content does not match its hash");
  } else {
    result_.head = {record.seq, record.hash};
  }
  return result_.ok();
}

}  // namespace trialgate::storage
