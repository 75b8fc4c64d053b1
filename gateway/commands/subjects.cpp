#include "gateway/commands/subjects.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/load_trial_file.h"
#include "gateway/commands/person_and_reason.h"
#include "gateway/log/logger.h"
#include "gateway/pipeline/clock.h"
#include "gateway/pipeline/standing.h"
#include "rules/trial/subject_register.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <functional>
#include <optional>
#include <ostream>
#include <sstream>
#include <system_error>
#include <variant>

namespace trialgate::gateway {
namespace {

int failed(std::ostream& err, const std::string& why) {
  err << "trialgate: " << why << '\n';
  return exit_could_not;
}

/// Runs a signed change of the store.
int decide(const StoreChoice& choice, const Signature& signature, std::ostream& out, std::ostream& err,
           const std::string& done,
           const std::function<storage::Result<void>(storage::Transaction&, const Act&)>& apply) {
  if (!has_person_and_reason(signature.name, signature.reason, err)) return exit_could_not;
  storage::PosixFileSystem files;
  auto store = open_store(choice, storage::Access::command, files);
  if (!store) return failed(err, store.error().message());
  const Act act{utc_now(), signature.name, {}, signature.reason, {}};
  auto recorded =
      (*store)->commit([&](storage::Transaction& transaction) { return apply(transaction, act); });
  if (!recorded) return failed(err, recorded.error().message());
  out << done << '\n';
  return exit_ok;
}

std::optional<std::string> read_text_file(const std::filesystem::path& file) {
  std::ifstream input(file, std::ios::binary);
  if (!input) return std::nullopt;
  std::ostringstream text;
  text << input.rdbuf();
  return std::move(text).str();
}

/// RFC 4180: quoted where a separator, a quote or a line break stands in it.
std::string csv_field(const std::string& value) {
  if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::vector<std::string> columns_of(const std::string& csv) {
  std::string header = csv.substr(0, csv.find('\n'));
  if (header.starts_with("\xEF\xBB\xBF")) header.erase(0, 3);
  if (header.ends_with('\r')) header.pop_back();
  std::vector<std::string> columns;
  std::istringstream stream(header);
  for (std::string column; std::getline(stream, column, ',');) columns.push_back(column);
  return columns;
}

/// The new row; nothing, and why in `problem`, when a date has no column.
std::optional<std::string> register_row(const AddSubjectOptions& options, const std::string& csv,
                                        std::string& problem) {
  std::map<std::string, std::string> left = options.dates;
  std::string row;
  for (const std::string& column : columns_of(csv)) {
    std::string value;
    if (column == "site") value = options.site;
    if (column == "issuer") value = options.issuer;
    if (column == "patient_id") value = options.patient_id;
    if (column == "subject_id") value = options.subject;
    if (const auto date = left.find(column); date != left.end()) {
      value = date->second;
      left.erase(date);
    }
    row += (row.empty() ? "" : ",") + csv_field(value);
  }
  if (left.empty()) return row;
  problem = "the register has no column '" + left.begin()->first + "'";
  return std::nullopt;
}

std::string replace_file(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path staged = file.string() + ".new";
  {
    std::ofstream output(staged, std::ios::binary | std::ios::trunc);
    output << text;
    if (!output.flush()) return "cannot write " + staged.string();
  }
  std::error_code error;
  std::filesystem::permissions(staged, std::filesystem::status(file).permissions(), error);
  std::filesystem::rename(staged, file, error);
  return error ? "cannot replace " + file.string() + ": " + error.message() : std::string();
}

}  // namespace

int subjects_add_command(const AddSubjectOptions& options, std::ostream& out, std::ostream& err) {
  if (!has_person_and_reason(options.signature.name, options.signature.reason, err)) return exit_could_not;
  const auto trial = load_trial_file(options.trial, err);
  if (!trial) return exit_could_not;
  const YAML::Node yaml = YAML::LoadFile(options.trial.string());
  const std::filesystem::path file =
      options.trial.parent_path() / yaml["subjects"]["register"].as<std::string>();
  auto csv = read_text_file(file);
  if (!csv) return failed(err, "cannot read " + file.string());
  std::string problem;
  const auto row = register_row(options, *csv, problem);
  if (!row) return failed(err, problem);
  if (!csv->ends_with('\n')) *csv += '\n';
  *csv += *row + '\n';
  const auto parsed = rules::SubjectRegister::parse_csv(*csv, file.string());
  if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&parsed))
    return failed(err, "the register would have a mistake: " + errors->front().to_string());

  const std::string detail = boost::json::serialize(boost::json::object{
      {"trial", trial->protocol_id}, {"site", options.site}, {"subject", options.subject}});
  // Recorded first: a row that nobody signed for must not be there.
  const int recorded =
      decide(options.store, options.signature, out, err, "Subject " + options.subject + " recorded.",
             [&](storage::Transaction& transaction, const Act& act) -> storage::Result<void> {
               storage::AuditRecord audit;
               audit.at = act.at;
               audit.actor = act.actor;
               audit.event = "subject.added";
               audit.reason = act.reason;
               audit.site = options.site;
               audit.detail = detail;
               auto appended = transaction.audit().append(std::move(audit));
               if (!appended) return appended.error();
               return {};
             });
  if (recorded != exit_ok) return recorded;
  problem = replace_file(file, *csv);
  return problem.empty() ? exit_ok : failed(err, problem);
}

int subjects_withdraw_command(const SubjectOptions& options, std::ostream& out, std::ostream& err) {
  return decide(options.store, options.signature, out, err, "Subject " + options.subject + ": withdrawn.",
                [&](storage::Transaction& transaction, const Act& act) {
                  return withdraw_subject(transaction, options.trial, options.subject, act);
                });
}

int subjects_lock_command(const SubjectOptions& options, std::ostream& out, std::ostream& err) {
  return decide(options.store, options.signature, out, err,
                options.subject + " " + options.time_point + ": locked.",
                [&](storage::Transaction& transaction, const Act& act) {
                  return set_lock(transaction, options.trial, options.subject, options.time_point, true, act);
                });
}

int subjects_unlock_command(const SubjectOptions& options, std::ostream& out, std::ostream& err) {
  return decide(
      options.store, options.signature, out, err, options.subject + " " + options.time_point + ": unlocked.",
      [&](storage::Transaction& transaction, const Act& act) {
        return set_lock(transaction, options.trial, options.subject, options.time_point, false, act);
      });
}

int subjects_show_command(const SubjectOptions& options, std::ostream& out, std::ostream& err) {
  storage::PosixFileSystem files;
  auto store = open_store(options.store, storage::Access::read_only, files);
  if (!store) return failed(err, store.error().message());
  SubjectStanding standing;
  auto read = (*store)->read([&](const storage::ReadTransaction& transaction) -> storage::Result<void> {
    auto found = read_standing(transaction, options.trial, options.subject);
    if (!found) return found.error();
    standing = std::move(*found);
    return {};
  });
  if (!read) return failed(err, read.error().message());
  const auto print = [&](const std::string& what, const Ruling& ruling) {
    out << what << " by " << ruling.by << " on " << utc_text(ruling.at) << ": " << ruling.reason << '\n';
  };
  if (standing.withdrawn) print("withdrawn", *standing.withdrawn);
  for (const auto& [time_point, ruling] : standing.locked) print(time_point + " locked", ruling);
  if (!standing.withdrawn && standing.locked.empty())
    out << "Nothing was decided about " << options.subject << ".\n";
  return exit_ok;
}

int sites_qualify_command(const QualifySiteOptions& options, std::ostream& out, std::ostream& err) {
  return decide(options.store, options.signature, out, err,
                "Site " + options.site + ": qualified for " + options.trial + ".",
                [&](storage::Transaction& transaction, const Act& act) {
                  return qualify_site(transaction, options.trial, options.site, options.submission, act);
                });
}

}  // namespace trialgate::gateway
