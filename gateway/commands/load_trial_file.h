#pragma once

#include "rules/trial/load.h"

#include <filesystem>
#include <iosfwd>
#include <optional>

namespace trialgate::gateway {

/// The trial, or nothing and every mistake as file:line:column: message on `err`.
[[nodiscard]] std::optional<rules::Trial> load_trial_file(const std::filesystem::path& file,
                                                          std::ostream& err);

}  // namespace trialgate::gateway
