#include "rules/trial/config_error.h"

namespace trialgate::rules {

std::string ConfigError::to_string() const {
  if (line == 0) return file + ": " + message;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

}  // namespace trialgate::rules
