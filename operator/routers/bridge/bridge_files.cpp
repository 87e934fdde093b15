#include "routers/bridge/bridge_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "routers/bridge/envoy_routes.hpp"

namespace softmig::routers {
namespace {

using nlohmann::json;

constexpr const char* kLoopback = "127.0.0.1";
constexpr int kLegacyReplayPort = 10001;
constexpr int kTargetReplayPort = 10002;
/// Envoy's own bounds are a gateway's for all its users; here the systems behind have theirs. Three tries again at one time, its default,
/// would let a target that breaks down fail in front of users.
constexpr int kNoBound = 1'000'000;
/// Bytes that Envoy takes of an answer to the agent before somebody reads them. By default it is 1 MiB of each: a target with endless
/// answers then takes the processor from users.
constexpr int kReplayBuffer = 65'536;

std::string Text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string Type(std::string_view name) { return fmt::format("type.googleapis.com/envoy.{}", name); }

std::string Resources(std::string_view type, std::vector<json> resources) {
  for (json& resource : resources) resource["@type"] = Type(type);
  return Text({{"resources", std::move(resources)}});
}

json FromFile(const std::string& name) {
  return {{"resource_api_version", "V3"}, {"path_config_source", {{"path", fmt::format("{}/{}", kBridgeFolder, name)}}}};
}

std::string EndpointsFile(std::string_view cluster) { return fmt::format("eds-{}.json", cluster); }

/// Each says on answers whose it is: by that the agent knows who answered a request that was tried again.
json Locality(std::vector<BridgeEndpoint> endpoints, std::string_view side, int priority) {
  std::ranges::sort(endpoints);
  json list = json::array();
  for (const BridgeEndpoint& one : endpoints) {
    list.push_back({{"endpoint", {{"address", {{"socket_address", {{"address", one.address}, {"port_value", one.port}}}}}}},
                    {"metadata", {{"filter_metadata", {{"softmigration", {{"side", side}}}}}}}});
  }
  return {{"priority", priority}, {"lb_endpoints", std::move(list)}};
}

std::string Endpoints(std::string_view cluster, json localities) {
  return Resources("config.endpoint.v3.ClusterLoadAssignment", {{{"cluster_name", cluster}, {"endpoints", std::move(localities)}}});
}

/// Speaks to the system as the user spoke to the bridge.
json AsDownstream() {
  const json as_is{{"http_protocol_options", json::object()}, {"http2_protocol_options", json::object()}};
  return {{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
           {{"@type", Type("extensions.upstreams.http.v3.HttpProtocolOptions")}, {"use_downstream_protocol_config", as_is}}}};
}

json Cluster(std::string_view name) {
  const json bounds{
      {"max_connections", kNoBound}, {"max_pending_requests", kNoBound}, {"max_requests", kNoBound}, {"max_retries", kNoBound}};
  return {{"name", name},
          {"type", "EDS"},
          {"connect_timeout", "1s"},
          {"eds_cluster_config", {{"service_name", name}, {"eds_config", FromFile(EndpointsFile(name))}}},
          {"circuit_breakers", {{"thresholds", json::array({bounds})}}},
          {"typed_extension_protocol_options", AsDownstream()}};
}

std::string ReplayName(std::string_view side) { return fmt::format("replay-{}", side); }

/// The same system over connections that users never wait for.
json ReplayCluster(std::string_view side) {
  json cluster = Cluster(side);
  cluster["name"] = ReplayName(side);
  cluster["per_connection_buffer_limit_bytes"] = kReplayBuffer;
  return cluster;
}

json Filter(std::string_view name, std::string_view type, json config) {
  config["@type"] = Type(type);
  return {{"name", name}, {"typed_config", std::move(config)}};
}

json RouterFilter() {
  return Filter("envoy.filters.http.router", "extensions.filters.http.router.v3.Router", {{"suppress_envoy_headers", true}});
}

/// First of the filters, so that it is the last to see an answer: what the agent is told is not for users.
json SideRemover() {
  const json remove{{"response_mutations", json::array({{{"remove", "x-softmigration-side"}}})}};
  return Filter("envoy.filters.http.header_mutation", "extensions.filters.http.header_mutation.v3.HeaderMutation", {{"mutations", remove}});
}

/// The filter for some requests alone: it is not even made for the others. Envoy draws lots of its own for it, so that which system a
/// request goes to has no part in it.
json ForSome(const json& filter, int percent) {
  const json share{{"default_value", {{"numerator", percent}, {"denominator", "HUNDRED"}}}};
  const json action{
      {"name", "copy"},
      {"typed_config",
       {{"@type", Type("extensions.filters.http.composite.v3.ExecuteFilterAction")}, {"typed_config", filter}, {"sample_percent", share}}}};
  const json composite{{"name", kCopyFilter}, {"typed_config", {{"@type", Type("extensions.filters.http.composite.v3.Composite")}}}};
  return Filter(kCopyFilter, "extensions.common.matching.v3.ExtensionWithMatcher",
                {{"extension_config", composite}, {"xds_matcher", {{"on_no_match", {{"action", action}}}}}});
}

/// Copies for the agent. Envoy waits for nothing.
json Watcher(int sampling) {
  const json mode{{"request_header_mode", "SEND"},  {"request_body_mode", "STREAMED"},  {"request_trailer_mode", "SEND"},
                  {"response_header_mode", "SEND"}, {"response_body_mode", "STREAMED"}, {"response_trailer_mode", "SEND"}};
  json filter = Filter(kCopyFilter, "extensions.filters.http.ext_proc.v3.ExternalProcessor",
                       {{"grpc_service", {{"envoy_grpc", {{"cluster_name", "agent"}}}}},
                        {"observability_mode", true},
                        {"failure_mode_allow", true},
                        {"deferred_close_timeout", "1s"},
                        {"request_attributes", {"xds.route_name", "xds.cluster_name"}},
                        {"processing_mode", mode}});
  return sampling == 100 ? filter : ForSome(filter, sampling);
}

/// What users get is what the system behind said: no header of Envoy's own.
json Manager(std::string_view name, std::vector<json> filters, json routes) {
  filters.push_back(RouterFilter());
  json manager{{"stat_prefix", name},
               {"http_filters", std::move(filters)},
               {"server_header_transformation", "PASS_THROUGH"},
               {"generate_request_id", false},
               {"stream_idle_timeout", "0s"},
               {"http_protocol_options", {{"accept_http_10", true}}},
               {"upgrade_configs", json::array({{{"upgrade_type", "websocket"}}})}};
  manager.update(routes);
  return Filter("envoy.filters.network.http_connection_manager",
                "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", std::move(manager));
}

json Listener(std::string_view name, std::string_view address, int port, json manager) {
  return {{"name", name},
          {"address", {{"socket_address", {{"address", address}, {"port_value", port}}}}},
          {"filter_chains", json::array({{{"filters", json::array({std::move(manager)})}}})}};
}

json UsersListener(int sampling) {
  const json routes{{"rds", {{"route_config_name", kRouteConfiguration}, {"config_source", FromFile("rds.json")}}}};
  return Listener("users", "0.0.0.0", kBridgeUsersPort, Manager("users", {SideRemover(), Watcher(sampling)}, routes));
}

/// Where the agent asks the other system. Protocols are Envoy's; the user's authority is put back.
json ReplayListener(std::string_view side, int port) {
  const std::string name = ReplayName(side);
  const json route{{"match", {{"prefix", "/"}}},
                   {"request_headers_to_remove", {"x-softmigration-authority"}},
                   {"route", {{"cluster", name}, {"timeout", "0s"}, {"host_rewrite_header", "x-softmigration-authority"}}}};
  const json host{{"name", "all"}, {"domains", {"*"}}, {"routes", json::array({route})}};
  json listener = Listener(name, kLoopback, port, Manager(name, {}, {{"route_config", {{"virtual_hosts", json::array({host})}}}}));
  listener["per_connection_buffer_limit_bytes"] = kReplayBuffer;
  return listener;
}

json AgentSide(int port, std::vector<std::string_view> clusters) {
  return {{"url", fmt::format("http://{}:{}", kLoopback, port)}, {"clusters", std::move(clusters)}};
}

std::string AgentFile(const BridgePlan& plan) {
  json components = json::array();
  for (const model::ComponentSpec& component : plan.spec.components) {
    json routes = json::array({BridgeRouteName(component.name, nullptr)});
    for (const model::HeaderFlag& flag : plan.spec.flags) routes.push_back(BridgeRouteName(component.name, &flag));
    components.push_back({{"name", component.name}, {"routes", std::move(routes)}});
  }
  json file{{"components", std::move(components)},
            {"legacy", AgentSide(kLegacyReplayPort, {kLegacyCluster})},
            {"target", AgentSide(kTargetReplayPort, {kTargetCluster, kFallbackCluster})}};
  const json compare = json::parse(plan.compare, nullptr, false);
  if (compare.is_object()) file["compare"] = compare;
  if (plan.route.sampling != 100) file["sampling"] = plan.route.sampling;
  return Text(file);
}

}  // namespace

std::map<std::string, std::string> BridgeFiles(const BridgePlan& plan) {
  std::map<std::string, std::string> files;
  files["agent.json"] = AgentFile(plan);
  files["cds.json"] = Resources("config.cluster.v3.Cluster", {Cluster(kLegacyCluster), Cluster(kTargetCluster), Cluster(kFallbackCluster),
                                                              ReplayCluster(kLegacyCluster), ReplayCluster(kTargetCluster)});
  files[EndpointsFile(kLegacyCluster)] = Endpoints(kLegacyCluster, json::array({Locality(plan.legacy, "legacy", 0)}));
  files[EndpointsFile(kTargetCluster)] = Endpoints(kTargetCluster, json::array({Locality(plan.target, "target", 0)}));
  files[EndpointsFile(kFallbackCluster)] =
      Endpoints(kFallbackCluster, json::array({Locality(plan.target, "target", 0), Locality(plan.legacy, "legacy", 1)}));
  files["lds.json"] =
      Resources("config.listener.v3.Listener", {UsersListener(plan.route.sampling), ReplayListener(kLegacyCluster, kLegacyReplayPort),
                                                ReplayListener(kTargetCluster, kTargetReplayPort)});
  return files;
}

}  // namespace softmig::routers
