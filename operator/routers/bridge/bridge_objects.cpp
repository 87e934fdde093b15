#include "routers/bridge/bridge_objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "kube/core/known_types.hpp"
#include "routers/bridge/bridge_files.hpp"
#include "routers/gatewayapi/json_view.hpp"

namespace softmig::routers {
namespace {

using nlohmann::json;

constexpr int kUser = 65532;
/// Envoy does not start without its files; agent.json is the last that the agent writes.
constexpr const char* kStartEnvoy = R"(until [ -e "$0" ]; do sleep 0.1; done; exec envoy "$@")";

std::string InFolder(std::string_view name) { return fmt::format("{}/{}", kBridgeFolder, name); }

json Selector(const model::RouteRef& route) { return {{kBridgeLabel, route.object}}; }

json Object(const kube::ResourceType& type, const BridgeOwner& owner, const model::RouteRef& route) {
  const json labels{
      {kBridgeLabel, route.object}, {"app.kubernetes.io/name", "softmigration-bridge"}, {"app.kubernetes.io/managed-by", "softmigration"}};
  const json reference{
      {"apiVersion", kube::kSoftMigrations.ApiVersion()}, {"kind", kube::kSoftMigrations.kind}, {"name", owner.name}, {"uid", owner.uid}};
  return {
      {"apiVersion", type.ApiVersion()},
      {"kind", type.kind},
      {"metadata", {{"name", route.object}, {"namespace", owner.ns}, {"labels", labels}, {"ownerReferences", json::array({reference})}}}};
}

json Role(const BridgeOwner& owner, const model::RouteRef& route) {
  json role = Object(kube::kRoles, owner, route);
  const json rule{
      {"apiGroups", {""}}, {"resources", {"configmaps"}}, {"resourceNames", {route.object}}, {"verbs", {"get", "list", "watch"}}};
  role["rules"] = json::array({rule});
  return role;
}

json RoleBinding(const BridgeOwner& owner, const model::RouteRef& route) {
  json binding = Object(kube::kRoleBindings, owner, route);
  binding["roleRef"] = {{"apiGroup", kube::kRoles.group}, {"kind", kube::kRoles.kind}, {"name", route.object}};
  binding["subjects"] = json::array({{{"kind", kube::kServiceAccounts.kind}, {"name", route.object}, {"namespace", owner.ns}}});
  return binding;
}

json Service(const BridgeOwner& owner, const model::RouteRef& route) {
  json service = Object(kube::kServices, owner, route);
  const json port{{"name", "users"}, {"protocol", "TCP"}, {"port", route.port}, {"targetPort", "users"}};
  service["spec"] = {{"selector", Selector(route)}, {"ports", json::array({port})}};
  return service;
}

json Http2(const json& options) {
  return {{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
           {{"@type", "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"},
            {"explicit_http_config", {{"http2_protocol_options", options}}}}}};
}

/// What Envoy may hold for an agent that does not read is bounded by the windows and by the number of streams.
json AgentCluster() {
  const json endpoint{{"endpoint", {{"address", {{"pipe", {{"path", InFolder("agent.sock")}}}}}}}};
  const json endpoints = json::array({{{"lb_endpoints", json::array({endpoint})}}});
  const json bounds{{"max_connections", 2}, {"max_pending_requests", 128}, {"max_requests", 128}};
  return {
      {"name", "agent"},
      {"type", "STATIC"},
      {"connect_timeout", "1s"},
      {"typed_extension_protocol_options", Http2({{"initial_stream_window_size", 65'536}, {"initial_connection_window_size", 1'048'576}})},
      {"circuit_breakers", {{"thresholds", json::array({bounds})}}},
      {"load_assignment", {{"cluster_name", "agent"}, {"endpoints", endpoints}}}};
}

json FileSource(std::string_view name) { return {{"resource_api_version", "V3"}, {"path_config_source", {{"path", InFolder(name)}}}}; }

/// By default Envoy stops reading from the user where the agent does not read its copies: a frozen agent would hold uploads up.
std::string Bootstrap() {
  const json layer{{"name", "bridge"}, {"static_layer", {{"envoy.reloadable_features.grpc_side_stream_flow_control", false}}}};
  const json bootstrap{{"node", {{"id", "bridge"}, {"cluster", "bridge"}}},
                       {"admin", {{"address", {{"pipe", {{"path", InFolder("admin.sock")}}}}}}},
                       {"layered_runtime", {{"layers", json::array({layer})}}},
                       {"dynamic_resources", {{"lds_config", FileSource("lds.json")}, {"cds_config", FileSource("cds.json")}}},
                       {"static_resources", {{"clusters", json::array({AgentCluster()})}}}};
  return bootstrap.dump();
}

json Container(const std::string& name, const std::string& image) {
  const json capabilities{{"drop", {"ALL"}}};
  return {{"name", name},
          {"image", image},
          {"volumeMounts", json::array({{{"name", "shared"}, {"mountPath", kBridgeFolder}}})},
          {"securityContext", {{"allowPrivilegeEscalation", false}, {"readOnlyRootFilesystem", true}, {"capabilities", capabilities}}}};
}

/// Not asked for readiness: users are served without it. Where the processor is short its share is a fifth of Envoy's.
json AgentContainer(const BridgeOwner& owner, const model::RouteRef& route, const std::string& image) {
  json container = Container("agent", image);
  container["command"] = json::array({"/usr/bin/softmigration-agent"});
  container["args"] =
      json::array({fmt::format("--config-map={}/{}", owner.ns, route.object), fmt::format("--settings-folder={}", kBridgeFolder),
                   fmt::format("--copies=unix:{}", InFolder("agent.sock")), "--http-address=0.0.0.0",
                   fmt::format("--http-port={}", kBridgeCountsPort)});
  container["ports"] = json::array({{{"name", "counts"}, {"containerPort", kBridgeCountsPort}, {"protocol", "TCP"}}});
  container["livenessProbe"] = {{"httpGet", {{"path", "/healthz"}, {"port", "counts"}}}, {"periodSeconds", 10}, {"timeoutSeconds", 5}};
  container["resources"] = {{"requests", {{"cpu", "20m"}, {"memory", "128Mi"}}}};
  return container;
}

json EnvoyContainer(const std::string& image) {
  json container = Container("envoy", image);
  container["command"] = {"/bin/sh", "-c", kStartEnvoy, InFolder("agent.json")};
  // The filter warns of each copy that finds no agent: a line for each request of each user.
  container["args"] = {"--config-yaml",         Bootstrap(),     "--disable-hot-restart", "--log-level", "warn",
                       "--component-log-level", "ext_proc:error"};
  container["ports"] = json::array({{{"name", "users"}, {"containerPort", kBridgeUsersPort}, {"protocol", "TCP"}}});
  container["readinessProbe"] = {{"tcpSocket", {{"port", "users"}}}, {"periodSeconds", 1}};
  // Users who learn late that the pod is going still find it.
  container["lifecycle"] = {{"preStop", {{"exec", {{"command", {"/bin/sh", "-c", "sleep 5"}}}}}}};
  container["resources"] = {{"requests", {{"cpu", "100m"}, {"memory", "128Mi"}}}};
  return container;
}

/// Its pods on nodes of their own as far as there are any: a node that goes takes not all of them with it.
json Spread(const model::RouteRef& route) {
  return json::array({{{"maxSkew", 1},
                       {"topologyKey", "kubernetes.io/hostname"},
                       {"whenUnsatisfiable", "ScheduleAnyway"},
                       {"labelSelector", {{"matchLabels", Selector(route)}}}}});
}

json PodSpec(const BridgeOwner& owner, const model::RouteRef& route, const BridgeImages& images) {
  return {{"serviceAccountName", route.object},
          {"securityContext",
           {{"runAsNonRoot", true},
            {"runAsUser", kUser},
            {"runAsGroup", kUser},
            {"fsGroup", kUser},
            {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
          {"topologySpreadConstraints", Spread(route)},
          {"containers", json::array({AgentContainer(owner, route, images.agent), EnvoyContainer(images.envoy)})},
          {"volumes", json::array({{{"name", "shared"}, {"emptyDir", {{"sizeLimit", "64Mi"}}}}})}};
}

/// Nodes are drained one pod of the bridge after the other. A pod that does not serve holds up no drain, and a single one neither.
json DisruptionBudget(const BridgeOwner& owner, const model::RouteRef& route) {
  json budget = Object(kube::kPodDisruptionBudgets, owner, route);
  budget["spec"] = {{"maxUnavailable", 1}, {"unhealthyPodEvictionPolicy", "AlwaysAllow"}, {"selector", {{"matchLabels", Selector(route)}}}};
  return budget;
}

json Deployment(const BridgeOwner& owner, const model::RouteRef& route, const BridgeImages& images) {
  json deployment = Object(kube::kDeployments, owner, route);
  const json update{{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 0}, {"maxSurge", 1}}}};
  deployment["spec"] = {{"replicas", route.replicas},
                        {"selector", {{"matchLabels", Selector(route)}}},
                        {"strategy", update},
                        {"template", {{"metadata", {{"labels", Selector(route)}}}, {"spec", PodSpec(owner, route, images)}}}};
  return deployment;
}

}  // namespace

std::vector<json> BridgeObjects(const BridgeOwner& owner, const model::RouteRef& route, const BridgeImages& images) {
  return {Object(kube::kServiceAccounts, owner, route),
          Role(owner, route),
          RoleBinding(owner, route),
          Service(owner, route),
          DisruptionBudget(owner, route),
          Deployment(owner, route, images)};
}

json BridgeConfigMap(const BridgeOwner& owner, const model::RouteRef& route, const std::map<std::string, std::string>& files,
                     const std::vector<json>& objects) {
  json config_map = Object(kube::kConfigMaps, owner, route);
  config_map["metadata"]["annotations"] = {{kBridgeAnnotation, HashOfBridge(objects)}};
  config_map["data"] = files;
  return config_map;
}

std::string HashOfBridge(const std::vector<json>& objects) { return fmt::format("{:016x}", base::Fnv1a(json(objects).dump())); }

std::vector<std::string> MigrationsOwning(const json& object) {
  std::vector<std::string> names;
  const json* owners = Member(Member(&object, "metadata"), "ownerReferences");
  if (owners == nullptr || !owners->is_array()) return names;
  for (const json& owner : *owners) {
    if (TextMember(&owner, "kind") == kube::kSoftMigrations.kind) names.push_back(TextMember(&owner, "name"));
  }
  return names;
}

bool BelongsTo(const json& object, const std::string& uid) {
  const json* owners = Member(Member(&object, "metadata"), "ownerReferences");
  return owners != nullptr && owners->is_array() &&
         std::ranges::any_of(*owners, [&](const json& owner) { return TextMember(&owner, "uid") == uid; });
}

}  // namespace softmig::routers
