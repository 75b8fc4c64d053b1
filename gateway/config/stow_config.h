#pragma once

#include "rules/trial/yaml_reader.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace trialgate::gateway {

/// An archive that takes instances by HTTP (PS3.18 §10.5, STOW-RS).
struct StowConfig {
  std::string url;  ///< of its DICOMweb service, without "/studies"; https, or http on this machine
  std::filesystem::path ca_file;  ///< PEM; empty: the system's own certificates
  std::filesystem::path certificate_file;
  std::filesystem::path key_file;
  std::string user;
  std::filesystem::path password_file;  ///< first line; readable by its owner alone
  std::filesystem::path
      bearer_token_file;  ///< as password_file; read for every request, so it may be renewed
  std::uint64_t request_bytes = 64ULL << 20;  ///< instances are sent together up to so much
};

/// Reads `stow` of a destination.
[[nodiscard]] StowConfig read_stow(const YAML::Node& yaml, const std::filesystem::path& folder,
                                   rules::YamlErrors& errors);

}  // namespace trialgate::gateway
