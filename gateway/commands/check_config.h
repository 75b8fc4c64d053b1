#pragma once

#include "rules/trial/config_error.h"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct CheckConfigOptions {
  std::vector<std::filesystem::path> files;  ///< trial files and node files, told apart by their keys
  bool json = false;
};

/// What was found in one file.
struct CheckedConfig {
  std::filesystem::path file;
  std::string kind;                        ///< "trial" or "node"
  std::string summary;                     ///< one line, of a valid file
  std::vector<rules::ConfigError> errors;  ///< of a node file: also those of the trials that it names
};

/// Reads a trial file (it has the key `trial`) or a node file with every trial that it names.
[[nodiscard]] CheckedConfig check_config_file(const std::filesystem::path& file);

/// `trialgate check-config`: mistakes as file:line:column: message on `err`, a line for each valid file on
/// `out`; one JSON object on `out` instead with `json`. Returns exit_ok or exit_could_not.
[[nodiscard]] int check_config_command(const CheckConfigOptions& options, std::ostream& out,
                                       std::ostream& err);

}  // namespace trialgate::gateway
