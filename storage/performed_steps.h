#pragma once

#include "storage/result.h"
#include "storage/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::storage {

/// Performed Procedure Step Status (0040,0252). The values are on disk and never change.
enum class PerformedStepState : std::uint8_t { in_progress = 1, completed = 2, discontinued = 3 };
/// "IN PROGRESS", "COMPLETED", "DISCONTINUED": the defined terms.
[[nodiscard]] std::string_view to_string(PerformedStepState state);

/// One Modality Performed Procedure Step (PS3.4 §F.7). The pair (site, sop_instance_uid) is unique: what
/// another site reports under the same UID is another step.
struct PerformedStepRow {
  std::string site;
  std::string sop_instance_uid;
  PerformedStepState state = PerformedStepState::in_progress;
  std::string calling_ae;
  std::string peer;  ///< address, as text
  UtcTime created_at;
  UtcTime ended_at;                     ///< when it was completed or discontinued
  std::uint32_t messages = 0;           ///< data sets that are kept
  std::vector<std::string> study_uids;  ///< it belongs to; from Scheduled Step Attributes Sequence
  std::vector<std::string> instances;   ///< SOP Instance UIDs that it names as made, ascending

  friend bool operator==(const PerformedStepRow&, const PerformedStepRow&) = default;
};

/// Performed procedure steps, as seen inside one transaction of the store; rules and errors as for Index.
class PerformedSteps {
 public:
  virtual ~PerformedSteps() = default;

  [[nodiscard]] virtual Result<std::optional<PerformedStepRow>> step(
      std::string_view site, std::string_view sop_instance_uid) const = 0;
  /// Ascending by SOP Instance UID.
  [[nodiscard]] virtual Result<std::vector<PerformedStepRow>> steps_of(std::string_view site,
                                                                       std::string_view study_uid) const = 0;
  /// Data set number `message` of a step, from 1 on, as it was kept.
  [[nodiscard]] virtual Result<std::optional<std::string>> message(std::string_view site,
                                                                   std::string_view sop_instance_uid,
                                                                   std::uint32_t message) const = 0;

  /// Inserts or replaces by key. Studies that it names stay with it. Error: invalid_argument for too long a
  /// key.
  [[nodiscard]] virtual Result<void> put_step(const PerformedStepRow& row) = 0;
  /// Keeps a data set, opaque here, under the next number and counts it in the step. Error: not_found.
  [[nodiscard]] virtual Result<void> add_message(std::string_view site, std::string_view sop_instance_uid,
                                                 std::string_view bytes) = 0;
};

}  // namespace trialgate::storage
