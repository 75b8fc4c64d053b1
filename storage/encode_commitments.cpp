#include "storage/encode_commitments.h"

#include "storage/row_codec.h"

#include <limits>
#include <utility>

namespace trialgate::storage {
namespace {

constexpr std::uint8_t commitment_version = 1;
constexpr std::uint8_t items_version = 1;
constexpr std::uint8_t performed_step_version = 1;

constexpr std::uint64_t max_u32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t max_u16 = std::numeric_limits<std::uint16_t>::max();

void write_texts(RowWriter& out, const std::vector<std::string>& texts) {
  out.integer(texts.size());
  for (const std::string& text : texts) out.text(text);
}

std::vector<std::string> read_texts(RowReader& in) {
  // Each text takes a byte at least, which bounds the count before anything is reserved.
  const std::uint64_t count = in.integer(in.left());
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) texts.push_back(in.text());
  return texts;
}

}  // namespace

std::string encode(const CommitmentRow& row) {
  RowWriter out(commitment_version);
  out.integer(row.id);
  out.enumerator(row.role);
  out.text(row.site);
  out.text(row.partner);
  out.text(row.transaction_uid);
  out.enumerator(row.state);
  out.text(row.called_ae);
  out.integer(row.submission);
  out.integer(row.item_count);
  out.integer(row.failed_count);
  out.integer(row.attempts);
  out.time(row.created_at);
  out.time(row.not_before);
  out.time(row.settled_at);
  out.text(row.last_error);
  return out.take();
}

Result<CommitmentRow> decode_commitment(std::string_view bytes) {
  RowReader in(bytes, commitment_version);
  CommitmentRow row;
  row.id = in.integer();
  row.role = in.enumerator(CommitmentRole::user);
  row.site = in.text();
  row.partner = in.text();
  row.transaction_uid = in.text();
  row.state = in.enumerator(CommitmentState::abandoned);
  row.called_ae = in.text();
  row.submission = in.integer();
  row.item_count = in.integer();
  row.failed_count = in.integer();
  row.attempts = static_cast<std::uint32_t>(in.integer(max_u32));
  row.created_at = in.time();
  row.not_before = in.time();
  row.settled_at = in.time();
  row.last_error = in.text();
  if (auto end = in.finish("commitment"); !end) return end.error();
  return row;
}

std::string encode(const std::vector<CommitmentItem>& items) {
  RowWriter out(items_version);
  out.integer(items.size());
  for (const CommitmentItem& item : items) {
    out.text(item.sop_class_uid);
    out.text(item.sop_instance_uid);
    out.integer(item.failure_reason);
  }
  return out.take();
}

Result<std::vector<CommitmentItem>> decode_commitment_items(std::string_view bytes) {
  RowReader in(bytes, items_version);
  std::vector<CommitmentItem> items;
  const std::uint64_t count = in.integer(in.left());
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    CommitmentItem item;
    item.sop_class_uid = in.text();
    item.sop_instance_uid = in.text();
    item.failure_reason = static_cast<std::uint16_t>(in.integer(max_u16));
    items.push_back(std::move(item));
  }
  if (auto end = in.finish("commitment items"); !end) return end.error();
  return items;
}

std::string encode(const PerformedStepRow& row) {
  RowWriter out(performed_step_version);
  out.text(row.site);
  out.text(row.sop_instance_uid);
  out.enumerator(row.state);
  out.text(row.calling_ae);
  out.text(row.peer);
  out.time(row.created_at);
  out.time(row.ended_at);
  out.integer(row.messages);
  write_texts(out, row.study_uids);
  write_texts(out, row.instances);
  return out.take();
}

Result<PerformedStepRow> decode_performed_step(std::string_view bytes) {
  RowReader in(bytes, performed_step_version);
  PerformedStepRow row;
  row.site = in.text();
  row.sop_instance_uid = in.text();
  row.state = in.enumerator(PerformedStepState::discontinued);
  row.calling_ae = in.text();
  row.peer = in.text();
  row.created_at = in.time();
  row.ended_at = in.time();
  row.messages = static_cast<std::uint32_t>(in.integer(max_u32));
  row.study_uids = read_texts(in);
  row.instances = read_texts(in);
  if (auto end = in.finish("performed procedure step"); !end) return end.error();
  return row;
}

}  // namespace trialgate::storage
