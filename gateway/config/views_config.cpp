#include "gateway/config/views_config.h"

#include "gateway/config/members.h"
#include "gateway/config/node_config.h"

#include <algorithm>
#include <array>

namespace trialgate::gateway {

View read_view(const YAML::Node& yaml, rules::YamlErrors& errors) {
  static constexpr std::array<std::string_view, 3> kinds{"released", "quarantine", "delivered"};
  rules::YamlMap map(yaml, "view", errors);
  Members members(map, errors, {});
  View view;
  members.ae_title("ae_title", view.ae_title);
  if (const auto shows = map.need("shows")) {
    if (const auto place = rules::read_word(*shows, "shows", kinds, errors)) {
      view.shows = static_cast<ViewKind>(*place);
    }
  }
  members.text("destination", view.destination);
  if (const auto peers = map.take("peers")) view.peers = rules::read_texts(*peers, "peers", errors);
  if (const auto sites = map.take("sites")) view.sites = rules::read_texts(*sites, "sites", errors);
  if (const auto to = map.take("move_to")) view.move_to = rules::read_texts(*to, "move_to", errors);
  if (map.is_map()) {
    if (view.ae_title.empty()) errors.add(yaml, "view has no ae_title");
    if (view.peers.empty()) errors.add(yaml, "view has no peers; expected the AE titles that may look at it");
    if ((view.shows == ViewKind::delivered) == view.destination.empty()) {
      errors.add(yaml, view.destination.empty() ? "view of what was delivered has no destination"
                                                : "destination is for a view of what was delivered only");
    }
  }
  map.finish();
  return view;
}

bool View::admits(const std::string& calling_ae_title) const noexcept {
  return std::ranges::find(peers, calling_ae_title) != peers.end();
}

const Peer* move_destination(const NodeConfig& config, const View& view, const std::string& calling_ae_title,
                             const std::string& destination) noexcept {
  if (destination != calling_ae_title && std::ranges::find(view.move_to, destination) == view.move_to.end()) {
    return nullptr;
  }
  const auto found = std::ranges::find_if(
      config.peers, [&](const Peer& peer) { return peer.ae_title == destination && !peer.host.empty(); });
  return found == config.peers.end() ? nullptr : &*found;
}

void check_view(const NodeConfig& config, std::size_t place, const YAML::Node& yaml,
                rules::YamlErrors& errors) {
  const View& view = config.views[place];
  const auto taken = [&](const std::string& by) {
    errors.add(yaml, "ae_title '" + view.ae_title + "' is that of " + by);
  };
  if (view.ae_title == config.ae_title) taken("the node, which answers no query");
  for (const TrialEntry& trial : config.trials) {
    if (!view.ae_title.empty() && trial.called_ae_title == view.ae_title) taken("a trial");
  }
  if (view_named(config.views, view.ae_title) != &view) taken("another view");
  for (const std::string& name : view.peers) {
    if (std::ranges::none_of(config.peers, [&](const Peer& peer) { return peer.ae_title == name; })) {
      errors.add(yaml, "peer '" + name + "' is not among the peers");
    }
  }
  for (const std::string& name : view.move_to) {
    const auto can_be_called = [&](const Peer& peer) { return peer.ae_title == name && !peer.host.empty(); };
    if (std::ranges::none_of(config.peers, can_be_called)) {
      errors.add(yaml, "move_to: '" + name + "' is no peer with a host");
    }
  }
  for (const std::string& site : view.sites) {
    if (std::ranges::none_of(config.peers, [&](const Peer& peer) { return peer.site == site; })) {
      errors.add(yaml, "site '" + site + "' is that of no peer");
    }
  }
  const auto is_named = [&](const Destination& destination) { return destination.name == view.destination; };
  if (!view.destination.empty() && std::ranges::none_of(config.destinations, is_named)) {
    errors.add(yaml, "destination '" + view.destination + "' is not among the destinations");
  }
}

const View* view_named(const std::vector<View>& views, const std::string& ae_title) noexcept {
  const auto found = std::ranges::find(views, ae_title, &View::ae_title);
  return found == views.end() ? nullptr : &*found;
}

}  // namespace trialgate::gateway
