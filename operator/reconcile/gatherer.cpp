#include "reconcile/gatherer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "model/safe_text.hpp"
#include "reconcile/executor.hpp"
#include "reconcile/service_sides.hpp"
#include "routers/bridge/bridge_objects.hpp"

namespace softmig::reconcile {
namespace {

const model::SavedRoute* SavedOf(const model::Status& status, const std::string& route) {
  const auto it = std::ranges::find(status.routes, route, &model::SavedRoute::name);
  return it == status.routes.end() ? nullptr : &*it;
}

bool Overlap(const std::vector<std::string>& a, const std::vector<std::string>& b, std::string& which) {
  for (const std::string& rule : a) {
    if (std::ranges::find(b, rule) == b.end()) continue;
    which = rule;
    return true;
  }
  return false;
}

constexpr std::size_t kAnswerBytes = 400;

/// Whether trying again can only lead to the same answer as long as nobody edits anything.
bool IsRefusal(base::ErrorCode code) { return code == base::ErrorCode::kInvalid || code == base::ErrorCode::kForbidden; }

/// The same object is among a migration's routes, and to be made from a template.
bool Makes(const Migration& migration, const model::RouteRef& object) {
  return std::ranges::any_of(migration.spec->routes, [&](const model::RouteRef& route) {
    return route.kind == object.kind && route.object == object.object && !route.manifest.empty();
  });
}

/// Of several that would make one route the first has it: who moves users, then who made what is there, then by name.
auto MakerOrder(const Migration& migration, const std::string& made_for, const std::string& finalizer) {
  const std::string& name = migration.meta.key.name;
  return std::tuple(IsAtRest(migration, finalizer), migration.status.routes.empty(), name != made_for, name);
}

const model::RouteProblem* FirstProblem(const model::RouteState& state) {
  if (!state.problems.empty()) return &state.problems.front();
  for (const model::ComponentTraffic& traffic : state.components) {
    if (!traffic.problems.empty()) return &traffic.problems.front();
  }
  return nullptr;
}

decide::RouteObservation NotThere(std::string why) {
  decide::RouteObservation none;
  none.state = decide::Missing{std::move(why)};
  return none;
}

/// The object as its router wants to see it.
RouteObject With(const nlohmann::json& beside, RouteObject route) {
  route.object["status"].update(beside);
  return route;
}

}  // namespace

Gatherer::Gatherer(const Cache& cache, const MetricPoller& poller, const routers::TrafficRouter& router, std::string finalizer,
                   const BridgeAgents* agents)
    : cache_(cache), poller_(poller), router_(router), finalizer_(std::move(finalizer)), agents_(agents) {}

std::string Gatherer::WhyMissing(const model::RouteRef& route) const {
  const bool is_bridge = route.kind == model::RouteKind::kBridge;
  if (cache_.Watches(route)) {
    return is_bridge ? "the bridge is being made" : fmt::format("there is no such {}", cache_.RowOf(route).type.kind);
  }
  if (is_bridge) return "the operator was not started to make bridges";
  return fmt::format("the operator was started without the router {}", model::KindId(route));
}

decide::Observation Gatherer::Gather(const Migration& migration) const {
  decide::Observation seen;
  seen.uid = migration.meta.uid;
  seen.generation = migration.meta.generation;
  seen.deleting = migration.meta.deleting;
  seen.finalizer_present = std::ranges::find(migration.meta.finalizers, finalizer_) != migration.meta.finalizers.end();
  if (!migration.spec) return seen;
  seen.header_flags_supported = std::ranges::all_of(
      migration.spec->routes, [this](const model::RouteRef& route) { return router_.capabilities(route).header_flags; });
  const std::string& ns = migration.meta.key.ns;
  seen.legacy = ReadBackend(ns, migration.spec->legacy);
  seen.target = ReadBackend(ns, migration.spec->target);
  if (const model::RouteRef* entrance = model::EntranceOf(*migration.spec)) seen.bridge = ReadBackend(ns, *entrance->bridge);
  for (const model::RouteRef& route : migration.spec->routes) seen.routes[route.name] = ReadRoute(migration, route);
  seen.metrics = poller_.Get(migration.meta.key);
  return seen;
}

void Gatherer::Forget(const kube::ObjectKey& key) {
  const std::scoped_lock lock(mutex_);
  readings_.erase(key);
  refusals_.erase(key);
}

void Gatherer::NoteTemplateWrite(const Migration& migration, const std::string& route, const base::Result<Written>& done) {
  const std::scoped_lock lock(mutex_);
  auto& refusals = refusals_[migration.meta.key];
  if (done || done.error().code == base::ErrorCode::kConflict) {
    refusals.erase(route);
  } else if (IsRefusal(done.error().code)) {
    refusals[route] = {migration.spec, model::CutText(done.error().message, kAnswerBytes)};
  }
}

std::optional<std::string> Gatherer::RefusalOf(const Migration& migration, const std::string& route) const {
  const std::scoped_lock lock(mutex_);
  const auto of = refusals_.find(migration.meta.key);
  if (of == refusals_.end()) return std::nullopt;
  const auto it = of->second.find(route);
  return it != of->second.end() && it->second.spec == migration.spec ? std::optional(it->second.answer) : std::nullopt;
}

nlohmann::json Gatherer::Beside(const Migration& migration, const model::RouteRef& route) const {
  if (route.kind == model::RouteKind::kService) return {{"sides", SidesOf(cache_, migration, route)}};
  if (route.kind != model::RouteKind::kBridge) return nullptr;
  return {{"agents", agents_ == nullptr ? std::vector<std::string>() : agents_->RoutesOf(migration.meta.key)}};
}

decide::RouteObservation Gatherer::ReadRoute(const Migration& migration, const model::RouteRef& route) const {
  const auto object = cache_.StoreOf(route).Get({migration.meta.key.ns, route.object});
  if (!object) {
    decide::RouteObservation none = NotThere(WhyMissing(route));
    none.claims = Makers(migration, route, "");
    none.refused = RefusalOf(migration, route.name);
    return none;
  }
  const bool is_bridge = route.kind == model::RouteKind::kBridge;
  if (is_bridge && !routers::BelongsTo(object->object, migration.meta.uid)) return NotThere("it belongs to another SoftMigration");
  const nlohmann::json beside = Beside(migration, route);
  decide::RouteObservation seen;
  bool fresh = true;
  {
    const std::scoped_lock lock(mutex_);
    const Reading& reading = readings_[migration.meta.key][route.name];
    if (reading.route == object && reading.spec == migration.spec && reading.saved == migration.status.routes && reading.beside == beside) {
      seen = reading.seen;
      fresh = false;
    }
  }
  if (fresh) {
    seen = beside.is_null() ? Observe(migration, route, *object) : Observe(migration, route, With(beside, *object));
    const std::scoped_lock lock(mutex_);
    readings_[migration.meta.key][route.name] = {object, migration.spec, seen, migration.status.routes, beside};
  }
  const auto& state = std::get<model::RouteState>(seen.state);
  seen.claims = Claims(migration, route, *object, state);
  std::ranges::move(Makers(migration, route, state.made_for), std::back_inserter(seen.claims));
  seen.refused = RefusalOf(migration, route.name);
  if (!seen.template_pending) return seen;
  if (const std::string mover = MoverOn(migration, route); !mover.empty()) {
    seen.template_problem = model::RouteProblem{"TemplateNotApplied", fmt::format("SoftMigration {} moves users on this route", mover)};
  }
  return seen;
}

decide::RouteObservation Gatherer::Observe(const Migration& migration, const model::RouteRef& route, const RouteObject& object) const {
  decide::RouteObservation seen;
  seen.state = router_.Observe(object.object, *migration.spec, route);
  const auto& state = std::get<model::RouteState>(seen.state);
  seen.ours = !route.manifest.empty() && state.made_for == migration.meta.key.name;
  if (seen.ours) ObserveTemplate(migration, route, object, seen);
  const model::SavedRoute* saved = SavedOf(migration.status, route.name);
  const bool same = saved != nullptr && saved->uid == object.meta.uid;
  if (seen.ours && !state.mark.empty()) {
    if (!same || saved->saved != state.mark) seen.snapshot = state.mark;
  } else if (!same) {
    auto snapshot = router_.Save(object.object, *migration.spec, route);
    if (snapshot) {
      seen.snapshot = std::move(*snapshot);
    } else {
      seen.snapshot_error = snapshot.error().message;
    }
  }
  if (saved == nullptr || (!same && !seen.ours)) return seen;
  const auto restore = router_.Restore(*RestorePoint(migration, route, state), object.object);
  seen.restore_pending = restore && !restore->empty();
  return seen;
}

void Gatherer::ObserveTemplate(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                               decide::RouteObservation& seen) const {
  const routers::TrafficIntent nobody = ToIntent(migration, {route.name, {}});
  const auto patch = router_.Remake(nobody, *migration.spec, route, object.object);
  seen.template_pending = patch && !patch->empty();
  // While users are moved by rules of the live route, a template without them must not take their place.
  if (!seen.template_pending || SavedOf(migration.status, route.name) == nullptr) return;
  const auto made = router_.Make(nobody, *migration.spec, route, migration.meta.key.ns);
  if (!made) return;
  const model::RouteState would_be = router_.Observe(*made, *migration.spec, route);
  if (const model::RouteProblem* problem = FirstProblem(would_be)) seen.template_problem = *problem;
}

std::vector<model::RouteProblem> Gatherer::Makers(const Migration& migration, const model::RouteRef& route,
                                                  const std::string& made_for) const {
  std::vector<model::RouteProblem> problems;
  if (route.manifest.empty()) return problems;
  const auto mine = MakerOrder(migration, made_for, finalizer_);
  for (const kube::ObjectKey& key : cache_.MigrationsOnRoute(migration.meta.key.ns, route)) {
    if (key == migration.meta.key) continue;
    const auto other = cache_.migrations().Get(key);
    if (!other || !other->spec || !Makes(*other, route) || mine < MakerOrder(*other, made_for, finalizer_)) continue;
    problems.push_back({"RouteMadeTwice", fmt::format("route {} has a template in SoftMigration {} and in SoftMigration {}", route.object,
                                                      migration.meta.key.name, key.name)});
  }
  std::ranges::sort(problems, {}, &model::RouteProblem::message);
  return problems;
}

std::string Gatherer::MoverOn(const Migration& migration, const model::RouteRef& route) const {
  std::string mover;
  for (const kube::ObjectKey& key : cache_.MigrationsOnRoute(migration.meta.key.ns, route)) {
    const auto other = key == migration.meta.key ? nullptr : cache_.migrations().Get(key);
    if (!other || other->status.routes.empty() || IsAtRest(*other, finalizer_)) continue;
    if (mover.empty() || key.name < mover) mover = key.name;
  }
  return mover;
}

std::vector<model::RouteProblem> Gatherer::Claims(const Migration& migration, const model::RouteRef& route, const RouteObject& object,
                                                  const model::RouteState& state) const {
  std::vector<model::RouteProblem> problems;
  for (const kube::ObjectKey& key : cache_.MigrationsOnRoute(migration.meta.key.ns, route)) {
    if (key == migration.meta.key) continue;
    const auto other = cache_.migrations().Get(key);
    if (!other || !other->spec || IsAtRest(*other, finalizer_)) continue;
    // Whoever has adopted the route goes on; whoever comes later waits.
    if (!migration.status.routes.empty() && other->status.routes.empty()) continue;
    for (const model::RouteRef& theirs : other->spec->routes) {
      std::string rule;
      if (model::ObjectId(theirs) != model::ObjectId(route)) continue;
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
  return decide::BackendState{service->ports.contains(side.port), cache_.ReadyEndpoints(key)};
}

}  // namespace softmig::reconcile
