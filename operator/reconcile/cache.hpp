#pragma once

#include <functional>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mutex.hpp"
#include "kube/runtime/store.hpp"
#include "reconcile/objects.hpp"

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
  explicit Cache(std::function<void(const kube::ObjectKey& migration)> wake);

  kube::Store<Migration>& migrations() { return migrations_; }
  kube::Store<RouteObject>& routes() { return routes_; }
  kube::Store<ServiceView>& services() { return services_; }
  kube::Store<SliceView>& slices() { return slices_; }
  [[nodiscard]] const kube::Store<Migration>& migrations() const { return migrations_; }
  [[nodiscard]] const kube::Store<RouteObject>& routes() const { return routes_; }
  [[nodiscard]] const kube::Store<ServiceView>& services() const { return services_; }

  /// Every store has had its first snapshot.
  [[nodiscard]] bool synced() const;
  /// Ready endpoints of a Service over all its slices.
  [[nodiscard]] int ReadyEndpoints(const kube::ObjectKey& service) const;
  /// Migrations with this route among theirs.
  [[nodiscard]] std::vector<kube::ObjectKey> MigrationsOnRoute(const kube::ObjectKey& route) const;

 private:
  [[nodiscard]] Migration KeepSpec(Migration fresh) const;
  void OnMigration(const kube::ObjectKey& key, const kube::Store<Migration>::Ptr& before, const kube::Store<Migration>::Ptr& after);
  void OnSlice(const kube::ObjectKey& key, const kube::Store<SliceView>::Ptr& before, const kube::Store<SliceView>::Ptr& after);
  void WakeAll(const std::vector<kube::ObjectKey>& keys) const;

  std::function<void(const kube::ObjectKey&)> wake_;
  ReferenceIndex by_route_;
  ReferenceIndex by_service_;
  ReferenceIndex slices_by_service_;  // owner: slice, reference: its Service
  kube::Store<Migration> migrations_;
  kube::Store<RouteObject> routes_;
  kube::Store<ServiceView> services_;
  kube::Store<SliceView> slices_;
};

/// All migrations; those whose users may have to be taken back come first.
std::vector<kube::ObjectKey> KeysInTakeOverOrder(const Cache& cache);

}  // namespace softmig::reconcile
