#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.hpp"
#include "kube/runtime/store.hpp"
#include "reconcile/objects.hpp"
#include "routers/bridge/bridge_files.hpp"

namespace softmig::reconcile {

/// Who refers to what, both ways. Thread-safe.
class ReferenceIndex {
 public:
  void Set(const kube::ObjectKey& owner, std::vector<kube::ObjectKey> references);
  [[nodiscard]] std::vector<kube::ObjectKey> OwnersOf(const kube::ObjectKey& reference) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, std::vector<kube::ObjectKey>> references_ SM_GUARDED_BY(mutex_);
  std::unordered_map<kube::ObjectKey, std::unordered_set<kube::ObjectKey>> owners_ SM_GUARDED_BY(mutex_);
};

/// The operator's view of the cluster: stores fed by reflectors, and an index that tells which migrations an object concerns.
/// Thread-safe. `wake` is called from reflector threads for every migration that a change concerns.
class Cache {
 public:
  using Kinds = std::set<model::RouteKind>;
  /// `watched`: kinds of routes whose store will be fed; the others stay empty, and nobody waits for them. Addresses of endpoints are kept
  /// for bridges only.
  /// `custom`: rows of custom routes, all of them watched.
  explicit Cache(std::function<void(const kube::ObjectKey& migration)> wake, Kinds watched = {model::RouteKind::kHttpRoute},
                 std::vector<routers::RouteKindRow> custom = {});

  kube::Store<Migration>& migrations() { return migrations_; }
  kube::Store<ServiceView>& services() { return services_; }
  kube::Store<SliceView>& slices() { return slices_; }
  [[nodiscard]] const kube::Store<Migration>& migrations() const { return migrations_; }
  [[nodiscard]] const kube::Store<ServiceView>& services() const { return services_; }
  /// Where objects of such a route are kept; an empty store for a custom kind that this operator does not know.
  [[nodiscard]] const kube::Store<RouteObject>& StoreOf(const model::RouteRef& route) const { return FindStore(model::KindId(route)); }
  kube::Store<RouteObject>& StoreOf(const model::RouteRef& route) { return FindStore(model::KindId(route)); }
  /// REQUIRES: kind is not kCustom.
  [[nodiscard]] const kube::Store<RouteObject>& StoreOf(model::RouteKind kind) const { return FindStore(std::string(model::Name(kind))); }
  kube::Store<RouteObject>& StoreOf(model::RouteKind kind) { return FindStore(std::string(model::Name(kind))); }
  [[nodiscard]] bool Watches(const model::RouteRef& route) const;
  /// REQUIRES: Watches(route).
  [[nodiscard]] const routers::RouteKindRow& RowOf(const model::RouteRef& route) const;
  kube::Store<RouteObject>& StoreOf(const routers::RouteKindRow& row) { return FindStore(routers::IdOf(row)); }
  /// The rows whose stores are to be fed.
  [[nodiscard]] const std::vector<routers::RouteKindRow>& watched() const { return watched_; }

  /// Every store that is watched has had its first snapshot.
  [[nodiscard]] bool synced() const;
  /// Ready endpoints of a Service over all its slices.
  [[nodiscard]] int ReadyEndpoints(const kube::ObjectKey& service) const;
  /// Addresses of them; none where no bridges are watched. Each once, sorted.
  [[nodiscard]] std::vector<std::string> Addresses(const kube::ObjectKey& service) const;
  /// With the ports that they have for the Service's port `port`.
  [[nodiscard]] std::vector<routers::BridgeEndpoint> Endpoints(const kube::ObjectKey& service, int port) const;
  /// Bridges that the migration owns, as their ConfigMaps say, whether its spec still has them or not.
  [[nodiscard]] std::vector<kube::ObjectKey> BridgesOf(const kube::ObjectKey& migration) const;
  /// A route of any kind that is watched, in any namespace, by which users may come to the Service: "HTTPRoute shop/web", the first of
  /// several; empty where there is none.
  [[nodiscard]] std::string RouteTo(const kube::ObjectKey& service) const;
  /// Migrations with this route among theirs.
  [[nodiscard]] std::vector<kube::ObjectKey> MigrationsOnRoute(const std::string& ns, const model::RouteRef& route) const;

 private:
  [[nodiscard]] Migration KeepSpec(Migration fresh) const;
  void OnMigration(const kube::ObjectKey& key, const kube::Store<Migration>::Ptr& before, const kube::Store<Migration>::Ptr& after);
  void OnSlice(const kube::ObjectKey& key, const kube::Store<SliceView>::Ptr& before, const kube::Store<SliceView>::Ptr& after);
  void OnBridge(const kube::ObjectKey& key, const kube::Store<RouteObject>::Ptr& before, const kube::Store<RouteObject>::Ptr& after);
  void WakeAll(const std::vector<kube::ObjectKey>& keys) const;

  std::function<void(const kube::ObjectKey&)> wake_;
  [[nodiscard]] kube::Store<RouteObject>& FindStore(const std::string& kind_id) const;
  void AddStore(const routers::RouteKindRow& row);

  const std::vector<routers::RouteKindRow> watched_;
  ReferenceIndex by_route_;
  ReferenceIndex by_service_;
  ReferenceIndex slices_by_service_;  // owner: slice, reference: its Service
  ReferenceIndex bridges_by_owner_;   // owner: ConfigMap, reference: its SoftMigration
  kube::Store<Migration> migrations_;
  std::map<std::string, std::unique_ptr<kube::Store<RouteObject>>> routes_;  // by KindId; never changes
  kube::Store<ServiceView> services_;
  kube::Store<SliceView> slices_;
};

/// Names a route's object among objects of all kinds: an HTTPRoute and a bridge may have one name.
kube::ObjectKey RouteKey(const std::string& ns, const model::RouteRef& route);

/// All migrations; those whose users may have to be taken back come first.
std::vector<kube::ObjectKey> KeysInTakeOverOrder(const Cache& cache);

}  // namespace softmig::reconcile
