#include "routers/router_set.hpp"

#include <nlohmann/json.hpp>

#include "kube/core/known_types.hpp"
#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {

const TrafficRouter& RouterSet::For(const model::RouteRef& route) const {
  return route.kind == model::RouteKind::kBridge ? bridges_ : http_routes_;
}

const TrafficRouter& RouterSet::For(const nlohmann::json& object) const {
  return TextMember(&object, "kind") == kube::kConfigMaps.kind ? bridges_ : http_routes_;
}

Capabilities RouterSet::capabilities() const {
  const Capabilities one = http_routes_.capabilities();
  const Capabilities other = bridges_.capabilities();
  return {.header_flags = one.header_flags && other.header_flags, .reports_acceptance = one.reports_acceptance && other.reports_acceptance};
}

model::RouteState RouterSet::Observe(const nlohmann::json& object, const model::Spec& spec, const model::RouteRef& route) const {
  return For(route).Observe(object, spec, route);
}

base::Result<std::string> RouterSet::Save(const nlohmann::json& object, const model::Spec& spec, const model::RouteRef& route) const {
  return For(route).Save(object, spec, route);
}

base::Result<ObjectPatch> RouterSet::Render(const TrafficIntent& intent, const nlohmann::json& object) const {
  return For(object).Render(intent, object);
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
  return For(object).Restore(saved, object);
}

}  // namespace softmig::routers
