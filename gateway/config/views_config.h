#pragma once

#include "rules/trial/yaml_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct NodeConfig;

/// What a view shows.
enum class ViewKind : std::uint8_t {
  released,    ///< de-identified studies that are released
  quarantine,  ///< studies as the sites sent them, while they are not released
  delivered,   ///< what one destination has taken
};

/// What peers that call one AE title can query and retrieve. A study that a view does not show does not exist
/// for them.
struct View {
  std::string ae_title;  ///< called AE title, of no trial and not the node's own
  ViewKind shows = ViewKind::released;
  std::string destination;           ///< of delivered
  std::vector<std::string> peers;    ///< calling AE titles, entries of `peers`; no other peer gets in
  std::vector<std::string> sites;    ///< only studies of these; empty: of every site
  std::vector<std::string> move_to;  ///< AE titles of `peers` with a host, to which C-MOVE may send

  [[nodiscard]] bool admits(const std::string& calling_ae_title) const noexcept;
};

struct Peer;
/// The peer to which a C-MOVE of `calling_ae_title` in this view may send: itself or one of move_to, if it
/// has a host. Null for any other.
[[nodiscard]] const Peer* move_destination(const NodeConfig& config, const View& view,
                                           const std::string& calling_ae_title,
                                           const std::string& destination) noexcept;

/// Reads one entry of the section `views`.
[[nodiscard]] View read_view(const YAML::Node& yaml, rules::YamlErrors& errors);

/// Checks view number `place` against everything else in the node file. `yaml` is where it stands.
void check_view(const NodeConfig& config, std::size_t place, const YAML::Node& yaml,
                rules::YamlErrors& errors);

/// The view of a called AE title; null when there is none.
[[nodiscard]] const View* view_named(const std::vector<View>& views, const std::string& ae_title) noexcept;

}  // namespace trialgate::gateway
