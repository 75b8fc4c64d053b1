#pragma once

#include "storage/correspondence.h"
#include "storage/outbox.h"
#include "storage/result.h"
#include "storage/rows.h"

#include <string>
#include <string_view>

namespace trialgate::storage {

/// Rows as bytes, key members included. decode_* errors: corrupt (unknown version, truncated, surplus bytes,
/// value out of range).
[[nodiscard]] std::string encode(const InstanceRow& row);
[[nodiscard]] std::string encode(const BlobRow& row);
[[nodiscard]] std::string encode(const SubmissionRow& row);
[[nodiscard]] std::string encode(const DerivedRow& row);
[[nodiscard]] std::string encode(const DeliveryRow& row);
[[nodiscard]] std::string encode(const QueryRow& row);
[[nodiscard]] std::string encode(const NoticeRow& row);

[[nodiscard]] Result<InstanceRow> decode_instance(std::string_view bytes);
[[nodiscard]] Result<BlobRow> decode_blob(std::string_view bytes);
[[nodiscard]] Result<SubmissionRow> decode_submission(std::string_view bytes);
[[nodiscard]] Result<DerivedRow> decode_derived(std::string_view bytes);
[[nodiscard]] Result<DeliveryRow> decode_delivery(std::string_view bytes);
[[nodiscard]] Result<QueryRow> decode_query(std::string_view bytes);
[[nodiscard]] Result<NoticeRow> decode_notice(std::string_view bytes);

}  // namespace trialgate::storage
