#include "rules/trial/subject_register.h"

#include "rules/trial/csv.h"
#include "rules/trial/sha256.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace trialgate::rules {
namespace {

constexpr std::array<std::string_view, 3> needed_columns{"site", "patient_id", "subject_id"};
constexpr std::array<std::string_view, 2> optional_columns{"issuer", "group"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view padding{" \t\0", 3};
  const auto first = text.find_first_not_of(padding);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(padding) - first + 1);
}

std::string patient_key(std::string_view site, std::string_view patient_id) {
  std::string key(trimmed(site));
  key += '\0';
  key += trimmed(patient_id);
  return key;
}

bool is_date_name(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

/// Builds a register and collects its mistakes.
class SubjectRegisterReader {
 public:
  explicit SubjectRegisterReader(std::string_view file) : file_(file) {}

  std::variant<SubjectRegister, std::vector<ConfigError>> read(std::string_view text) {
    const auto rows = parse_csv_rows(text, file_, errors_);
    if (rows.empty()) {
      if (errors_.empty())
        error({{}, 1, 1}, "an empty register; expected a header with site, patient_id and subject_id");
      return errors_;
    }
    read_header(rows.front());
    if (!errors_.empty()) return errors_;
    for (auto row = rows.begin() + 1; row != rows.end(); ++row) read_row(*row);
    std::ranges::stable_sort(errors_, {}, [](const ConfigError& e) { return std::pair(e.line, e.column); });
    if (!errors_.empty()) return errors_;
    register_.file_ = file_;
    register_.sha256_ = sha256_hex(text);
    return std::move(register_);
  }

 private:
  void error(const CsvField& at, std::string message) {
    errors_.push_back({std::string(file_), at.line, at.column, std::move(message)});
  }

  void read_header(const CsvRow& header) {
    std::set<std::string, std::less<>> seen;
    for (const CsvField& field : header) {
      const std::string name(trimmed(field.text));
      if (!seen.insert(name).second) error(field, "column '" + name + "' is there twice");
      const bool known = std::ranges::find(needed_columns, name) != needed_columns.end() ||
                         std::ranges::find(optional_columns, name) != optional_columns.end();
      if (!known) {
        if (!is_date_name(name)) {
          error(field, "column '" + name +
                           "' is not the name of a reference date; expected lower-case letters, " +
                           "digits and underscores, e.g. first_dose");
        }
        register_.date_names_.push_back(name);
      }
      columns_.push_back(name);
    }
    for (const std::string_view needed : needed_columns) {
      if (!seen.contains(needed))
        error(header.front(), "column '" + std::string(needed) + "' is missing in the header");
    }
  }

  void read_row(const CsvRow& row) {
    if (row.size() != columns_.size()) {
      error(row.front(), "the row has " + std::to_string(row.size()) + " fields; expected " +
                             std::to_string(columns_.size()) + ", as in the header");
      return;
    }
    Subject subject;
    const CsvField* patient = nullptr;
    const CsvField* subject_id = nullptr;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string& column = columns_[i];
      std::string value(trimmed(row[i].text));
      if (std::ranges::find(needed_columns, column) != needed_columns.end() && value.empty()) {
        error(row[i], "an empty " + column + "; every row needs one");
        return;
      }
      if (column == "site") {
        subject.site = std::move(value);
      } else if (column == "issuer") {
        subject.issuer = std::move(value);
      } else if (column == "patient_id") {
        subject.patient_id = std::move(value);
        patient = &row[i];
        subject.position = {row[i].line, row[i].column};
      } else if (column == "subject_id") {
        subject.subject_id = std::move(value);
        subject_id = &row[i];
      } else if (column == "group") {
        subject.group = std::move(value);
      } else if (!value.empty()) {
        if (const auto date = parse_iso_date(value)) {
          subject.dates.emplace(column, *date);
        } else {
          error(row[i], column + " is not a date; expected YYYY-MM-DD");
        }
      }
    }
    add(std::move(subject), *patient, *subject_id);
  }

  void add(Subject subject, const CsvField& patient, const CsvField& subject_id) {
    const std::string key = patient_key(subject.site, subject.patient_id);
    const auto [first, last] = register_.by_patient_.equal_range(key);
    for (auto it = first; it != last; ++it) {
      if (register_.subjects_[it->second].issuer == subject.issuer) {
        error(patient, "the same patient of the same site and issuer is in line " +
                           std::to_string(register_.subjects_[it->second].position.line) + " already");
        return;
      }
    }
    const auto [place, is_new] = by_subject_.emplace(subject.subject_id, register_.subjects_.size());
    if (!is_new) {
      const Subject& other = register_.subjects_[place->second];
      // A patient may have several patient IDs (issuers, merged records) at a site, but is a subject of one
      // site with one set of dates.
      if (other.site != subject.site || other.dates != subject.dates || other.group != subject.group) {
        error(subject_id, "subject_id is in line " + std::to_string(other.position.line) +
                              " already with another site, group or date");
        return;
      }
    }
    register_.by_patient_.emplace(key, register_.subjects_.size());
    register_.subjects_.push_back(std::move(subject));
  }

  std::string_view file_;
  std::vector<ConfigError> errors_;
  std::vector<std::string> columns_;
  std::map<std::string, std::size_t> by_subject_;
  SubjectRegister register_;
};

std::variant<SubjectRegister, std::vector<ConfigError>> SubjectRegister::parse_csv(std::string_view text,
                                                                                   std::string_view file) {
  return SubjectRegisterReader(file).read(text);
}

const Subject* SubjectRegister::find(std::string_view site, std::string_view issuer,
                                     std::string_view patient_id) const {
  issuer = trimmed(issuer);
  const auto [first, last] = by_patient_.equal_range(patient_key(site, patient_id));
  const Subject* any_issuer = nullptr;
  const Subject* some_issuer = nullptr;
  std::size_t rows = 0;
  for (auto it = first; it != last; ++it, ++rows) {
    const Subject& subject = subjects_[it->second];
    if (subject.issuer == issuer) return &subject;
    if (subject.issuer.empty()) any_issuer = &subject;
    some_issuer = &subject;
  }
  if (any_issuer != nullptr) return any_issuer;
  return issuer.empty() && rows == 1 ? some_issuer : nullptr;
}

bool SubjectRegister::has_site(std::string_view site) const {
  return std::ranges::any_of(subjects_, [site](const Subject& s) { return s.site == site; });
}

}  // namespace trialgate::rules
