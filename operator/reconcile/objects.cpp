#include "reconcile/objects.hpp"

#include "compare/whole_spec.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::reconcile {
namespace {

using nlohmann::json;

const json& At(const json& object, const char* name) {
  static const json kNothing;
  const auto it = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && it != object.end() ? *it : kNothing;
}

/// managedFields without the field trees but for the one question that routers ask: who owns spec.rules.
json TrimManagers(const json& managers) {
  json trimmed = json::array();
  if (!managers.is_array()) return trimmed;
  for (const json& entry : managers) {
    if (!At(At(At(entry, "fieldsV1"), "f:spec"), "f:rules").is_object()) continue;
    trimmed.push_back({{"manager", At(entry, "manager")},
                       {"operation", At(entry, "operation")},
                       {"time", At(entry, "time")},
                       {"fieldsV1", {{"f:spec", {{"f:rules", json::object()}}}}}});
  }
  return trimmed;
}

bool IsReady(const json& endpoint) {
  const json& conditions = At(endpoint, "conditions");
  const json& ready = At(conditions, "ready");
  // An absent condition counts as ready, as the API's documentation asks of readers.
  return !ready.is_boolean() || ready.get<bool>();
}

}  // namespace

Migration ProjectMigration(const json& object) {
  Migration migration;
  migration.meta = kube::ParseMeta(object);
  model::ParsedSpec parsed = compare::ParseWholeSpec(At(object, "spec"));
  migration.errors = std::move(parsed.errors);
  if (migration.errors.empty()) migration.spec = std::make_shared<const model::Spec>(std::move(parsed.spec));
  migration.status = model::ParseStatus(At(object, "status"));
  return migration;
}

RouteObject ProjectRoute(const json& object) {
  RouteObject route;
  route.meta = kube::ParseMeta(object);
  const json& meta = At(object, "metadata");
  route.object = {{"metadata",
                   {{"name", At(meta, "name")},
                    {"namespace", At(meta, "namespace")},
                    {"uid", At(meta, "uid")},
                    {"resourceVersion", At(meta, "resourceVersion")},
                    {"generation", At(meta, "generation")},
                    {"managedFields", TrimManagers(At(meta, "managedFields"))}}},
                  {"spec", At(object, "spec")},
                  {"status", At(object, "status")}};
  const json& mark = At(At(meta, "annotations"), routers::kTemplateMark);
  if (mark.is_string()) route.object["metadata"]["annotations"] = {{routers::kTemplateMark, mark}};
  return route;
}

ServiceView ProjectService(const json& object) {
  ServiceView view;
  for (const json& port : At(At(object, "spec"), "ports")) {
    const json& number = At(port, "port");
    if (number.is_number_integer()) view.ports.push_back(number.get<int>());
  }
  return view;
}

SliceView ProjectSlice(const json& object) {
  SliceView view;
  const json& service = At(At(At(object, "metadata"), "labels"), "kubernetes.io/service-name");
  if (service.is_string()) view.service = service.get<std::string>();
  for (const json& endpoint : At(object, "endpoints")) view.ready += IsReady(endpoint) ? 1 : 0;
  return view;
}

}  // namespace softmig::reconcile
