#pragma once

#include "rules/trial/config_error.h"
#include "rules/trial/date.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace trialgate::rules {

/// One row of the register: one patient of one site is one subject of the trial.
struct Subject {
  std::string site;
  std::string issuer;      ///< Issuer of Patient ID (0010,0021); empty: any issuer of this site
  std::string patient_id;  ///< Patient ID (0010,0020) in the site's PACS; identifying, never to be logged
  std::string subject_id;  ///< Clinical Trial Subject ID (0012,0040)
  std::string group;       ///< arm-blind group code; empty when the trial keeps none
  std::map<std::string, Date, std::less<>> dates;  ///< reference dates by column name, e.g. "first_dose"
  FilePosition position;                           ///< of the patient ID in the register
};

/// The subjects of one trial. Immutable once read; any thread may look up.
class SubjectRegister {
 public:
  /// Reads a register from CSV (RFC 4180, UTF-8, a byte order mark is allowed, CRLF or LF).
  /// Columns by header name: site, patient_id and subject_id are needed; issuer and group may be there; every
  /// other column is a reference date (YYYY-MM-DD or empty) named by its header. Errors name line and column:
  /// no header, unknown quoting, wrong number of fields, empty needed field, bad date, the same patient
  /// twice, one subject with two patients at different sites. `file` is only used to name the place of a
  /// mistake.
  [[nodiscard]] static std::variant<SubjectRegister, std::vector<ConfigError>> parse_csv(
      std::string_view text, std::string_view file);

  /// The subject that `patient_id` is at `site`. A row whose issuer is empty matches any issuer, an exact
  /// issuer goes before it. When the instances name no issuer, a row with an issuer matches if it is the only
  /// one for this patient ID. Padding spaces around the arguments do not count (PS3.5 §6.2, LO).
  [[nodiscard]] const Subject* find(std::string_view site, std::string_view issuer,
                                    std::string_view patient_id) const;

  /// All rows in the order of the file.
  [[nodiscard]] const std::vector<Subject>& subjects() const noexcept { return subjects_; }
  /// Names of the reference date columns in the order of the file.
  [[nodiscard]] const std::vector<std::string>& date_names() const noexcept { return date_names_; }
  /// As it was named to parse_csv().
  [[nodiscard]] const std::string& file() const noexcept { return file_; }
  [[nodiscard]] bool has_site(std::string_view site) const;
  /// SHA-256 of the CSV in hex; empty for a register that was never read.
  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }

 private:
  friend class SubjectRegisterReader;
  std::vector<Subject> subjects_;
  std::vector<std::string> date_names_;
  std::unordered_multimap<std::string, std::size_t> by_patient_;  // key: site, NUL, patient ID
  std::string file_;
  std::string sha256_;
};

}  // namespace trialgate::rules
