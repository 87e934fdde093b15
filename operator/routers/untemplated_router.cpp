#include "routers/untemplated_router.hpp"

#include <nlohmann/json.hpp>

#include "model/kind_traits.hpp"

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

}  // namespace softmig::routers
