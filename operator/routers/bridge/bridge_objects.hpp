#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.hpp"

namespace softmig::routers {

/// On all objects of a bridge and on its pods: the bridge's name.
inline constexpr std::string_view kBridgeLabel = "softmigration.io/bridge";
/// On a bridge's ConfigMap: HashOfBridge of what stands beside it. It is written last, so whoever finds it knows that the rest was.
inline constexpr std::string_view kBridgeAnnotation = "softmigration.io/bridge-objects";

/// Container images. Envoy's must have /bin/sh.
struct BridgeImages {
  std::string envoy, agent;
};

/// The SoftMigration that a bridge belongs to: it goes with it.
struct BridgeOwner {
  std::string ns, name, uid;
};

/// ServiceAccount, Role, RoleBinding, Service and Deployment of a bridge, in the order in which they are to be applied. Pure.
std::vector<nlohmann::json> BridgeObjects(const BridgeOwner& owner, const model::RouteRef& route, const BridgeImages& images);
/// The ConfigMap before anybody has steered the bridge. REQUIRES: `files` are those of BridgeFiles and `rds.json`.
nlohmann::json BridgeConfigMap(const BridgeOwner& owner, const model::RouteRef& route, const std::map<std::string, std::string>& files,
                               const std::vector<nlohmann::json>& objects);
/// 16 hex digits.
std::string HashOfBridge(const std::vector<nlohmann::json>& objects);
/// The object says that the SoftMigration with this uid owns it.
bool BelongsTo(const nlohmann::json& object, const std::string& uid);
/// Names of the SoftMigrations that own the object, as it says itself.
std::vector<std::string> MigrationsOwning(const nlohmann::json& object);

}  // namespace softmig::routers
