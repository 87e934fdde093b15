#include "reconcile/bridge_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/assert.hpp"
#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"
#include "reconcile/executor.hpp"
#include "routers/bridge/bridge_files.hpp"
#include "routers/bridge/bridge_router.hpp"

namespace softmig::reconcile {
namespace {

using base::ErrorCode;
using kube::Child;
using kube::StringField;
using nlohmann::json;

constexpr base::Millis kWriteDeadline{5'000};
/// Another name than that of weights: who wrote `rds.json` last means something.
constexpr const char* kBridgeManager = "softmigration-bridge";
constexpr const char* kRoutesFile = "rds.json";

/// What stands beside the ConfigMap, as it goes: first where users enter.
const std::array<kube::ResourceType, 6>& TypesBeside() {
  static const std::array<kube::ResourceType, 6> kTypes{kube::kServices,     kube::kDeployments, kube::kPodDisruptionBudgets,
                                                        kube::kRoleBindings, kube::kRoles,       kube::kServiceAccounts};
  return kTypes;
}

const kube::ResourceType& TypeOf(const json& object) {
  const auto* const type = std::ranges::find(TypesBeside(), StringField(object, "kind"), &kube::ResourceType::kind);
  SM_ASSERT(type != TypesBeside().end());
  return *type;
}

/// What the live ConfigMap has not, or has otherwise.
json Missing(const std::map<std::string, std::string>& files, const json& data) {
  json missing = json::object();
  for (const auto& [name, text] : files) {
    if (StringField(data, name.c_str()) != text) missing[name] = text;
  }
  return missing;
}

std::string HashIn(const json& config_map) {
  return StringField(Child(Child(config_map, "metadata"), "annotations"), std::string(routers::kBridgeAnnotation).c_str());
}

/// Nobody has steered it for this migration: what it holds are the routes of a spec that may be another one by now.
bool IsUnsteered(const Migration& migration, const json& config_map) {
  const std::string routes = StringField(Child(config_map, "data"), kRoutesFile);
  return migration.status.routes.empty() && !migration.meta.deleting && !routers::SendsToTarget(routes);
}

/// Users are steered by it until the routes are given back.
bool IsAdopted(const Migration& migration, const std::string& uid) {
  return std::ranges::find(migration.status.routes, uid, &model::SavedRoute::uid) != migration.status.routes.end();
}

json PatchTo(const RouteObject& live, const std::string& hash, const json& missing) {
  const json annotation{{routers::kBridgeAnnotation, hash}};
  json patch{{"metadata", {{"uid", live.meta.uid}, {"annotations", annotation}}}, {"data", missing}};
  // Whoever has begun to steer meanwhile was right.
  if (missing.contains(kRoutesFile)) patch["metadata"]["resourceVersion"] = live.meta.resource_version;
  return patch;
}

base::Error NotOurs(const std::string& kind, const kube::ObjectKey& key) {
  return {ErrorCode::kConflict, fmt::format("{} {} is there already and is not this migration's", kind, key.ToString()), std::nullopt,
          std::nullopt};
}

}  // namespace

const model::RouteRef* BridgeOf(const Migration& migration) {
  const model::Spec& spec = *migration.spec;
  const auto bridge = std::ranges::find(spec.routes, model::RouteKind::kBridge, &model::RouteRef::kind);
  if (bridge == spec.routes.end() || (bridge->has_entrance && IsAtRest(migration, kFinalizer))) return nullptr;
  return &*bridge;
}

kube::CallOptions BridgeKeeper::Writing() const {
  kube::CallOptions options;
  options.deadline = kWriteDeadline;
  options.field_manager = kBridgeManager;
  options.may_send = [&fence = parts_.fence] { return fence.MayWrite(); };
  return options;
}

std::string BridgeKeeper::WaitsFor(const Migration& migration, const model::RouteRef& bridge) const {
  const std::string& ns = migration.meta.key.ns;
  const model::Side& legacy = migration.spec->legacy;
  const bool are_users_there = migration.status.current_weight == 0;
  if (migration.meta.deleting || !are_users_there) return {};
  if (parts_.cache.StoreOf(model::RouteKind::kBridge).Get({ns, bridge.object})) return {};
  if (!parts_.cache.Endpoints({ns, legacy.service}, legacy.port).empty()) return {};
  return fmt::format("bridge {} is made as soon as port {} of Service {} has a ready endpoint: all users would be sent there",
                     bridge.object, legacy.port, legacy.service);
}

base::Status BridgeKeeper::Keep(const Migration& migration, const model::RouteRef& bridge) const {
  const kube::ObjectKey key{migration.meta.key.ns, bridge.object};
  const auto live = parts_.cache.StoreOf(model::RouteKind::kBridge).Get(key);
  if (live && !routers::BelongsTo(live->object, migration.meta.uid)) return base::Fail(NotOurs("ConfigMap", key));
  const model::Spec& spec = *migration.spec;
  const routers::BridgeOwner owner{key.ns, migration.meta.key.name, migration.meta.uid};
  const std::vector<json> objects = routers::BridgeObjects(owner, bridge, parts_.images);
  const std::string hash = routers::HashOfBridge(objects);
  const auto legacy = parts_.cache.Endpoints({key.ns, spec.legacy.service}, spec.legacy.port);
  const auto target = parts_.cache.Endpoints({key.ns, spec.target.service}, spec.target.port);
  auto files = routers::BridgeFiles({spec, bridge, migration.compare, legacy, target});
  // While it goes, a bridge is told of its endpoints, but nothing is made anew: nobody would be there to own it.
  const bool is_whole = migration.meta.deleting || (live && HashIn(live->object) == hash);
  if (is_whole && !live) return {};
  if (!live || IsUnsteered(migration, live->object)) files[kRoutesFile] = routers::FirstRoutes(spec, bridge);
  const json missing = live ? Missing(files, Child(live->object, "data")) : json();
  if (is_whole && missing.empty()) return {};
  if (!is_whole) {
    if (auto applied = ApplyAll(owner, objects); !applied) return applied;
  }
  if (!live) return Make(key, routers::BridgeConfigMap(owner, bridge, files, objects));
  return Update(key, bridge, *live, PatchTo(*live, hash, missing));
}

base::Result<std::optional<json>> BridgeKeeper::Find(const routers::BridgeOwner& owner, const kube::ResourceType& type,
                                                     const std::string& name) const {
  const kube::ObjectKey key{owner.ns, name};
  auto live = parts_.client.Get(type, key);
  if (!live && live.error().code == ErrorCode::kNotFound) return std::optional<json>();
  if (!live) return base::Fail(live.error().Wrap(fmt::format("read {} of the bridge", type.kind)));
  if (!routers::BelongsTo(*live, owner.uid)) return base::Fail(NotOurs(type.kind, key));
  return std::optional(std::move(*live));
}

/// Nothing is made before all names are known to be free: what is left of half a bridge nobody would find.
base::Status BridgeKeeper::ApplyAll(const routers::BridgeOwner& owner, const std::vector<json>& objects) const {
  std::vector<bool> is_new;
  for (const json& object : objects) {
    const auto found = Find(owner, TypeOf(object), StringField(Child(object, "metadata"), "name"));
    if (!found) return base::Fail(found.error());
    is_new.push_back(!found->has_value());
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const kube::ResourceType& type = TypeOf(objects[i]);
    const kube::ObjectKey key{owner.ns, StringField(Child(objects[i], "metadata"), "name")};
    kube::CallOptions options = Writing();
    options.force = !is_new[i];  // what is new is nobody's: whoever was quicker keeps it
    const auto applied = parts_.client.Patch(type, key, kube::PatchType::kApply, objects[i], options);
    if (!applied) return base::Fail(applied.error().Wrap(fmt::format("apply {} of the bridge", type.kind)));
  }
  return {};
}

base::Result<std::vector<std::string>> BridgeKeeper::RemoveOthers(const Migration& migration) const {
  std::vector<std::string> gone;
  if (migration.meta.deleting) return gone;
  const model::RouteRef* kept = BridgeOf(migration);
  const bool all_go = kept == nullptr && IsAtRest(migration, kFinalizer);
  const routers::BridgeOwner owner{migration.meta.key.ns, migration.meta.key.name, migration.meta.uid};
  for (const kube::ObjectKey& key : parts_.cache.BridgesOf(migration.meta.key)) {
    const auto live = parts_.cache.StoreOf(model::RouteKind::kBridge).Get(key);
    if (!live || !routers::BelongsTo(live->object, owner.uid)) continue;
    if ((kept != nullptr && kept->object == key.name) || (!all_go && IsAdopted(migration, live->meta.uid))) continue;
    if (const std::string route = parts_.cache.RouteTo(key); !route.empty()) {
      return base::Fail(ErrorCode::kConflict, fmt::format("{} still leads to bridge {}, which stays until no route does", route, key.name));
    }
    if (auto removed = Remove(owner, *live); !removed) return base::Fail(removed.error());
    gone.push_back(key.name);
  }
  return gone;
}

/// The ConfigMap goes last, since by it the others are found. It is marked first: whoever wants the same bridge again, while half of it is
/// gone, sees that it is not whole.
base::Status BridgeKeeper::Remove(const routers::BridgeOwner& owner, const RouteObject& config_map) const {
  const std::string& name = config_map.meta.key.name;
  if (!HashIn(config_map.object).empty()) {
    const json mark{{"metadata", {{"uid", config_map.meta.uid}, {"annotations", {{routers::kBridgeAnnotation, ""}}}}}};
    const auto marked = parts_.client.Patch(kube::kConfigMaps, config_map.meta.key, kube::PatchType::kMerge, mark, Writing());
    if (!marked && marked.error().code == ErrorCode::kNotFound) return {};
    if (!marked) return base::Fail(marked.error().Wrap("mark the bridge's ConfigMap"));
    parts_.cache.StoreOf(model::RouteKind::kBridge).Learn(*marked);
  }
  for (const kube::ResourceType& type : TypesBeside()) {
    if (auto done = Delete(owner, type, name); !done) return done;
  }
  return Delete(owner, kube::kConfigMaps, name);
}

base::Status BridgeKeeper::Delete(const routers::BridgeOwner& owner, const kube::ResourceType& type, const std::string& name) const {
  const auto live = Find(owner, type, name);
  const bool is_somebody_elses = !live && live.error().code == ErrorCode::kConflict;
  if (is_somebody_elses || (live && !live->has_value())) return {};
  if (!live) return base::Fail(live.error());
  kube::CallOptions options = Writing();
  options.field_manager.clear();
  options.uid = kube::ParseMeta(**live).uid;
  const auto done = parts_.client.Delete(type, {owner.ns, name}, options);
  if (done || done.error().code == ErrorCode::kNotFound || done.error().code == ErrorCode::kConflict) return {};
  return base::Fail(done.error().Wrap(fmt::format("delete {} of the bridge", type.kind)));
}

base::Status BridgeKeeper::Make(const kube::ObjectKey& key, const json& config_map) const {
  const auto made = parts_.client.Create(kube::kConfigMaps, config_map, Writing());
  if (made) return {};
  if (made.error().code != ErrorCode::kConflict) return base::Fail(made.error().Wrap("make the bridge's ConfigMap"));
  // Our own, which the watch has not brought yet, or a stranger's.
  const auto live = parts_.client.Get(kube::kConfigMaps, key);
  if (!live) return base::Fail(live.error().Wrap("read the bridge's ConfigMap"));
  const std::string uid = StringField(Child(Child(config_map, "metadata"), "ownerReferences").at(0), "uid");
  if (!routers::BelongsTo(*live, uid)) return base::Fail(NotOurs("ConfigMap", key));
  return {};
}

base::Status BridgeKeeper::Update(const kube::ObjectKey& key, const model::RouteRef& bridge, const RouteObject& live,
                                  const json& patch) const {
  const auto written = parts_.client.Patch(kube::kConfigMaps, key, kube::PatchType::kMerge, patch, Writing());
  if (!written) return base::Fail(written.error().Wrap("write the bridge's ConfigMap"));
  parts_.route_versions.Wrote(RouteKey(key.ns, bridge), live.meta.uid, kube::ParseMeta(*written).resource_version);
  parts_.cache.StoreOf(model::RouteKind::kBridge).Learn(*written);
  return {};
}

}  // namespace softmig::reconcile
