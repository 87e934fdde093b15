#include "reconcile/cache.hpp"

#include <algorithm>
#include <set>

#include "routers/bridge/bridge_objects.hpp"

namespace softmig::reconcile {

using kube::ObjectKey;

void ReferenceIndex::Set(const ObjectKey& owner, std::vector<ObjectKey> references) {
  const std::scoped_lock lock(mutex_);
  if (const auto it = references_.find(owner); it != references_.end()) {
    if (it->second == references) return;
    for (const ObjectKey& old : it->second) {
      const auto entry = owners_.find(old);
      entry->second.erase(owner);
      if (entry->second.empty()) owners_.erase(entry);
    }
    references_.erase(it);
  }
  if (references.empty()) return;
  for (const ObjectKey& reference : references) owners_[reference].insert(owner);
  references_[owner] = std::move(references);
}

std::vector<ObjectKey> ReferenceIndex::OwnersOf(const ObjectKey& reference) const {
  const std::scoped_lock lock(mutex_);
  const auto it = owners_.find(reference);
  if (it == owners_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

namespace {

std::vector<routers::RouteKindRow> Rows(const Cache::Kinds& kinds, std::vector<routers::RouteKindRow> custom) {
  std::vector<routers::RouteKindRow> rows = std::move(custom);
  for (const routers::RouteKindRow& row : routers::RouteKinds()) {
    if (kinds.contains(row.kind)) rows.push_back(row);
  }
  return rows;
}

}  // namespace

ObjectKey RouteKey(const std::string& ns, const model::RouteRef& route) { return {ns, model::ObjectId(route)}; }

Cache::Cache(std::function<void(const ObjectKey&)> wake, Kinds watched, std::vector<routers::RouteKindRow> custom)
    : wake_(std::move(wake)),
      watched_(Rows(watched, std::move(custom))),
      migrations_([this](const nlohmann::json& object) { return KeepSpec(ProjectMigration(object)); },
                  [this](const auto& key, const auto& before, const auto& after) { OnMigration(key, before, after); }),
      services_(ProjectService, [this](const auto& key, const auto&, const auto&) { WakeAll(by_service_.OwnersOf(key)); }),
      slices_(watched.contains(model::RouteKind::kBridge) ? ProjectWholeSlice : ProjectSlice,
              [this](const auto& key, const auto& before, const auto& after) { OnSlice(key, before, after); }) {
  for (const routers::RouteKindRow& row : routers::RouteKinds()) AddStore(row);
  for (const routers::RouteKindRow& row : watched_) {
    if (row.kind == model::RouteKind::kCustom) AddStore(row);
  }
  AddStore({});  // for custom kinds that nobody watches
}

void Cache::AddStore(const routers::RouteKindRow& row) {
  const std::string id = row.make == nullptr ? std::string() : routers::IdOf(row);
  routes_[id] =
      std::make_unique<kube::Store<RouteObject>>([row](const nlohmann::json& object) { return ProjectRoute(row, object); },
                                                 [this, id, kind = row.kind](const auto& key, const auto& before, const auto& after) {
                                                   WakeAll(by_route_.OwnersOf({key.ns, id + "/" + key.name}));
                                                   if (kind == model::RouteKind::kBridge) OnBridge(key, before, after);
                                                 });
}

kube::Store<RouteObject>& Cache::FindStore(const std::string& kind_id) const {
  const auto found = routes_.find(kind_id);
  return *(found == routes_.end() ? routes_.at("") : found->second);
}

bool Cache::Watches(const model::RouteRef& route) const { return std::ranges::count(watched_, model::KindId(route), routers::IdOf) > 0; }

const routers::RouteKindRow& Cache::RowOf(const model::RouteRef& route) const {
  const auto row = std::ranges::find(watched_, model::KindId(route), routers::IdOf);
  return row == watched_.end() ? routers::RowOf(route.kind) : *row;
}

/// A change of status leaves the spec the same object: what was worked out for it stays valid.
Migration Cache::KeepSpec(Migration fresh) const {
  const auto known = migrations_.Get(fresh.meta.key);
  if (known && known->spec && fresh.spec && *known->spec == *fresh.spec) fresh.spec = known->spec;
  return fresh;
}

bool Cache::synced() const {
  return migrations_.synced() && services_.synced() && slices_.synced() &&
         std::ranges::all_of(watched_, [this](const routers::RouteKindRow& row) { return FindStore(routers::IdOf(row)).synced(); });
}

int Cache::ReadyEndpoints(const ObjectKey& service) const {
  int ready = 0;
  for (const ObjectKey& key : slices_by_service_.OwnersOf(service)) {
    if (const auto slice = slices_.Get(key)) ready += slice->ready;
  }
  return ready;
}

std::vector<std::string> Cache::Addresses(const ObjectKey& service) const {
  std::set<std::string> addresses;
  for (const ObjectKey& key : slices_by_service_.OwnersOf(service)) {
    if (const auto slice = slices_.Get(key)) addresses.insert(slice->addresses.begin(), slice->addresses.end());
  }
  return {addresses.begin(), addresses.end()};
}

std::vector<routers::BridgeEndpoint> Cache::Endpoints(const ObjectKey& service, int port) const {
  const auto view = services_.Get(service);
  if (!view) return {};
  const auto named = view->ports.find(port);
  if (named == view->ports.end()) return {};
  std::set<routers::BridgeEndpoint> endpoints;
  for (const ObjectKey& key : slices_by_service_.OwnersOf(service)) {
    const auto slice = slices_.Get(key);
    if (!slice) continue;
    const auto number = slice->ports.find(named->second);
    if (number == slice->ports.end()) continue;
    for (const std::string& address : slice->addresses) endpoints.insert({address, number->second});
  }
  return {endpoints.begin(), endpoints.end()};
}

std::vector<ObjectKey> Cache::BridgesOf(const ObjectKey& migration) const { return bridges_by_owner_.OwnersOf(migration); }

std::string Cache::RouteTo(const ObjectKey& service) const {
  std::set<std::string> found;
  for (const routers::RouteKindRow& row : watched_) {
    const auto& store = FindStore(routers::IdOf(row));
    for (const ObjectKey& key : store.Keys()) {
      const auto route = store.Get(key);
      if (route && routers::MayLeadTo(route->object, service)) found.insert(row.type.kind + " " + key.ToString());
    }
  }
  return found.empty() ? std::string() : *found.begin();
}

std::vector<ObjectKey> Cache::MigrationsOnRoute(const std::string& ns, const model::RouteRef& route) const {
  return by_route_.OwnersOf(RouteKey(ns, route));
}

void Cache::OnMigration(const ObjectKey& key, const kube::Store<Migration>::Ptr&, const kube::Store<Migration>::Ptr& after) {
  std::vector<ObjectKey> routes;
  std::vector<ObjectKey> services;
  if (after && after->spec) {
    services = {{key.ns, after->spec->legacy.service}, {key.ns, after->spec->target.service}};
    for (const model::RouteRef& route : after->spec->routes) {
      routes.push_back(RouteKey(key.ns, route));
      if (route.kind == model::RouteKind::kBridge) services.push_back({key.ns, route.object});
    }
  }
  // Neighbours on the same route look again: their claims may have changed.
  std::vector<ObjectKey> neighbours;
  for (const ObjectKey& route : routes) {
    for (ObjectKey& other : by_route_.OwnersOf(route)) {
      if (other != key) neighbours.push_back(std::move(other));
    }
  }
  by_route_.Set(key, std::move(routes));
  by_service_.Set(key, std::move(services));
  wake_(key);
  WakeAll(neighbours);
}

void Cache::OnSlice(const ObjectKey& key, const kube::Store<SliceView>::Ptr& before, const kube::Store<SliceView>::Ptr& after) {
  const bool known = after && !after->service.empty();
  slices_by_service_.Set(key, known ? std::vector<ObjectKey>{{key.ns, after->service}} : std::vector<ObjectKey>{});
  if (before && !before->service.empty()) WakeAll(by_service_.OwnersOf({key.ns, before->service}));
  if (known) WakeAll(by_service_.OwnersOf({key.ns, after->service}));
}

/// Migrations that have the bridge in their spec are woken as those of any route.
void Cache::OnBridge(const ObjectKey& key, const kube::Store<RouteObject>::Ptr& before, const kube::Store<RouteObject>::Ptr& after) {
  std::vector<ObjectKey> owners;
  for (std::string& name : after ? routers::MigrationsOwning(after->object) : std::vector<std::string>()) {
    owners.push_back({key.ns, std::move(name)});
  }
  bridges_by_owner_.Set(key, owners);
  if (!before) WakeAll(owners);
}

void Cache::WakeAll(const std::vector<ObjectKey>& keys) const {
  for (const ObjectKey& key : keys) wake_(key);
}

std::vector<kube::ObjectKey> KeysInTakeOverOrder(const Cache& cache) {
  const auto place = [](const model::Status& status) {
    if (status.phase == model::Phase::kRollingBack) return 0;
    return status.current_weight > 0 && status.phase != model::Phase::kComplete ? 1 : 2;
  };
  std::vector<std::pair<int, kube::ObjectKey>> ordered;
  for (const kube::ObjectKey& key : cache.migrations().Keys()) {
    if (const auto migration = cache.migrations().Get(key)) ordered.emplace_back(place(migration->status), key);
  }
  std::ranges::sort(ordered);
  std::vector<kube::ObjectKey> keys;
  for (auto& [at, key] : ordered) keys.push_back(std::move(key));
  return keys;
}

}  // namespace softmig::reconcile
