#include "gateway/commands/load_trial_file.h"

#include <ostream>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace trialgate::gateway {

rules::LoadedTrial read_trial_file(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return std::vector<rules::ConfigError>{{file.string(), 0, 0, "is a folder; expected a file"}};
  }
  return rules::load_trial(file);
}

std::optional<rules::Trial> load_trial_file(const std::filesystem::path& file, std::ostream& err) {
  auto loaded = read_trial_file(file);
  if (auto* trial = std::get_if<rules::Trial>(&loaded)) return std::move(*trial);
  for (const rules::ConfigError& error : std::get<std::vector<rules::ConfigError>>(loaded)) {
    err << error.to_string() << '\n';
  }
  return std::nullopt;
}

}  // namespace trialgate::gateway
