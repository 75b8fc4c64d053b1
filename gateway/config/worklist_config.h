#pragma once

#include "rules/trial/yaml_reader.h"

#include <chrono>
#include <string>

namespace trialgate::gateway {

/// The modality work list (PS3.4 annex K).
struct WorklistConfig {
  std::string ae_title;  ///< called AE title that answers work list queries; never that of the node
  int days_ahead = 7;    ///< visits are listed so many days before their window opens
  int days_behind = 0;   ///< and so many days after it has closed
};

/// Reads the section `worklist` of the node file.
[[nodiscard]] WorklistConfig read_worklist(const YAML::Node& yaml, rules::YamlErrors& errors);
/// Reads the section `performed_steps`: how long a study waits for instances that a completed performed
/// procedure step names.
[[nodiscard]] std::chrono::seconds read_performed_steps(const YAML::Node& yaml,
                                                        std::chrono::seconds otherwise,
                                                        rules::YamlErrors& errors);

}  // namespace trialgate::gateway
