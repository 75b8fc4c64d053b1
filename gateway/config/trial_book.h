#pragma once

#include "gateway/config/node_config.h"
#include "rules/trial/config_error.h"
#include "rules/trial/trial.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace trialgate::gateway {

/// One trial as it is in force.
struct TrialInForce {
  TrialEntry entry;
  std::shared_ptr<const rules::Trial> trial;
};

using TrialSet = std::vector<TrialInForce>;

/// What became of a changed trial file.
struct TrialReload {
  std::filesystem::path file;
  std::shared_ptr<const rules::Trial> now_in_force;  ///< null: the file is bad and the old one stays
  std::vector<rules::ConfigError> errors;
};

/// Keeps the trials in force and takes in changed files, each only after it has been validated as a whole.
/// current() may be called from any thread; poll() from one.
class TrialBook {
 public:
  /// Reads every trial; all mistakes of all files together. Two files for one protocol are one, and so is a
  /// delivery rule to a destination that the node does not have.
  [[nodiscard]] static std::variant<std::unique_ptr<TrialBook>, std::vector<rules::ConfigError>> load(
      const NodeConfig& node);

  /// The set as of now; a caller keeps using the one it took.
  [[nodiscard]] std::shared_ptr<const TrialSet> current() const;

  /// Re-reads the trials whose YAML, or a CSV beside it, has changed since the last look. A bad file is
  /// reported once and read again when it changes again.
  [[nodiscard]] std::vector<TrialReload> poll();

 private:
  struct Watched {
    TrialEntry entry;
    std::string signature;  ///< of the files' names, sizes and times
  };

  explicit TrialBook(std::set<std::string, std::less<>> destinations)
      : destinations_(std::move(destinations)) {}
  [[nodiscard]] std::variant<TrialInForce, std::vector<rules::ConfigError>> read(
      const TrialEntry& entry, const TrialSet& others) const;

  const std::set<std::string, std::less<>> destinations_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TrialSet> current_ = std::make_shared<TrialSet>();
  std::vector<Watched> watched_;
};

/// The trial with this protocol ID; null when none is in force.
[[nodiscard]] std::shared_ptr<const rules::Trial> trial_named(const TrialSet& trials,
                                                              std::string_view protocol_id);

/// The trial that a study belongs to: the one bound to the called AE title, else the only one whose register
/// knows the patient of this site, else the only trial there is. Null when it cannot be told.
[[nodiscard]] std::shared_ptr<const rules::Trial> trial_of(const TrialSet& trials,
                                                           std::string_view called_ae_title,
                                                           std::string_view site, std::string_view issuer,
                                                           std::string_view patient_id);

}  // namespace trialgate::gateway
