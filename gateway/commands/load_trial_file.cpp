#include "gateway/commands/load_trial_file.h"

#include <ostream>
#include <utility>
#include <variant>
#include <vector>

namespace trialgate::gateway {

std::optional<rules::Trial> load_trial_file(const std::filesystem::path& file, std::ostream& err) {
  auto loaded = rules::load_trial(file);
  if (auto* trial = std::get_if<rules::Trial>(&loaded)) return std::move(*trial);
  for (const rules::ConfigError& error : std::get<std::vector<rules::ConfigError>>(loaded)) {
    err << error.to_string() << '\n';
  }
  return std::nullopt;
}

}  // namespace trialgate::gateway
