#pragma once

#include <mutex>
#include <unordered_map>

#include "base/mutex.hpp"
#include "decide/observation.hpp"
#include "reconcile/cache.hpp"
#include "reconcile/metric_poller.hpp"
#include "reconcile/version_tracker.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::reconcile {

/// Reads what a decision rests on from the stores and the poller; does no I/O and judges nothing. Thread-safe.
class Gatherer {
 public:
  /// All references must outlive it. `finalizer`: our own.
  Gatherer(const Cache& cache, const MetricPoller& poller, const routers::TrafficRouter& router, std::string finalizer);

  [[nodiscard]] decide::Observation Gather(const Migration& migration) const;
  /// Drops what is remembered of a migration that is gone.
  void Forget(const kube::ObjectKey& key);

 private:
  /// What a route said about a migration, as long as neither changed: reading rules costs more than all the rest of a pass.
  struct Reading {
    kube::Store<RouteObject>::Ptr route;
    std::shared_ptr<const model::Spec> spec;
    decide::RouteObservation seen;
    std::vector<model::SavedRoute> saved;
  };

  decide::RouteObservation ReadRoute(const Migration& migration, const model::RouteRef& route) const;
  decide::RouteObservation Observe(const Migration& migration, const model::RouteRef& route, const RouteObject& object) const;
  std::vector<model::RouteProblem> Claims(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                                          const model::RouteState& state) const;
  [[nodiscard]] decide::Observed<decide::BackendState> ReadBackend(const std::string& ns, const model::Side& side) const;

  const Cache& cache_;
  const MetricPoller& poller_;
  const routers::TrafficRouter& router_;
  const std::string finalizer_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<kube::ObjectKey, std::unordered_map<std::string, Reading>> readings_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::reconcile
