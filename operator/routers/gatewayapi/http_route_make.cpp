#include <nlohmann/json.hpp>

#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers {

using nlohmann::json;

base::Result<json> HttpRouteRouter::Make(const TrafficIntent& intent, const model::RouteRef& route, const std::string& ns) const {
  json object = json::parse(route.manifest, nullptr, false);
  if (!object.is_object() || !object["metadata"].is_object()) {
    return base::Fail(base::ErrorCode::kInvalid, "the template of route " + route.name + " is no object");
  }
  object["apiVersion"] = "gateway.networking.k8s.io/v1";
  object["kind"] = "HTTPRoute";
  object["metadata"]["name"] = route.object;
  object["metadata"]["namespace"] = ns;
  // Patches are guarded by a uid, which only the API server gives.
  object["metadata"]["uid"] = "not yet";
  // A template without the rules to steer is made as it stands: users come in by it, and pre-flight says what is missing.
  const auto patch = Render(intent, object);
  try {
    if (patch && !patch->empty()) object.patch_inplace(json::parse(patch->json));
  } catch (const json::exception& error) {
    return base::Fail(base::ErrorCode::kInternal, std::string("a patch does not fit what it was made for: ") + error.what());
  }
  object["metadata"].erase("uid");
  return object;
}

}  // namespace softmig::routers
