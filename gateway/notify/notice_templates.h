#pragma once

#include "rules/trial/config_error.h"
#include "rules/trial/trial.h"
#include "storage/correspondence.h"

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// One thing that is wrong with a study, in the site's language. All texts are free of control characters.
struct NoticeFinding {
  std::string text;      ///< the finding as a sentence
  std::string expected;  ///< with its unit; the others may be empty too
  std::string found;
  std::string series;  ///< "3 (CT, 10:31), 4 (CT, 10:32)"
  std::string slices;  ///< instance numbers: "11-14, 20"
  std::string remedy;
};

/// What a notice can say. Empty texts are left out by the templates. Nothing of it names the patient: a site
/// finds the study by date, series and accession number.
struct NoticeContent {
  std::string query;  ///< number of the query
  std::string site;
  std::string trial;
  std::string charter;
  std::string subject;  ///< the trial's pseudonym
  std::string time_point;
  std::string study_date;
  std::string accession_number;
  std::string version;
  std::string opened;        ///< UTC
  std::string due;           ///< UTC
  std::string rescan_until;  ///< the last day on which a re-scan counts; empty once it is over
  std::string rescan_ended;  ///< that day, once it is over
  std::string reason;        ///< why the query was closed
  std::vector<NoticeFinding> findings;
};

/// A notice as it is sent.
struct NoticeText {
  std::string subject;
  std::string text;
  std::string html;
};

/// The wording of notices: a folder for each language with `<kind>.txt`, whose first line is "Subject: ...",
/// and
/// `<kind>.html`, both Mustache templates over the members of NoticeContent. HTML values are escaped.
class NoticeTemplates {
 public:
  /// Every mistake with its file, line and column: a file that is missing, a tag that means nothing where it
  /// stands, a section that does not end.
  [[nodiscard]] static std::variant<NoticeTemplates, std::vector<rules::ConfigError>> load(
      const std::filesystem::path& folder);

  [[nodiscard]] NoticeText render(storage::NoticeKind kind, rules::Language language,
                                  const NoticeContent& content) const;

 private:
  struct Wording {
    std::string subject;
    std::string text;
    std::string html;
  };
  std::map<std::pair<storage::NoticeKind, rules::Language>, Wording> wordings_;
};

}  // namespace trialgate::gateway
