#include "storage/encode_rows.h"

#include "storage/row_codec.h"

#include <limits>
#include <utility>

namespace trialgate::storage {
namespace {

// Raised when the fields of that row change; older versions are then read by a branch of their own.
constexpr std::uint8_t instance_version = 1;
constexpr std::uint8_t blob_version = 1;
constexpr std::uint8_t submission_version = 1;
constexpr std::uint8_t derived_version = 1;
constexpr std::uint8_t delivery_version = 2;
constexpr std::uint8_t delivery_without_commitment = 1;
constexpr std::uint8_t query_version = 1;
constexpr std::uint8_t notice_version = 1;

constexpr std::uint64_t max_u32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t max_u16 = std::numeric_limits<std::uint16_t>::max();

template <class Row>
Result<Row> finished(const RowReader& reader, std::string_view kind, Row row) {
  const auto end = reader.finish(kind);
  if (!end) return end.error();
  return row;
}

}  // namespace

std::string encode(const InstanceRow& row) {
  RowWriter out(instance_version);
  out.text(row.sop_instance_uid);
  out.digest(row.blob);
  out.text(row.sop_class_uid);
  out.text(row.transfer_syntax_uid);
  out.text(row.site);
  out.text(row.calling_ae);
  out.text(row.called_ae);
  out.text(row.peer);
  out.integer(row.association_id);
  out.time(row.received_at);
  out.integer(row.data_set_offset);
  out.integer(row.size_bytes);
  out.enumerator(row.state);
  out.flag(row.conflict);
  out.text(row.study_uid);
  out.text(row.series_uid);
  out.integer(row.submission);
  out.integer(row.arrival);
  return out.take();
}

Result<InstanceRow> decode_instance(std::string_view bytes) {
  RowReader in(bytes, instance_version);
  InstanceRow row;
  row.sop_instance_uid = in.text();
  row.blob = in.digest();
  row.sop_class_uid = in.text();
  row.transfer_syntax_uid = in.text();
  row.site = in.text();
  row.calling_ae = in.text();
  row.called_ae = in.text();
  row.peer = in.text();
  row.association_id = in.integer();
  row.received_at = in.time();
  row.data_set_offset = in.integer();
  row.size_bytes = in.integer();
  row.state = in.enumerator(InstanceState::unreadable);
  row.conflict = in.flag();
  row.study_uid = in.text();
  row.series_uid = in.text();
  row.submission = in.integer();
  row.arrival = in.integer();
  return finished(in, "instance", std::move(row));
}

std::string encode(const BlobRow& row) {
  RowWriter out(blob_version);
  out.digest(row.blob);
  out.enumerator(row.role);
  out.integer(row.size_bytes);
  out.text(row.sop_instance_uid);
  return out.take();
}

Result<BlobRow> decode_blob(std::string_view bytes) {
  RowReader in(bytes, blob_version);
  BlobRow row;
  row.blob = in.digest();
  row.role = in.enumerator(BlobRole::other);
  row.size_bytes = in.integer();
  row.sop_instance_uid = in.text();
  return finished(in, "blob", std::move(row));
}

std::string encode(const SubmissionRow& row) {
  RowWriter out(submission_version);
  out.integer(row.id);
  out.text(row.site);
  out.text(row.study_uid);
  out.text(row.trial_id);
  out.text(row.subject);
  out.text(row.time_point);
  out.enumerator(row.state);
  out.integer(row.version);
  out.integer(row.instance_count);
  out.time(row.last_arrival);
  out.time(row.entered_state_at);
  return out.take();
}

Result<SubmissionRow> decode_submission(std::string_view bytes) {
  RowReader in(bytes, submission_version);
  SubmissionRow row;
  row.id = in.integer();
  row.site = in.text();
  row.study_uid = in.text();
  row.trial_id = in.text();
  row.subject = in.text();
  row.time_point = in.text();
  row.state = in.enumerator(SubmissionState::withdrawn);
  row.version = static_cast<std::uint32_t>(in.integer(max_u32));
  row.instance_count = in.integer();
  row.last_arrival = in.time();
  row.entered_state_at = in.time();
  return finished(in, "submission", std::move(row));
}

std::string encode(const DerivedRow& row) {
  RowWriter out(derived_version);
  out.integer(row.submission);
  out.integer(row.version);
  out.text(row.sop_class_uid);
  out.text(row.sop_instance_uid);
  out.text(row.transfer_syntax_uid);
  out.text(row.study_uid);
  out.text(row.series_uid);
  out.digest(row.source);
  out.text(row.source_sop_instance_uid);
  out.integer(row.data_set.size());
  for (const Extent& extent : row.data_set) {
    out.digest(extent.blob);
    out.integer(extent.offset);
    out.integer(extent.length);
  }
  out.digest(row.data_set_digest);
  out.integer(row.data_set_bytes);
  return out.take();
}

Result<DerivedRow> decode_derived(std::string_view bytes) {
  RowReader in(bytes, derived_version);
  DerivedRow row;
  row.submission = in.integer();
  row.version = static_cast<std::uint32_t>(in.integer(max_u32));
  row.sop_class_uid = in.text();
  row.sop_instance_uid = in.text();
  row.transfer_syntax_uid = in.text();
  row.study_uid = in.text();
  row.series_uid = in.text();
  row.source = in.digest();
  row.source_sop_instance_uid = in.text();
  // Each extent takes more than its digest, which bounds the count before anything is reserved.
  const std::uint64_t extents = in.integer(in.left() / Digest::size_bytes);
  for (std::uint64_t i = 0; i < extents && in.ok(); ++i) {
    Extent extent;
    extent.blob = in.digest();
    extent.offset = in.integer();
    extent.length = in.integer();
    row.data_set.push_back(extent);
  }
  row.data_set_digest = in.digest();
  row.data_set_bytes = in.integer();
  return finished(in, "derived instance", std::move(row));
}

std::string encode(const DeliveryRow& row) {
  RowWriter out(delivery_version);
  out.integer(row.id);
  out.integer(row.submission);
  out.integer(row.version);
  out.text(row.destination);
  out.text(row.sop_instance_uid);
  out.enumerator(row.state);
  out.integer(row.attempts);
  out.time(row.enqueued_at);
  out.time(row.not_before);
  out.integer(row.last_status);
  out.text(row.last_error);
  out.flag(row.needs_commitment);
  out.integer(row.refusals);
  return out.take();
}

Result<DeliveryRow> decode_delivery(std::string_view bytes) {
  const bool first_version =
      !bytes.empty() && static_cast<std::uint8_t>(bytes.front()) == delivery_without_commitment;
  RowReader in(bytes, first_version ? delivery_without_commitment : delivery_version);
  DeliveryRow row;
  row.id = in.integer();
  row.submission = in.integer();
  row.version = static_cast<std::uint32_t>(in.integer(max_u32));
  row.destination = in.text();
  row.sop_instance_uid = in.text();
  row.state = in.enumerator(DeliveryState::failed);
  row.attempts = static_cast<std::uint32_t>(in.integer(max_u32));
  row.enqueued_at = in.time();
  row.not_before = in.time();
  row.last_status = static_cast<std::uint16_t>(in.integer(max_u16));
  row.last_error = in.text();
  if (!first_version) {
    row.needs_commitment = in.flag();
    row.refusals = static_cast<std::uint32_t>(in.integer(max_u32));
  }
  return finished(in, "delivery", std::move(row));
}

std::string encode(const QueryRow& row) {
  RowWriter out(query_version);
  out.integer(row.id);
  out.integer(row.submission);
  out.integer(row.version);
  out.text(row.site);
  out.enumerator(row.state);
  out.time(row.opened_at);
  out.time(row.due_at);
  out.text(row.answer);
  out.text(row.answered_by);
  out.time(row.answered_at);
  out.text(row.closing_reason);
  out.text(row.closed_by);
  out.time(row.closed_at);
  return out.take();
}

Result<QueryRow> decode_query(std::string_view bytes) {
  RowReader in(bytes, query_version);
  QueryRow row;
  row.id = in.integer();
  row.submission = in.integer();
  row.version = static_cast<std::uint32_t>(in.integer(max_u32));
  row.site = in.text();
  row.state = in.enumerator(QueryState::closed);
  row.opened_at = in.time();
  row.due_at = in.time();
  row.answer = in.text();
  row.answered_by = in.text();
  row.answered_at = in.time();
  row.closing_reason = in.text();
  row.closed_by = in.text();
  row.closed_at = in.time();
  return finished(in, "query", std::move(row));
}

std::string encode(const NoticeRow& row) {
  RowWriter out(notice_version);
  out.integer(row.id);
  out.integer(row.query);
  out.enumerator(row.kind);
  out.enumerator(row.state);
  out.integer(row.attempts);
  out.time(row.created_at);
  out.time(row.not_before);
  out.time(row.sent_at);
  out.text(row.last_error);
  return out.take();
}

Result<NoticeRow> decode_notice(std::string_view bytes) {
  RowReader in(bytes, notice_version);
  NoticeRow row;
  row.id = in.integer();
  row.query = in.integer();
  row.kind = in.enumerator(NoticeKind::closed);
  row.state = in.enumerator(NoticeState::dropped);
  row.attempts = static_cast<std::uint32_t>(in.integer(max_u32));
  row.created_at = in.time();
  row.not_before = in.time();
  row.sent_at = in.time();
  row.last_error = in.text();
  return finished(in, "notice", std::move(row));
}

}  // namespace trialgate::storage
