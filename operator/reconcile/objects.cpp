#include "reconcile/objects.hpp"

#include "compare/whole_spec.hpp"
#include "kube/core/json_text.hpp"

namespace softmig::reconcile {
namespace {

using nlohmann::json;

const json& At(const json& object, const char* name) {
  static const json kNothing;
  const auto it = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && it != object.end() ? *it : kNothing;
}

/// managedFields without the field trees but for the one question that routers ask: who owns the field that they steer by.
json TrimManagers(const json& managers, routers::SteeredField steered) {
  json trimmed = json::array();
  if (!managers.is_array()) return trimmed;
  for (const json& entry : managers) {
    const json* owned = routers::OwnedPart(entry, steered);
    if (owned == nullptr || !owned->is_object()) continue;
    json kept = json::object();
    for (const char* key : {steered.part, steered.field, steered.member}) {
      if (key != nullptr) kept = json{{key, std::move(kept)}};
    }
    trimmed.push_back({{"manager", At(entry, "manager")},
                       {"operation", At(entry, "operation")},
                       {"time", At(entry, "time")},
                       {"fieldsV1", std::move(kept)}});
  }
  return trimmed;
}

json TrimMeta(const json& meta) {
  json trimmed;
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "generation", "ownerReferences"}) {
    if (const json& value = At(meta, member); !value.is_null()) trimmed[member] = value;
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
  const json& rules = At(At(object, "spec"), "compare");
  if (rules.is_object()) migration.compare = kube::DumpJson(rules);
  migration.status = model::ParseStatus(At(object, "status"));
  return migration;
}

bool IsAtRest(const Migration& migration, const std::string& finalizer) {
  const auto& finalizers = migration.meta.finalizers;
  return migration.status.phase == model::Phase::kComplete && std::ranges::find(finalizers, finalizer) == finalizers.end();
}

RouteObject ProjectRoute(const routers::RouteKindRow& row, const json& object) {
  RouteObject route;
  route.meta = kube::ParseMeta(object);
  const json& meta = At(object, "metadata");
  route.object = {{"kind", row.type.kind}, {"metadata", TrimMeta(meta)}};
  for (const char* member : row.members) route.object[member] = At(object, member);
  json& trimmed = route.object["metadata"];
  trimmed["managedFields"] = TrimManagers(At(meta, "managedFields"), row.steered);
  for (const std::string& name : row.annotations) {
    const json& annotation = At(At(meta, "annotations"), name.c_str());
    if (annotation.is_string()) trimmed["annotations"][name] = annotation;
  }
  return route;
}

ServiceView ProjectService(const json& object) {
  ServiceView view;
  for (const json& port : At(At(object, "spec"), "ports")) {
    const json& number = At(port, "port");
    if (!number.is_number_integer()) continue;
    view.ports.emplace(number.get<int>(), kube::StringField(port, "name"));
    const json& target = At(port, "targetPort");
    view.target_ports.emplace(number.get<int>(), target.is_null() ? number : target);
  }
  view.selector = At(At(object, "spec"), "selector");
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
