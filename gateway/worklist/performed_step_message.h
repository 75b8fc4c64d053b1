#pragma once

#include "rules/result.h"
#include "storage/performed_steps.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// Modality Performed Procedure Step (PS3.4 §F.7).
inline constexpr std::string_view performed_step_sop_class = "1.2.840.10008.3.1.2.3.3";

/// What the node looks at in an N-CREATE or N-SET of the SOP class.
struct PerformedStepMessage {
  bool has_status = false;
  std::optional<storage::PerformedStepState> state;  ///< not set: absent, or no defined term
  std::vector<std::string> study_uids;               ///< Scheduled Step Attributes Sequence; each once
  bool has_series = false;                           ///< Performed Series Sequence is there
  std::vector<std::string> instances;  ///< that its items reference, images or not; ascending, each once
};

/// Errors: those of read_message; malformed_dataset for a reference that is no UID.
[[nodiscard]] rules::Result<PerformedStepMessage> read_performed_step(std::span<const std::uint8_t> data_set,
                                                                      std::string_view transfer_syntax_uid);

}  // namespace trialgate::gateway
