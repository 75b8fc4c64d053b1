#pragma once

#include <cstddef>
#include <string>

namespace trialgate::rules {

/// A place in a trial file or a register, for explanations. 1-based, columns counted in bytes.
struct FilePosition {
  std::size_t line = 0;
  std::size_t column = 0;

  friend bool operator==(const FilePosition&, const FilePosition&) = default;
};

/// One mistake in a trial file or in a register. Never holds a value of a register row: those are patient
/// data.
struct ConfigError {
  std::string file;        ///< as it was named by the caller, or in the trial file
  std::size_t line = 0;    ///< 1-based; 0: the file as a whole
  std::size_t column = 0;  ///< 1-based, counted in bytes
  std::string message;     ///< what is wrong and what was expected

  /// "file:line:column: message".
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

}  // namespace trialgate::rules
