#pragma once

#include "routers/gatewayapi/json_view.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::routers {

/// Steers traffic at a bridge: Envoy's routes in its ConfigMap (`data["rds.json"]`). The object is the ConfigMap; whoever asks adds
/// `status: {agents: [TEXT...]}`, the hash of the `rds.json` that each of the bridge's agents has handed to its Envoy, and the
/// object is accepted once all of them have the present one. Rules are given by their `matches`; a bridge has no names for them.
/// Stateless, thread-safe, never throws.
class BridgeRouter final : public TrafficRouter {
 public:
  [[nodiscard]] Capabilities capabilities(const model::RouteRef& route) const override;
  [[nodiscard]] model::RouteState Observe(const nlohmann::json& object, const model::Spec& spec,
                                          const model::RouteRef& route) const override;
  /// There is nothing of the user's in a bridge: what is saved says only that it is one.
  [[nodiscard]] base::Result<std::string> Save(const nlohmann::json& object, const model::Spec& spec,
                                               const model::RouteRef& route) const override;
  [[nodiscard]] base::Result<ObjectPatch> Render(const TrafficIntent& intent, const nlohmann::json& object) const override;
  /// A bridge has no manifest: reconcile/bridge_keeper makes it. kInvalid, and never anything to do.
  [[nodiscard]] base::Result<nlohmann::json> Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                  const std::string& ns) const override;
  [[nodiscard]] base::Result<ObjectPatch> Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                                 const nlohmann::json& object) const override;
  /// All components on legacy, no flags.
  [[nodiscard]] base::Result<ObjectPatch> Restore(const std::string& saved, const nlohmann::json& object) const override;
};

inline constexpr SteeredField kBridgeField{"f:data", "f:rds.json"};

/// `rds.json` of a bridge that nobody has steered yet: all components of `spec` with rules on `route`, on legacy.
std::string FirstRoutes(const model::Spec& spec, const model::RouteRef& route);
/// Some route may send users to the target.
bool SendsToTarget(const std::string& rds);
/// What an agent says of the `rds.json` that it has handed to Envoy: 16 hex digits.
std::string HashOfRoutes(const std::string& rds);

}  // namespace softmig::routers
