#include "rules/trial/scanner_register.h"

#include "rules/trial/csv.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 7> columns{
    "site", "manufacturer", "model", "serial", "qualified_from", "qualified_until", "phantom_dates"};
constexpr std::size_t needed_columns = 3;  // the first ones of `columns`
constexpr std::size_t no_column = ~std::size_t{0};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

class ScannerReader {
 public:
  explicit ScannerReader(std::string_view file) : file_(file) {}

  std::variant<std::vector<QualifiedScanner>, std::vector<ConfigError>> read(std::string_view text) {
    const auto rows = parse_csv_rows(text, file_, errors_);
    if (rows.empty()) {
      error({{}, 1, 1}, "an empty register; expected a header with site, manufacturer and model");
      return errors_;
    }
    read_header(rows.front());
    if (!errors_.empty()) return errors_;
    for (auto row = rows.begin() + 1; row != rows.end(); ++row) read_row(*row);
    if (!errors_.empty()) return errors_;
    return std::move(scanners_);
  }

 private:
  void error(const CsvField& at, std::string message) {
    errors_.push_back({std::string(file_), at.line, at.column, std::move(message)});
  }

  void read_header(const CsvRow& header) {
    place_.fill(no_column);
    width_ = header.size();
    for (std::size_t i = 0; i < header.size(); ++i) {
      const std::string name(trimmed(header[i].text));
      const auto* const known = std::ranges::find(columns, name);
      if (known == columns.end()) {
        error(header[i], "unknown column '" + name +
                             "'; expected site, manufacturer, model, serial, qualified_from, " +
                             "qualified_until or phantom_dates");
        continue;
      }
      std::size_t& place = place_[static_cast<std::size_t>(known - columns.begin())];
      if (place != no_column) error(header[i], "column '" + name + "' is there twice");
      place = i;
    }
    for (std::size_t i = 0; i < needed_columns; ++i) {
      if (place_[i] == no_column) {
        error(header.front(), "column '" + std::string(columns[i]) + "' is missing in the header");
      }
    }
  }

  std::string value(const CsvRow& row, std::size_t column) const {
    return place_[column] == no_column ? std::string() : std::string(trimmed(row[place_[column]].text));
  }

  std::optional<Date> date(const CsvRow& row, std::size_t column) {
    const std::string text = value(row, column);
    if (text.empty()) return std::nullopt;
    const auto parsed = parse_iso_date(text);
    if (!parsed) {
      error(row[place_[column]], std::string(columns[column]) + " is not a date; expected YYYY-MM-DD");
    }
    return parsed;
  }

  /// Days between spaces.
  std::vector<Date> dates(const CsvRow& row, std::size_t column) {
    std::vector<Date> list;
    std::istringstream words(value(row, column));
    for (std::string word; words >> word;) {
      if (const auto parsed = parse_iso_date(word)) {
        list.push_back(*parsed);
      } else {
        error(row[place_[column]], std::string(columns[column]) +
                                       " has something else than dates; expected YYYY-MM-DD YYYY-MM-DD");
      }
    }
    std::ranges::sort(list);
    return list;
  }

  void read_row(const CsvRow& row) {
    if (row.size() != width_) {
      error(row.front(), "the row has " + std::to_string(row.size()) + " fields; expected " +
                             std::to_string(width_) + ", as in the header");
      return;
    }
    for (std::size_t i = 0; i < needed_columns; ++i) {
      if (!value(row, i).empty()) continue;
      error(row[place_[i]], "an empty " + std::string(columns[i]) + "; every row needs one");
      return;
    }
    QualifiedScanner scanner{value(row, 0), value(row, 1), value(row, 2), value(row, 3),
                             date(row, 4),  date(row, 5),  dates(row, 6)};
    if (scanner.qualified_from && scanner.qualified_until &&
        *scanner.qualified_from > *scanner.qualified_until) {
      error(row[place_[5]], "qualified_until is before qualified_from");
    }
    const bool twice = std::ranges::any_of(scanners_, [&](const QualifiedScanner& other) {
      return other.site == scanner.site && other.manufacturer == scanner.manufacturer &&
             other.model == scanner.model && other.serial == scanner.serial;
    });
    if (twice) error(row.front(), "the same scanner of the same site is there already");
    scanners_.push_back(std::move(scanner));
  }

  std::string_view file_;
  std::vector<ConfigError> errors_;
  std::array<std::size_t, columns.size()> place_{};
  std::size_t width_ = 0;
  std::vector<QualifiedScanner> scanners_;
};

}  // namespace

std::variant<std::vector<QualifiedScanner>, std::vector<ConfigError>> parse_scanner_register(
    std::string_view text, std::string_view file) {
  return ScannerReader(file).read(text);
}

}  // namespace trialgate::rules
