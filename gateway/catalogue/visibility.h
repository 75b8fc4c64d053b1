#pragma once

#include "gateway/config/views_config.h"
#include "storage/catalogue.h"
#include "storage/rows.h"

namespace trialgate::gateway {

/// The part of the catalogue that a view looks at.
[[nodiscard]] storage::Shelf shelf_of(const View& view);

/// Whether a view shows what its shelf holds of a submission, as it stands now: what was withdrawn or
/// re-opened disappears at once.
[[nodiscard]] bool shows(const View& view, const storage::SubmissionRow& submission);

}  // namespace trialgate::gateway
