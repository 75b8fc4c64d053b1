#pragma once

#include "rules/trial/config_error.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::rules {

struct CsvField {
  std::string text;
  std::size_t line = 0;    ///< 1-based
  std::size_t column = 0;  ///< 1-based, in bytes; a quoted field starts at its quote
};

using CsvRow = std::vector<CsvField>;

/// Reads CSV (RFC 4180): comma, double quotes, CRLF or LF, UTF-8 with or without a byte order mark. Blank
/// lines and lines that start with '#' are skipped. Mistakes are added to `errors`, the row that has one is
/// left out: a quote inside an unquoted field, text after a closing quote, a quote that is never closed, a
/// NUL byte.
[[nodiscard]] std::vector<CsvRow> parse_csv_rows(std::string_view text, std::string_view file,
                                                 std::vector<ConfigError>& errors);

}  // namespace trialgate::rules
