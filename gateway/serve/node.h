#pragma once

#include "gateway/config/node_config.h"
#include "gateway/log/logger.h"

#include <filesystem>
#include <optional>
#include <string>

namespace trialgate::gateway {

struct ServeOptions {
  std::filesystem::path config;
  std::optional<std::filesystem::path>
      port_file;  ///< gets the bound ports, one a line, once the node listens
};

/// `trialgate serve`: runs the node until SIGTERM or SIGINT, then ends in two phases: no new association,
/// then the open ones after their present message. Returns the exit status: 0; 2 for a mistake in a file
/// (each as file:line:column: message on stderr); 1 when it cannot start or the store is damaged (one
/// sentence on stderr).
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace trialgate::gateway
