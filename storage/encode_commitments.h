#pragma once

#include "storage/commitments.h"
#include "storage/performed_steps.h"
#include "storage/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// Rows as bytes; errors as in encode_rows.h.
[[nodiscard]] std::string encode(const CommitmentRow& row);
[[nodiscard]] std::string encode(const std::vector<CommitmentItem>& items);
[[nodiscard]] std::string encode(const PerformedStepRow& row);

[[nodiscard]] Result<CommitmentRow> decode_commitment(std::string_view bytes);
[[nodiscard]] Result<std::vector<CommitmentItem>> decode_commitment_items(std::string_view bytes);
[[nodiscard]] Result<PerformedStepRow> decode_performed_step(std::string_view bytes);

}  // namespace trialgate::storage
