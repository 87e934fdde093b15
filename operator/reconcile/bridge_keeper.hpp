#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/runtime/leader_elector.hpp"
#include "reconcile/cache.hpp"
#include "reconcile/version_tracker.hpp"
#include "routers/bridge/bridge_objects.hpp"

namespace softmig::reconcile {

/// The migration's bridge; null where it has none, or needs it no more: behind a route it goes when all users are on the target for good.
const model::RouteRef* BridgeOf(const Migration& migration);

/// Makes a migration's bridge and keeps it as its spec and the endpoints of both Services ask for: all but `rds.json`, which is the
/// router's as soon as the migration has adopted its routes; before, its components may still be others. Writes nothing where nothing has
/// changed. With the SoftMigration its objects go by themselves, since it owns them and its finalizer holds it until the route is put back.
/// Thread-safe; calls block with a deadline.
class BridgeKeeper {
 public:
  struct Parts {
    kube::RestClient& client;
    Cache& cache;
    const kube::Fence& fence;
    VersionTracker& route_versions;
    routers::BridgeImages images;
  };
  explicit BridgeKeeper(Parts parts) : parts_(std::move(parts)) {}

  /// What is missing before the bridge may be made, for people; empty where nothing is. Without a ready endpoint of legacy its pods would
  /// be ready and refuse every user. Whoever waits is woken by the endpoint.
  [[nodiscard]] std::string WaitsFor(const Migration& migration, const model::RouteRef& bridge) const;

  /// kConflict where an object of one of the names is there already and is not this migration's: it is left as it is.
  base::Status Keep(const Migration& migration, const model::RouteRef& bridge) const;

  /// Deletes the bridges that the migration owns and its spec has not any more, once they are not adopted; gives the names of those that
  /// are gone now. What is not this migration's is left as it is. kConflict where a route still leads to such a bridge: it stays.
  [[nodiscard]] base::Result<std::vector<std::string>> RemoveOthers(const Migration& migration) const;

 private:
  /// Nothing where there is none; kConflict where it is somebody else's.
  base::Result<std::optional<nlohmann::json>> Find(const routers::BridgeOwner& owner, const kube::ResourceType& type,
                                                   const std::string& name) const;
  base::Status ApplyAll(const routers::BridgeOwner& owner, const std::vector<nlohmann::json>& objects) const;
  base::Status Remove(const routers::BridgeOwner& owner, const RouteObject& config_map) const;
  base::Status Delete(const routers::BridgeOwner& owner, const kube::ResourceType& type, const std::string& name) const;
  base::Status Make(const kube::ObjectKey& key, const nlohmann::json& config_map) const;
  base::Status Update(const kube::ObjectKey& key, const model::RouteRef& bridge, const RouteObject& live,
                      const nlohmann::json& patch) const;
  [[nodiscard]] kube::CallOptions Writing() const;

  Parts parts_;
};

}  // namespace softmig::reconcile
