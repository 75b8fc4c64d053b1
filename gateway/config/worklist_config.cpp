#include "gateway/config/worklist_config.h"

#include "gateway/config/members.h"

namespace trialgate::gateway {

WorklistConfig read_worklist(const YAML::Node& yaml, rules::YamlErrors& errors) {
  WorklistConfig config;
  rules::YamlMap map(yaml, "worklist", errors);
  Members members(map, errors, {});
  members.ae_title("ae_title", config.ae_title);
  members.integer("days_ahead", config.days_ahead, 0, 365);
  members.integer("days_behind", config.days_behind, 0, 365);
  if (map.is_map() && config.ae_title.empty())
    errors.add(yaml, "worklist has no ae_title; expected the called AE title that answers its queries");
  map.finish();
  return config;
}

std::chrono::seconds read_performed_steps(const YAML::Node& yaml, std::chrono::seconds otherwise,
                                          rules::YamlErrors& errors) {
  rules::YamlMap map(yaml, "performed_steps", errors);
  Members members(map, errors, {});
  std::chrono::seconds wait = otherwise;
  members.seconds("wait_seconds", wait, 0, 7 * 86'400);
  map.finish();
  return wait;
}

}  // namespace trialgate::gateway
