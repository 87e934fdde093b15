#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/runtime/leader_elector.hpp"
#include "reconcile/cache.hpp"
#include "reconcile/version_tracker.hpp"
#include "routers/bridge/bridge_objects.hpp"

namespace softmig::reconcile {

/// The migration's bridge; null where it has none.
const model::RouteRef* BridgeOf(const model::Spec& spec);

/// Makes a migration's bridge and keeps it as its spec and the endpoints of both Services ask for: all but `rds.json`, which is the
/// router's as soon as the migration has adopted its routes; before, its components may still be others. Writes nothing where nothing has
/// changed. Nothing is ever deleted here: all objects are owned by the SoftMigration, whose finalizer holds it until the route is put back.
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

  /// kConflict where an object of one of the names is there already and is not this migration's: it is left as it is.
  base::Status Keep(const Migration& migration, const model::RouteRef& bridge) const;

 private:
  base::Status ApplyAll(const routers::BridgeOwner& owner, const std::vector<nlohmann::json>& objects) const;
  base::Status Apply(const routers::BridgeOwner& owner, const nlohmann::json& object) const;
  base::Status Make(const kube::ObjectKey& key, const nlohmann::json& config_map) const;
  base::Status Update(const kube::ObjectKey& key, const model::RouteRef& bridge, const RouteObject& live,
                      const nlohmann::json& patch) const;
  [[nodiscard]] kube::CallOptions Writing() const;

  Parts parts_;
};

}  // namespace softmig::reconcile
