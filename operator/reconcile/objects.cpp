#include "reconcile/objects.hpp"

#include "compare/whole_spec.hpp"
#include "kube/core/json_text.hpp"
#include "kube/core/known_types.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/traffic_router.hpp"

namespace softmig::reconcile {
namespace {

using nlohmann::json;

const json& At(const json& object, const char* name) {
  static const json kNothing;
  const auto it = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && it != object.end() ? *it : kNothing;
}

/// managedFields without the field trees but for the one question that routers ask: who owns the field that they steer by.
json TrimManagers(const json& managers, const char* member, const char* field) {
  json trimmed = json::array();
  if (!managers.is_array()) return trimmed;
  for (const json& entry : managers) {
    if (!At(At(At(entry, "fieldsV1"), member), field).is_object()) continue;
    trimmed.push_back({{"manager", At(entry, "manager")},
                       {"operation", At(entry, "operation")},
                       {"time", At(entry, "time")},
                       {"fieldsV1", {{member, {{field, json::object()}}}}}});
  }
  return trimmed;
}

/// What routers and the keeper of bridges read of metadata.
json TrimMeta(const json& meta) {
  return {{"name", At(meta, "name")},
          {"namespace", At(meta, "namespace")},
          {"uid", At(meta, "uid")},
          {"resourceVersion", At(meta, "resourceVersion")},
          {"generation", At(meta, "generation")}};
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
  const json& rules = At(At(object, "spec"), "compare");
  if (rules.is_object()) migration.compare = kube::DumpJson(rules);
  migration.status = model::ParseStatus(At(object, "status"));
  return migration;
}

RouteObject ProjectRoute(const json& object) {
  RouteObject route;
  route.meta = kube::ParseMeta(object);
  const json& meta = At(object, "metadata");
  route.object = {{"metadata", TrimMeta(meta)}, {"spec", At(object, "spec")}, {"status", At(object, "status")}};
  route.object["metadata"]["managedFields"] = TrimManagers(At(meta, "managedFields"), "f:spec", "f:rules");
  const json& mark = At(At(meta, "annotations"), routers::kTemplateMark);
  if (mark.is_string()) route.object["metadata"]["annotations"] = {{routers::kTemplateMark, mark}};
  return route;
}

RouteObject ProjectBridge(const json& object) {
  RouteObject bridge;
  bridge.meta = kube::ParseMeta(object);
  const json& meta = At(object, "metadata");
  const std::string annotation(routers::kBridgeAnnotation);
  bridge.object = {{"kind", kube::kConfigMaps.kind}, {"metadata", TrimMeta(meta)}, {"data", At(object, "data")}};
  json& trimmed = bridge.object["metadata"];
  trimmed["ownerReferences"] = At(meta, "ownerReferences");
  trimmed["annotations"] = {{annotation, At(At(meta, "annotations"), annotation.c_str())}};
  trimmed["managedFields"] = TrimManagers(At(meta, "managedFields"), "f:data", "f:rds.json");
  return bridge;
}

ServiceView ProjectService(const json& object) {
  ServiceView view;
  for (const json& port : At(At(object, "spec"), "ports")) {
    const json& number = At(port, "port");
    if (number.is_number_integer()) view.ports.emplace(number.get<int>(), kube::StringField(port, "name"));
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

SliceView ProjectWholeSlice(const json& object) {
  SliceView view = ProjectSlice(object);
  if (kube::StringField(object, "addressType") == "FQDN") return view;
  for (const json& endpoint : At(object, "endpoints")) {
    // All addresses of one endpoint are the same one, as the API's documentation has it.
    const json& addresses = At(endpoint, "addresses");
    const bool has_address = addresses.is_array() && !addresses.empty() && addresses.front().is_string();
    if (has_address && IsReady(endpoint)) view.addresses.push_back(addresses.front().get<std::string>());
  }
  for (const json& port : At(object, "ports")) {
    view.ports.emplace(kube::StringField(port, "name"), static_cast<int>(kube::IntField(port, "port")));
  }
  return view;
}

}  // namespace softmig::reconcile
