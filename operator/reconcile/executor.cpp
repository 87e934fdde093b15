#include "reconcile/executor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/core/known_types.hpp"
#include "reconcile/service_sides.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr base::Millis kWriteDeadline{5'000};
constexpr int kTries = 3;

/// A failed `test` of a JSON patch is 422, a stale resourceVersion 409: both mean that somebody was there first.
bool IsConflict(const base::Error& error) { return error.code == ErrorCode::kConflict || error.code == ErrorCode::kInvalid; }

/// What a status decision rests on has not changed between two versions of an object.
bool SameBasis(const Migration& decided_on, const Migration& live) {
  return live.meta.uid == decided_on.meta.uid && live.meta.generation == decided_on.meta.generation &&
         live.meta.deleting == decided_on.meta.deleting && live.status == decided_on.status;
}

/// A merge patch keeps what it does not name: what `after` no longer has is named as null.
json WithRemovals(const json& before, json after) {
  for (const auto& [key, value] : before.items()) {
    const auto it = after.find(key);
    if (it == after.end()) {
      after[key] = nullptr;
    } else if (value.is_object() && it->is_object()) {
      *it = WithRemovals(value, std::move(*it));
    }
  }
  return after;
}

/// A Service as its router wants to see it.
json WithSides(json service, json sides) {
  service["status"]["sides"] = std::move(sides);
  return service;
}

const model::RouteRef& RouteOf(const model::Spec& spec, const std::string& route) {
  return *std::ranges::find(spec.routes, route, &model::RouteRef::name);
}

}  // namespace

routers::TrafficIntent ToIntent(const Migration& migration, const decide::ApplyTraffic& apply) {
  const model::Spec& spec = *migration.spec;
  const model::RouteRef& route = RouteOf(spec, apply.route);
  routers::TrafficIntent intent{migration.meta.key.name, spec.legacy, spec.target, apply.route, {}, route.custom, route.bridge};
  for (const decide::ComponentTarget& target : apply.components) {
    const auto it = std::ranges::find(spec.components, target.component, &model::ComponentSpec::name);
    if (it == spec.components.end()) continue;
    const auto flags = target.flags ? spec.flags : std::vector<model::HeaderFlag>();
    intent.components.push_back({*it, base::WeightSplit(target.weight), flags, target.name_target, target.bridge});
  }
  return intent;
}

std::optional<std::string> RestorePoint(const Migration& migration, const model::RouteRef& route, const model::RouteState& state) {
  if (!route.manifest.empty() && !state.mark.empty() && state.made_for == migration.meta.key.name) return state.mark;
  const auto saved = std::ranges::find(migration.status.routes, route.name, &model::SavedRoute::name);
  return saved == migration.status.routes.end() ? std::nullopt : std::optional(saved->saved);
}

kube::CallOptions Executor::Writing() const {
  kube::CallOptions options;
  options.deadline = kWriteDeadline;
  options.field_manager = kFieldManager;
  options.may_send = [&fence = parts_.fence] { return fence.MayWrite(); };
  return options;
}

base::Status Executor::Commit(const Migration& migration, const model::Status& next) const {
  kube::CallOptions options = Writing();
  options.subresource = "status";
  std::string version = migration.meta.resource_version;
  const kube::ObjectKey& key = migration.meta.key;
  json patch = {{"metadata", {{"uid", migration.meta.uid}}}};
  patch["status"] = WithRemovals(model::ToJson(migration.status), model::ToJson(next));
  for (int attempt = 1;; ++attempt) {
    patch["metadata"]["resourceVersion"] = version;
    const auto written = parts_.client.Patch(kube::kSoftMigrations, key, kube::PatchType::kMerge, patch, options);
    if (written) {
      parts_.migration_versions.Wrote(key, migration.meta.uid, kube::ParseMeta(*written).resource_version);
      parts_.cache.migrations().Learn(*written);
      return {};
    }
    if (written.error().code != ErrorCode::kConflict || attempt == kTries) return base::Fail(written.error().Wrap("record status"));
    const auto live = parts_.client.Get(kube::kSoftMigrations, key);
    if (!live) return base::Fail(live.error().Wrap("read again before recording status"));
    const Migration current = ProjectMigration(*live);
    if (!SameBasis(migration, current)) return base::Fail(written.error().Wrap("record status"));
    version = current.meta.resource_version;
  }
}

base::Result<Written> Executor::Do(const Migration& migration, const decide::Action& action, const std::string& manager) const {
  struct Visitor {
    const Executor& executor;
    const Migration& migration;
    const std::string& manager;
    base::Result<Written> operator()(const decide::AddFinalizer&) const { return executor.SetFinalizer(migration, true); }
    base::Result<Written> operator()(const decide::RemoveFinalizer&) const { return executor.SetFinalizer(migration, false); }
    base::Result<Written> operator()(const decide::ApplyTraffic& apply) const { return executor.Apply(migration, apply, manager); }
    base::Result<Written> operator()(const decide::RestoreRoute& restore) const { return executor.Restore(migration, restore); }
    base::Result<Written> operator()(const decide::CreateRoute& create) const { return executor.Create(migration, create, manager); }
    base::Result<Written> operator()(const decide::ApplyTemplate& apply) const { return executor.Remake(migration, apply); }
  };
  return std::visit(Visitor{*this, migration, manager}, action);
}

base::Result<Written> Executor::SetFinalizer(const Migration& migration, bool present) const {
  std::vector<std::string> finalizers = migration.meta.finalizers;
  std::erase(finalizers, kFinalizer);
  if (present) finalizers.emplace_back(kFinalizer);
  const json patch = {
      {"metadata", {{"resourceVersion", migration.meta.resource_version}, {"uid", migration.meta.uid}, {"finalizers", finalizers}}}};
  const auto written = parts_.client.Patch(kube::kSoftMigrations, migration.meta.key, kube::PatchType::kMerge, patch, Writing());
  if (!written) return base::Fail(written.error().Wrap(present ? "add finalizer" : "remove finalizer"));
  parts_.migration_versions.Wrote(migration.meta.key, migration.meta.uid, kube::ParseMeta(*written).resource_version);
  parts_.cache.migrations().Learn(*written);
  return Written::kSomething;
}

base::Result<Written> Executor::Apply(const Migration& migration, const decide::ApplyTraffic& apply, const std::string& manager) const {
  const model::RouteRef& route = RouteOf(*migration.spec, apply.route);
  const routers::TrafficIntent intent = ToIntent(migration, apply);
  const auto done = PatchRoute({migration, route, manager}, [&](const json& object) { return parts_.router.Render(intent, object); });
  if (!done) return base::Fail(done.error().Wrap(fmt::format("set weights on route {}", route.object)));
  return *done;
}

base::Result<Written> Executor::Restore(const Migration& migration, const decide::RestoreRoute& restore) const {
  const model::RouteRef& route = RouteOf(*migration.spec, restore.route);
  const std::string manager = kFieldManager;
  const auto done = PatchRoute({migration, route, manager}, [&](const json& object) -> base::Result<routers::ObjectPatch> {
    const auto saved = RestorePoint(migration, route, parts_.router.Observe(object, *migration.spec, route));
    if (!saved) return routers::ObjectPatch();
    return parts_.router.Restore(*saved, object);
  });
  if (!done) return base::Fail(done.error().Wrap(fmt::format("put route {} back", route.object)));
  return *done;
}

base::Result<Written> Executor::Create(const Migration& migration, const decide::CreateRoute& create, const std::string& manager) const {
  const model::RouteRef& route = RouteOf(*migration.spec, create.route);
  const kube::ObjectKey key{migration.meta.key.ns, route.object};
  const std::string doing = fmt::format("create route {}", key.name);
  const auto made = parts_.router.Make(ToIntent(migration, {create.route, create.components}), *migration.spec, route, key.ns);
  if (!made) return base::Fail(made.error().Wrap(doing));
  kube::CallOptions options = Writing();
  options.field_manager = manager;
  // A route that somebody made meanwhile is refused as a conflict, and seen once the watch brings it.
  const auto written = parts_.client.Create(parts_.cache.RowOf(route).type, *made, options);
  if (!written) return base::Fail(written.error().Wrap(doing));
  const kube::ObjectMeta meta = kube::ParseMeta(*written);
  parts_.route_versions.Wrote(RouteKey(key.ns, route), meta.uid, meta.resource_version);
  return Written::kSomething;
}

base::Result<Written> Executor::Remake(const Migration& migration, const decide::ApplyTemplate& apply) const {
  const model::RouteRef& route = RouteOf(*migration.spec, apply.route);
  const routers::TrafficIntent intent = ToIntent(migration, {apply.route, apply.components});
  const std::string manager = kFieldManager;
  const auto done = PatchRoute({migration, route, manager}, [&](const json& object) -> base::Result<routers::ObjectPatch> {
    // Made anew by somebody since: not ours to write over.
    if (parts_.router.Observe(object, *migration.spec, route).made_for != migration.meta.key.name) return routers::ObjectPatch();
    return parts_.router.Remake(intent, *migration.spec, route, object);
  });
  if (!done) return base::Fail(done.error().Wrap(fmt::format("write the template to route {}", route.object)));
  return *done;
}

base::Result<Written> Executor::PatchRoute(const RouteWrite& write,
                                           const std::function<base::Result<routers::ObjectPatch>(const json&)>& render) const {
  const kube::ObjectKey key{write.migration.meta.key.ns, write.route.object};
  auto route = parts_.cache.StoreOf(write.route).Get(key);
  if (!route) return base::Fail(ErrorCode::kNotFound, "the route is gone");
  const routers::RouteKindRow& row = parts_.cache.RowOf(write.route);
  kube::CallOptions options = Writing();
  options.field_manager = write.manager;
  for (int attempt = 1;; ++attempt) {
    const bool is_service = write.route.kind == model::RouteKind::kService;
    const auto patch =
        is_service ? render(WithSides(route->object, SidesOf(parts_.cache, write.migration, write.route))) : render(route->object);
    if (!patch) return base::Fail(patch.error());
    if (patch->empty()) return Written::kNothing;
    const auto form = patch->form == routers::ObjectPatch::Form::kMerge ? kube::PatchType::kMerge : kube::PatchType::kJson;
    const auto written = parts_.client.Patch(row.type, key, form, json::parse(patch->json), options);
    if (written) {
      parts_.route_versions.Wrote(RouteKey(key.ns, write.route), route->meta.uid, kube::ParseMeta(*written).resource_version);
      parts_.cache.StoreOf(write.route).Learn(*written);
      return Written::kSomething;
    }
    if (!IsConflict(written.error()) || attempt == kTries) return base::Fail(written.error());
    auto live = parts_.client.Get(row.type, key);
    if (!live) return base::Fail(live.error());
    route = std::make_shared<const RouteObject>(ProjectRoute(row, *live));
  }
}

}  // namespace softmig::reconcile
