#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"

namespace softmig::routers {

/// Where a bridge's pods keep what Envoy and the agent share: sockets, and the ConfigMap's files as the agent writes them.
inline constexpr std::string_view kBridgeFolder = "/run/softmigration";
/// Ports of a bridge's pods: where users enter, and where the agent tells its counts.
inline constexpr int kBridgeUsersPort = 10000;
inline constexpr int kBridgeCountsPort = 9902;

/// A ready endpoint of a Service.
struct BridgeEndpoint {
  std::string address;
  int port = 0;
  auto operator<=>(const BridgeEndpoint&) const = default;
};

/// What a bridge's files rest on, besides its weights.
struct BridgePlan {
  const model::Spec& spec;
  const model::RouteRef& route;
  std::string compare;  ///< spec.compare as JSON; empty: none
  std::vector<BridgeEndpoint> legacy, target;
};

/// The files of a bridge's ConfigMap but for `rds.json`, by name: Envoy's clusters, endpoints and listeners, and the agent's
/// configuration. Equal plans give equal bytes, whatever the order of their endpoints. Pure.
std::map<std::string, std::string> BridgeFiles(const BridgePlan& plan);

}  // namespace softmig::routers
