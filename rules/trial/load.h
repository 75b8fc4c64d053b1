#pragma once

#include "rules/result.h"
#include "rules/trial/config_error.h"
#include "rules/trial/trial.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::rules {

/// The trial, or every mistake that was found (at least one), in the order of the file.
using LoadedTrial = std::variant<Trial, std::vector<ConfigError>>;

/// Hands in the bytes of a register that a trial file names, e.g. "ONC-301-subjects.csv".
using RegisterReader = std::function<Result<std::string>(const std::string& name)>;

/// Reads and checks a trial file; registers are read from the same folder. Any thread.
/// Mistakes found: YAML syntax, unknown, double or missing keys, wrong types, unknown attribute keywords,
/// modalities and units, empty ranges, tolerances without a number, tiers out of order, regular expressions
/// that do not compile, ids used twice or not defined, windows that overlap, slots that can never match,
/// checks that can never apply, comparisons with what comes later, rules of de-identification that clash, and
/// everything in the registers.
[[nodiscard]] LoadedTrial load_trial(const std::filesystem::path& path);

/// The same for text in memory. `file` names the place of mistakes.
[[nodiscard]] LoadedTrial load_trial_text(std::string_view text, std::string_view file,
                                          const RegisterReader& read_register);

}  // namespace trialgate::rules
