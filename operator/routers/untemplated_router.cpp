#include "routers/untemplated_router.hpp"

#include <nlohmann/json.hpp>

#include "model/kind_traits.hpp"
#include "routers/gatewayapi/route_rules.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers {

base::Result<nlohmann::json> UntemplatedRouter::Make(const TrafficIntent& /*intent*/, const model::Spec& /*spec*/,
                                                     const model::RouteRef& route, const std::string& /*ns*/) const {
  const std::string what(model::TraitsOf(route.kind).a_kind);
  return base::Fail(base::ErrorCode::kInvalid, "route " + route.name + " is " + what + ": there is no template to make it from");
}

base::Result<ObjectPatch> UntemplatedRouter::Remake(const TrafficIntent& /*intent*/, const model::Spec& /*spec*/,
                                                    const model::RouteRef& /*route*/, const nlohmann::json& /*object*/) const {
  return ObjectPatch{};
}

void SetForAll(const model::ComponentTraffic& traffic, const model::Spec& spec, const model::RouteRef& route, model::RouteState& state) {
  for (const model::ComponentSpec& component : spec.components) {
    if (!HasRulesOn(component, route.name)) continue;
    state.components.push_back(traffic);
    state.components.back().component = component.name;
  }
}

base::Result<std::string> SavedText(const nlohmann::json& saved, const std::string& what, const model::RouteRef& route) {
  std::string text = saved.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMaxSaved) return base::Fail(base::ErrorCode::kInvalid, what + " of route " + route.name + " is too long");
  return text;
}

}  // namespace softmig::routers
