#include "reconcile/gatherer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace softmig::reconcile {
namespace {

const model::SavedRoute* SavedOf(const model::Status& status, const std::string& route) {
  const auto it = std::ranges::find(status.routes, route, &model::SavedRoute::name);
  return it == status.routes.end() ? nullptr : &*it;
}

/// All users are on the target for good and the route is the user's again.
bool AtRest(const Migration& migration, const std::string& finalizer) {
  const auto& finalizers = migration.meta.finalizers;
  return migration.status.phase == model::Phase::kComplete && std::ranges::find(finalizers, finalizer) == finalizers.end();
}

bool Overlap(const std::vector<std::string>& a, const std::vector<std::string>& b, std::string& which) {
  for (const std::string& rule : a) {
    if (std::ranges::find(b, rule) == b.end()) continue;
    which = rule;
    return true;
  }
  return false;
}

}  // namespace

Gatherer::Gatherer(const Cache& cache, const MetricPoller& poller, const routers::TrafficRouter& router, std::string finalizer)
    : cache_(cache), poller_(poller), router_(router), finalizer_(std::move(finalizer)) {}

decide::Observation Gatherer::Gather(const Migration& migration) const {
  decide::Observation seen;
  seen.uid = migration.meta.uid;
  seen.generation = migration.meta.generation;
  seen.deleting = migration.meta.deleting;
  seen.finalizer_present = std::ranges::find(migration.meta.finalizers, finalizer_) != migration.meta.finalizers.end();
  seen.header_flags_supported = router_.capabilities().header_flags;
  if (!migration.spec) return seen;
  const std::string& ns = migration.meta.key.ns;
  seen.legacy = ReadBackend(ns, migration.spec->legacy);
  seen.target = ReadBackend(ns, migration.spec->target);
  for (const model::RouteRef& route : migration.spec->routes) seen.routes[route.name] = ReadRoute(migration, route);
  seen.metrics = poller_.Get(migration.meta.key);
  return seen;
}

void Gatherer::Forget(const kube::ObjectKey& key) {
  const std::scoped_lock lock(mutex_);
  readings_.erase(key);
}

decide::RouteObservation Gatherer::ReadRoute(const Migration& migration, const model::RouteRef& route) const {
  const kube::ObjectKey key{migration.meta.key.ns, route.object};
  const auto object = cache_.routes().Get(key);
  if (!object) {
    decide::RouteObservation none;
    none.state = decide::Missing{"there is no such HTTPRoute"};
    return none;
  }
  decide::RouteObservation seen;
  bool fresh = true;
  {
    const std::scoped_lock lock(mutex_);
    const Reading& reading = readings_[migration.meta.key][route.name];
    if (reading.route == object && reading.spec == migration.spec && reading.saved == migration.status.routes) {
      seen = reading.seen;
      fresh = false;
    }
  }
  if (fresh) {
    seen = Observe(migration, route, *object);
    const std::scoped_lock lock(mutex_);
    readings_[migration.meta.key][route.name] = {object, migration.spec, seen, migration.status.routes};
  }
  seen.claims = Claims(migration, route, *object, std::get<model::RouteState>(seen.state));
  return seen;
}

decide::RouteObservation Gatherer::Observe(const Migration& migration, const model::RouteRef& route, const RouteObject& object) const {
  decide::RouteObservation seen;
  seen.state = router_.Observe(object.object, *migration.spec, route);
  const model::SavedRoute* saved = SavedOf(migration.status, route.name);
  if (saved == nullptr || saved->uid != object.meta.uid) {
    auto snapshot = router_.Save(object.object, *migration.spec, route);
    if (snapshot) {
      seen.snapshot = std::move(*snapshot);
    } else {
      seen.snapshot_error = snapshot.error().message;
    }
    return seen;
  }
  const auto restore = router_.Restore(saved->saved, object.object);
  seen.restore_pending = restore && !restore->empty();
  return seen;
}

std::vector<model::RouteProblem> Gatherer::Claims(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                                                  const model::RouteState& state) const {
  std::vector<model::RouteProblem> problems;
  for (const kube::ObjectKey& key : cache_.MigrationsOnRoute({migration.meta.key.ns, route.object})) {
    if (key == migration.meta.key) continue;
    const auto other = cache_.migrations().Get(key);
    if (!other || !other->spec || AtRest(*other, finalizer_)) continue;
    // Whoever has adopted the route goes on; whoever comes later waits.
    if (!migration.status.routes.empty() && other->status.routes.empty()) continue;
    for (const model::RouteRef& theirs : other->spec->routes) {
      std::string rule;
      if (theirs.object != route.object) continue;
      if (!Overlap(state.claimed_rules, router_.Observe(object.object, *other->spec, theirs).claimed_rules, rule)) continue;
      problems.push_back({"RuleClaimedTwice",
                          fmt::format("{} is claimed by SoftMigration {} and SoftMigration {}", rule, migration.meta.key.name, key.name)});
    }
  }
  std::ranges::sort(problems, {}, &model::RouteProblem::message);
  return problems;
}

decide::Observed<decide::BackendState> Gatherer::ReadBackend(const std::string& ns, const model::Side& side) const {
  const kube::ObjectKey key{ns, side.service};
  const auto service = cache_.services().Get(key);
  if (!service) return decide::Missing{"there is no such Service"};
  return decide::BackendState{std::ranges::find(service->ports, side.port) != service->ports.end(), cache_.ReadyEndpoints(key)};
}

}  // namespace softmig::reconcile
