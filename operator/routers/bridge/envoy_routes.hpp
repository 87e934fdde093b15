#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/percent.hpp"
#include "model/spec.hpp"

namespace softmig::routers {

/// Names in Envoy's configuration of a bridge that its routes, its clusters and the agent's configuration have in common.
inline constexpr std::string_view kLegacyCluster = "legacy";
inline constexpr std::string_view kTargetCluster = "target";
/// The target, and legacy for a safe request that failed there.
inline constexpr std::string_view kFallbackCluster = "target-or-legacy";
/// What no component has.
inline constexpr std::string_view kRestRoute = "softmigration-rest";
/// The filter that copies for the agent, by the name under which routes speak of it.
inline constexpr std::string_view kCopyFilter = "envoy.filters.http.ext_proc";
/// The RouteConfiguration in `rds.json`.
inline constexpr std::string_view kRouteConfiguration = "users";

/// What one component's traffic does on a bridge.
struct BridgeTraffic {
  model::ComponentSpec component;
  base::Percent target;
  std::vector<model::HeaderFlag> flags;
};

/// Name of the Envoy routes that carry a component, or those of its requests that bear a flag.
std::string BridgeRouteName(const std::string& component, const model::HeaderFlag* flag);

/// A route of Envoy's as a bridge's are written: for one match of a component, plain or with a flag's headers; each twice, for safe
/// requests and for all others.
struct BridgeRoute {
  std::string component;  ///< empty: kRestRoute
  std::string flag;       ///< canonical text; empty for those without
  std::optional<base::Percent> target;
  const nlohmann::json* value = nullptr;  ///< in what it was read from
};

/// All routes of `rds.json`; nothing where the text is not one of ours.
std::optional<nlohmann::json> ParseRoutes(const std::string& rds);
/// Points into `routes`, which ParseRoutes gave.
std::vector<BridgeRoute> ReadRoutes(const nlohmann::json& routes);

/// Some match of the component's rules has a regular expression: a bridge has no route for it.
bool HasExpressions(const model::ComponentSpec& component, const std::string& route);
/// The routes of a component, as JSON, for the matches of its rules on `route`; the implied component gets everything.
std::vector<nlohmann::json> RoutesOf(const BridgeTraffic& traffic, const std::string& route);
/// `rds.json` with these routes in the order in which Envoy must try them (the order of Gateway API's rules: exact paths, longer
/// prefixes, a method, more headers), and what is left to legacy behind them. Equal routes give equal bytes.
std::string WriteRoutes(std::vector<nlohmann::json> routes);

}  // namespace softmig::routers
