#include "gateway/commands/check_config.h"

#include "gateway/commands/exit_status.h"
#include "gateway/commands/load_trial_file.h"
#include "gateway/config/node_config.h"
#include "gateway/config/trial_book.h"
#include "gateway/notify/notice_templates.h"
#include "gateway/receive/user_identities.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <yaml-cpp/yaml.h>

#include <ostream>
#include <system_error>
#include <utility>
#include <variant>

namespace trialgate::gateway {
namespace {

/// A file that cannot be read at all counts as a trial file: its reader says what is wrong.
bool is_node_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return false;
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    return root.IsMap() && !root["trial"];
  } catch (const YAML::Exception&) {
    return false;
  }
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string summary_of(const rules::Trial& trial) {
  return "trial " + trial.protocol_id + ", charter " + trial.charter.version + ", " +
         counted(trial.subjects.subjects().size(), "subject") + ", " +
         counted(trial.time_points.schedule.size(), "time point") + ", " +
         counted(trial.series.size(), "series slot");
}

CheckedConfig check_trial_file(const std::filesystem::path& file) {
  CheckedConfig checked{file, "trial", {}, {}};
  auto loaded = read_trial_file(file);
  if (const auto* trial = std::get_if<rules::Trial>(&loaded)) {
    checked.summary = summary_of(*trial);
  } else {
    checked.errors = std::get<std::vector<rules::ConfigError>>(std::move(loaded));
  }
  return checked;
}

CheckedConfig check_node_file(const std::filesystem::path& file) {
  CheckedConfig checked{file, "node", {}, {}};
  auto loaded = load_node_config(file);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&loaded)) {
    checked.errors = std::move(*errors);
    return checked;
  }
  const auto& config = std::get<NodeConfig>(loaded);
  auto trials = TrialBook::load(config);
  if (auto* errors = std::get_if<std::vector<rules::ConfigError>>(&trials))
    checked.errors = std::move(*errors);
  if (config.mail) {
    auto templates = NoticeTemplates::load(config.mail->templates);
    if (const auto* errors = std::get_if<std::vector<rules::ConfigError>>(&templates))
      checked.errors.insert(checked.errors.end(), errors->begin(), errors->end());
  }
  for (const std::string& problem : config.tls.identities.load())
    checked.errors.push_back({file.string(), 1, 1, problem});
  for (const std::string& problem : UserIdentities::problems(config))
    checked.errors.push_back({file.string(), 1, 1, problem});
  checked.summary = "node " + config.ae_title + ", " + counted(config.peers.size(), "peer") + ", " +
                    counted(config.destinations.size(), "destination") + ", " +
                    counted(config.trials.size(), "trial");
  return checked;
}

boost::json::object to_json(const CheckedConfig& checked) {
  boost::json::array errors;
  for (const rules::ConfigError& error : checked.errors) {
    errors.push_back(
        {{"file", error.file}, {"line", error.line}, {"column", error.column}, {"message", error.message}});
  }
  return {{"file", checked.file.string()},
          {"kind", checked.kind},
          {"valid", checked.errors.empty()},
          {"summary", checked.summary},
          {"errors", std::move(errors)}};
}

}  // namespace

CheckedConfig check_config_file(const std::filesystem::path& file) {
  return is_node_file(file) ? check_node_file(file) : check_trial_file(file);
}

int check_config_command(const CheckConfigOptions& options, std::ostream& out, std::ostream& err) {
  boost::json::array files;
  bool valid = true;
  for (const std::filesystem::path& file : options.files) {
    const CheckedConfig checked = check_config_file(file);
    valid = valid && checked.errors.empty();
    if (options.json) {
      files.push_back(to_json(checked));
      continue;
    }
    for (const rules::ConfigError& error : checked.errors) err << error.to_string() << '\n';
    if (checked.errors.empty()) out << checked.file.string() << ": valid: " << checked.summary << '\n';
  }
  if (options.json) {
    out << boost::json::serialize(boost::json::object{{"valid", valid}, {"files", std::move(files)}}) << '\n';
  }
  return valid ? exit_ok : exit_could_not;
}

}  // namespace trialgate::gateway
