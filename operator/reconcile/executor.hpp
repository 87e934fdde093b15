#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "decide/decide.hpp"
#include "kube/client/rest_client.hpp"
#include "kube/runtime/leader_elector.hpp"
#include "reconcile/cache.hpp"
#include "reconcile/version_tracker.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::reconcile {

inline constexpr const char* kFieldManager = "softmigration";
inline constexpr const char* kFinalizer = "softmigration.io/routes";

/// Whether an action sent anything that the API server took. kNothing: the object is already as the action wants it.
enum class Written { kNothing, kSomething };

/// Writes: the status of a migration, and the actions that a recorded status asks for. Every write is guarded by what it rests on
/// (resourceVersion or JSON-patch tests) and by the fence. Thread-safe; calls block with a deadline.
class Executor {
 public:
  struct Parts {
    kube::RestClient& client;
    const routers::TrafficRouter& router;
    Cache& cache;
    const kube::Fence& fence;
    VersionTracker& migration_versions;
    VersionTracker& route_versions;
  };
  explicit Executor(Parts parts) : parts_(parts) {}

  /// Records intent. Where somebody touched the object meanwhile without changing what was decided on (same generation, same status),
  /// it is tried again on the newer version; otherwise kConflict.
  base::Status Commit(const Migration& migration, const model::Status& next) const;
  /// Carries out one action of a decision on this migration. `manager`: who the API server is to name as the writer of the route.
  base::Result<Written> Do(const Migration& migration, const decide::Action& action, const std::string& manager = kFieldManager) const;

 private:
  base::Result<Written> SetFinalizer(const Migration& migration, bool present) const;
  base::Result<Written> Apply(const Migration& migration, const decide::ApplyTraffic& apply, const std::string& manager) const;
  base::Result<Written> Restore(const Migration& migration, const decide::RestoreRoute& restore) const;
  base::Result<Written> Create(const Migration& migration, const decide::CreateRoute& create, const std::string& manager) const;
  base::Result<Written> Remake(const Migration& migration, const decide::ApplyTemplate& apply) const;
  struct RouteWrite {
    const Migration& migration;
    const model::RouteRef& route;
    const std::string& manager;
  };
  /// Renders and patches; after a conflict once more on a live read.
  base::Result<Written> PatchRoute(const RouteWrite& write,
                                   const std::function<base::Result<routers::ObjectPatch>(const nlohmann::json&)>& render) const;
  [[nodiscard]] kube::CallOptions Writing() const;

  Parts parts_;
};

/// The intent of one route in a router's words.
routers::TrafficIntent ToIntent(const Migration& migration, const decide::ApplyTraffic& apply);

/// What a route is put back to: what it says itself where it was made from this migration's template, else what was saved of it. Nothing
/// where neither is there. `state`: what the router sees in the object now.
std::optional<std::string> RestorePoint(const Migration& migration, const model::RouteRef& route, const model::RouteState& state);

}  // namespace softmig::reconcile
