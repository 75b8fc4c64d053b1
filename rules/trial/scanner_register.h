#pragma once

#include "rules/trial/config_error.h"
#include "rules/trial/trial.h"

#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::rules {

/// Reads the register of qualified scanners from CSV (see SubjectRegister::parse_csv for the form). Columns:
/// site, manufacturer and model are needed; serial, qualified_from and qualified_until (YYYY-MM-DD) and
/// phantom_dates (days of accepted phantom scans, with spaces between) may be there or empty. Errors: unknown
/// or missing columns, empty needed fields, bad dates, from after until, a scanner twice.
[[nodiscard]] std::variant<std::vector<QualifiedScanner>, std::vector<ConfigError>> parse_scanner_register(
    std::string_view text, std::string_view file);

}  // namespace trialgate::rules
