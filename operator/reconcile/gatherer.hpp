#pragma once

#include <mutex>
#include <unordered_map>

#include "base/mutex.hpp"
#include "decide/observation.hpp"
#include "reconcile/bridge_agents.hpp"
#include "reconcile/cache.hpp"
#include "reconcile/executor.hpp"
#include "reconcile/metric_poller.hpp"
#include "reconcile/version_tracker.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::reconcile {

/// Reads what a decision rests on from the stores and the poller, and knows what the API server refuses; does no I/O and judges nothing.
/// Thread-safe.
class Gatherer {
 public:
  /// All references must outlive it. `finalizer`: our own. `agents`: null where this operator makes no bridges.
  Gatherer(const Cache& cache, const MetricPoller& poller, const routers::TrafficRouter& router, std::string finalizer,
           const BridgeAgents* agents = nullptr);

  [[nodiscard]] decide::Observation Gather(const Migration& migration) const;
  /// How a try to write the template of a route ended. An answer that will be the same next time is part of what is observed, until the
  /// write succeeds or the spec is edited.
  void NoteTemplateWrite(const Migration& migration, const std::string& route, const base::Result<Written>& done);
  /// Drops what is remembered of a migration that is gone.
  void Forget(const kube::ObjectKey& key);

 private:
  /// What a route said about a migration, as long as neither changed: reading rules costs more than all the rest of a pass.
  struct Reading {
    kube::Store<RouteObject>::Ptr route;
    std::shared_ptr<const model::Spec> spec;
    decide::RouteObservation seen;
    std::vector<model::SavedRoute> saved;
    nlohmann::json beside;
  };

  /// The API server's answer to what a spec asks for.
  struct Refusal {
    std::shared_ptr<const model::Spec> spec;
    std::string answer;
  };

  [[nodiscard]] std::string WhyMissing(const model::RouteRef& route) const;
  /// What its router wants to know of a route besides the object, as members of `status`; null: nothing.
  [[nodiscard]] nlohmann::json Beside(const Migration& migration, const model::RouteRef& route) const;
  decide::RouteObservation ReadRoute(const Migration& migration, const model::RouteRef& route) const;
  decide::RouteObservation Observe(const Migration& migration, const model::RouteRef& route, const RouteObject& object) const;
  void ObserveTemplate(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                       decide::RouteObservation& seen) const;
  std::vector<model::RouteProblem> Claims(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                                          const model::RouteState& state) const;
  /// Other migrations that make the same route and whose word counts. `made_for`: whose template the object is from.
  std::vector<model::RouteProblem> Makers(const Migration& migration, const model::RouteRef& route, const std::string& made_for) const;
  /// Another migration that moves users on the route; empty where there is none.
  [[nodiscard]] std::string MoverOn(const Migration& migration, const model::RouteRef& route) const;
  [[nodiscard]] std::optional<std::string> RefusalOf(const Migration& migration, const std::string& route) const;
  [[nodiscard]] decide::Observed<decide::BackendState> ReadBackend(const std::string& ns, const model::Side& side) const;

  const Cache& cache_;
  const MetricPoller& poller_;
  const routers::TrafficRouter& router_;
  const std::string finalizer_;
  const BridgeAgents* agents_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<kube::ObjectKey, std::unordered_map<std::string, Reading>> readings_ SM_GUARDED_BY(mutex_);
  std::unordered_map<kube::ObjectKey, std::unordered_map<std::string, Refusal>> refusals_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::reconcile
