#pragma once

#include "rules/trial/yaml_reader.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace trialgate::gateway {

/// How this node reports what it commits itself to (PS3.4 annex J). A report goes on the association of the
/// request while that is open, else to the host and port of the peer.
struct CommitmentConfig {
  std::chrono::milliseconds retry_first{
      10'000};  ///< first wait after a report that did not get through; doubles
  std::chrono::milliseconds retry_longest{3'600'000};
  std::chrono::seconds give_up{std::chrono::hours(24 * 7)};  ///< from the request; then it is abandoned
};

/// How a destination is asked to commit itself to what it was sent.
struct ArchiveCommitment {
  /// From where it may report on an association of its own: CIDR blocks or single addresses. Empty: its host,
  /// if that is an address.
  std::vector<std::string> addresses;
  std::chrono::milliseconds same_association{
      5'000};  ///< the association of the request waits so long for the report
  std::chrono::milliseconds report_within{3'600'000};  ///< then the same is asked again, as a new transaction
  std::uint32_t requests = 5;  ///< so often in a row without a report, then a person has to act
  std::uint32_t refusals =
      3;  ///< so often an instance may be refused: it is sent again but for the last time
};

/// Reads the section `storage_commitment` of the node file.
[[nodiscard]] CommitmentConfig read_commitment(const YAML::Node& yaml, rules::YamlErrors& errors);
/// Reads `commitment` of a destination.
[[nodiscard]] ArchiveCommitment read_archive_commitment(const YAML::Node& yaml, rules::YamlErrors& errors);

}  // namespace trialgate::gateway
