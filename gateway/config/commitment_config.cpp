#include "gateway/config/commitment_config.h"

#include "gateway/config/members.h"
#include "gateway/config/network_block.h"

namespace trialgate::gateway {

CommitmentConfig read_commitment(const YAML::Node& yaml, rules::YamlErrors& errors) {
  CommitmentConfig config;
  rules::YamlMap map(yaml, "storage_commitment", errors);
  Members members(map, errors, {});
  members.seconds("retry_first_seconds", config.retry_first, 0.1, 3600);
  members.seconds("retry_longest_seconds", config.retry_longest, 0.1, 86'400);
  members.days("give_up_days", config.give_up, 0.0001, 365);
  map.finish();
  return config;
}

ArchiveCommitment read_archive_commitment(const YAML::Node& yaml, rules::YamlErrors& errors) {
  ArchiveCommitment commitment;
  rules::YamlMap map(yaml, "commitment", errors);
  Members members(map, errors, {});
  if (const auto addresses = map.take("addresses")) {
    commitment.addresses = rules::read_texts(*addresses, "addresses", errors);
    for (const std::string& block : commitment.addresses) {
      if (!is_address_block(block))
        errors.add(*addresses, "'" + block + "' is not an address or a CIDR block");
    }
  }
  members.seconds("same_association_seconds", commitment.same_association, 0, 600);
  members.seconds("report_within_seconds", commitment.report_within, 1, 30 * 86'400);
  members.integer("requests", commitment.requests, 1, 1000);
  members.integer("refusals", commitment.refusals, 1, 100);
  map.finish();
  return commitment;
}

}  // namespace trialgate::gateway
