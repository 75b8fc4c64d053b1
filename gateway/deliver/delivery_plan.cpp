#include "gateway/deliver/delivery_plan.h"

#include <algorithm>
#include <vector>

namespace trialgate::gateway {
namespace {

bool names(const std::vector<std::string>& list, std::string_view value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

}  // namespace

std::vector<PlannedDelivery> plan_deliveries(
    const rules::Trial& trial, const rules::Verdict& verdict,
    const std::map<std::string, std::string, std::less<>>& modality_of) {
  std::vector<PlannedDelivery> plan;
  for (const rules::DeliveryRule& rule : trial.deliver) {
    if (!names(rule.time_points, verdict.time_point_id)) continue;
    std::set<std::string, std::less<>> instances;
    for (const auto& [slot, match] : verdict.slots) {
      if (!names(rule.slots, slot)) continue;
      for (const std::string& uid : match.instances) {
        const auto modality = modality_of.find(uid);
        if (names(rule.modalities, modality == modality_of.end() ? std::string_view{} : modality->second)) {
          instances.insert(uid);
        }
      }
    }
    if (instances.empty()) continue;
    auto at = std::ranges::find(plan, rule.to, &PlannedDelivery::destination);
    if (at == plan.end()) at = plan.insert(plan.end(), {rule.to, rule.confirm, {}});
    at->confirm = std::max(at->confirm, rule.confirm);
    at->instances.merge(instances);
  }
  return plan;
}

}  // namespace trialgate::gateway
