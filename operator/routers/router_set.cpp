#include "routers/router_set.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "routers/route_kinds.hpp"

namespace softmig::routers {
namespace {

base::Error NoRoute(const nlohmann::json& object) {
  const std::string name = Cut(TextMember(Member(&object, "metadata"), "name"), 253);
  return {base::ErrorCode::kInvalid, "object \"" + name + "\" says no kind", std::nullopt, std::nullopt};
}

}  // namespace

RouterSet::RouterSet() {
  for (const RouteKindRow& row : RouteKinds()) routers_[row.kind] = row.make();
  routers_[model::RouteKind::kCustom] = CustomRow({}).make();
}

const TrafficRouter& RouterSet::For(const model::RouteRef& route) const { return *routers_.at(route.kind); }

const TrafficRouter* RouterSet::For(const nlohmann::json& object) const {
  if (TextMember(&object, "kind").empty()) return nullptr;
  const auto row = std::ranges::find(RouteKinds(), TextMember(&object, "kind"), [](const RouteKindRow& each) { return each.type.kind; });
  return routers_.at(row == RouteKinds().end() ? model::RouteKind::kCustom : row->kind).get();
}

Capabilities RouterSet::capabilities(const model::RouteRef& route) const { return For(route).capabilities(route); }

model::RouteState RouterSet::Observe(const nlohmann::json& object, const model::Spec& spec, const model::RouteRef& route) const {
  return For(route).Observe(object, spec, route);
}

base::Result<std::string> RouterSet::Save(const nlohmann::json& object, const model::Spec& spec, const model::RouteRef& route) const {
  return For(route).Save(object, spec, route);
}

base::Result<ObjectPatch> RouterSet::Render(const TrafficIntent& intent, const nlohmann::json& object) const {
  const TrafficRouter* router = For(object);
  if (router == nullptr) return base::Fail(NoRoute(object));
  return router->Render(intent, object);
}

base::Result<nlohmann::json> RouterSet::Make(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                             const std::string& ns) const {
  return For(route).Make(intent, spec, route, ns);
}

base::Result<ObjectPatch> RouterSet::Remake(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route,
                                            const nlohmann::json& object) const {
  return For(route).Remake(intent, spec, route, object);
}

base::Result<ObjectPatch> RouterSet::Restore(const std::string& saved, const nlohmann::json& object) const {
  const TrafficRouter* router = For(object);
  if (router == nullptr) return base::Fail(NoRoute(object));
  return router->Restore(saved, object);
}

}  // namespace softmig::routers
