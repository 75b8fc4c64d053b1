#pragma once

#include "rules/trial/load.h"

#include <filesystem>
#include <iosfwd>
#include <optional>

namespace trialgate::gateway {

/// rules::load_trial(), but a folder is a mistake like any other instead of an exception of the stream.
[[nodiscard]] rules::LoadedTrial read_trial_file(const std::filesystem::path& file);

/// The trial, or nothing and every mistake as file:line:column: message on `err`.
[[nodiscard]] std::optional<rules::Trial> load_trial_file(const std::filesystem::path& file,
                                                          std::ostream& err);

}  // namespace trialgate::gateway
