#include "routers/bridge/bridge_router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.hpp"
#include "model/route_state.hpp"
#include "routers/bridge/envoy_routes.hpp"
#include "routers/gatewayapi/json_view.hpp"
#include "routers/gatewayapi/patch_builder.hpp"
#include "routers/gatewayapi/route_rules.hpp"

namespace softmig::routers {
namespace {

using base::ErrorCode;
using base::Fail;
using base::Percent;
using model::ComponentTraffic;
using nlohmann::json;

constexpr const char* kRoutesFile = "rds.json";
constexpr const char* kRoutesPath = "/data/rds.json";

base::Error NoRoutes() {
  return {ErrorCode::kInvalid, "the bridge's ConfigMap has no routes that can be read", std::nullopt, std::nullopt};
}

std::string RoutesText(const json& object) { return TextMember(Member(&object, "data"), kRoutesFile); }

bool AgentsHave(const json& object, const std::string& rds) {
  const json* agents = Member(Member(&object, "status"), "agents");
  if (agents == nullptr || !agents->is_array() || agents->empty()) return false;
  const std::string wanted = HashOfRoutes(rds);
  return std::ranges::all_of(*agents,
                             [&](const json& agent) { return agent.is_string() && agent.get_ref<const std::string&>() == wanted; });
}

model::RouteState ObserveHead(const json& object, const std::string& rds) {
  model::RouteState state;
  state.uid = UidOf(object);
  state.resource_version = TextMember(Member(&object, "metadata"), "resourceVersion");
  state.last_writer = LastWriter(object, kBridgeField);
  const bool accepted = AgentsHave(object, rds);
  state.acceptance = accepted ? model::Acceptance::kAccepted : model::Acceptance::kWaiting;
  if (!accepted) state.acceptance_message = "the bridge has not taken its routes over yet";
  return state;
}

/// The routes of a component are those that we would write for it at this weight, with these flags.
bool IsOurs(const model::Spec& spec, const model::ComponentSpec& component, const model::RouteRef& route, const ComponentTraffic& traffic,
            const std::vector<BridgeRoute>& routes) {
  std::vector<model::HeaderFlag> wanted;
  for (const model::HeaderFlag& flag : spec.flags) {
    if (std::ranges::find(traffic.flags, model::FlagText(flag)) != traffic.flags.end()) wanted.push_back(flag);
  }
  std::set<json> present;
  for (const BridgeRoute& one : routes) {
    if (one.component == component.name) present.insert(*one.value);
  }
  const auto ours = RoutesOf({component, *traffic.weight, wanted}, route.name);
  return present == std::set<json>(ours.begin(), ours.end());
}

/// All that the ConfigMap says of one component, and whether it is what we would write for it.
ComponentTraffic ObserveComponent(const model::Spec& spec, const model::ComponentSpec& component, const model::RouteRef& route,
                                  const std::vector<BridgeRoute>& routes) {
  ComponentTraffic traffic;
  traffic.component = component.name;
  std::set<std::string> flags;
  bool is_first = true;
  for (const BridgeRoute& one : routes) {
    if (one.component != component.name) continue;
    traffic.any_target = traffic.any_target || !one.target || one.target->value() > 0;
    if (!one.flag.empty()) {
      flags.insert(one.flag);
      continue;
    }
    if (is_first) traffic.weight = one.target;
    if (traffic.weight != one.target) traffic.weight.reset();
    is_first = false;
  }
  traffic.names_target = !is_first;
  traffic.flags = {flags.begin(), flags.end()};
  const bool by_name =
      std::ranges::any_of(component.rules, [&](const model::RuleRef& rule) { return rule.route == route.name && !rule.matches; });
  if (by_name) traffic.problems.push_back({"RuleNotFound", "a bridge has no names of rules: name them by their matches"});
  if (HasExpressions(component, route.name)) {
    traffic.problems.push_back({"UnsupportedByRouter", "a bridge has no regular expressions: the matches of component " + component.name});
  }
  if (is_first) traffic.weight = Percent();  // what has no route is legacy's
  // A route that was edited by hand is not ours, whatever its weight says.
  if (!is_first && traffic.weight && traffic.problems.empty() && !IsOurs(spec, component, route, traffic, routes)) traffic.weight.reset();
  return traffic;
}

base::Result<ObjectPatch> PatchTo(const json& object, const std::string& before, std::vector<json> routes) {
  const std::string after = WriteRoutes(std::move(routes));
  if (after == before) return ObjectPatch{};
  PatchBuilder patch(UidOf(object));
  patch.Test(kRoutesPath, before);
  patch.Replace(kRoutesPath, after);
  return ObjectPatch{patch.Text()};
}

bool Has(const TrafficIntent& intent, const std::string& component) {
  return std::ranges::any_of(intent.components, [&](const ComponentIntent& one) { return one.component.name == component; });
}

/// The route with everything on legacy; nothing of a flag's.
std::optional<json> Lowered(const BridgeRoute& route) {
  if (!route.flag.empty()) return std::nullopt;
  json value = *route.value;
  if (route.component.empty()) return value;
  if (!route.target) return std::nullopt;
  json& clusters = value["route"]["weighted_clusters"]["clusters"];
  clusters[0]["weight"] = 100;
  clusters[1]["weight"] = 0;
  return value;
}

}  // namespace

Capabilities BridgeRouter::capabilities(const model::RouteRef& /*route*/) const {
  return {.header_flags = true, .reports_acceptance = true};
}

model::RouteState BridgeRouter::Observe(const json& object, const model::Spec& spec, const model::RouteRef& route) const {
  const std::string rds = RoutesText(object);
  model::RouteState state = ObserveHead(object, rds);
  const auto parsed = ParseRoutes(rds);
  if (!parsed)
    state.problems.push_back({"RouteMalformed", "route " + route.name + ": the bridge's ConfigMap has no routes that can be read"});
  const std::vector<BridgeRoute> routes = parsed ? ReadRoutes(*parsed) : std::vector<BridgeRoute>();
  for (const model::ComponentSpec& component : spec.components) {
    if (!HasRulesOn(component, route.name)) continue;
    state.components.push_back(ObserveComponent(spec, component, route, routes));
    state.claimed_rules.push_back("component:" + component.name);
  }
  return state;
}

base::Result<std::string> BridgeRouter::Save(const json& object, const model::Spec& /*spec*/, const model::RouteRef& route) const {
  if (!ParseRoutes(RoutesText(object))) return Fail(NoRoutes());
  return json{{"bridge", 1}, {"route", route.name}}.dump();
}

base::Result<ObjectPatch> BridgeRouter::Render(const TrafficIntent& intent, const json& object) const {
  const std::string before = RoutesText(object);
  const auto parsed = ParseRoutes(before);
  if (!parsed || UidOf(object).empty()) return Fail(NoRoutes());
  std::vector<json> routes;
  for (const BridgeRoute& route : ReadRoutes(*parsed)) {
    if (!Has(intent, route.component)) routes.push_back(*route.value);
  }
  for (const ComponentIntent& one : intent.components) {
    std::ranges::move(RoutesOf({one.component, one.split.target(), one.flags}, intent.route), std::back_inserter(routes));
  }
  return PatchTo(object, before, std::move(routes));
}

base::Result<json> BridgeRouter::Make(const TrafficIntent& /*intent*/, const model::Spec& /*spec*/, const model::RouteRef& route,
                                      const std::string& /*ns*/) const {
  return Fail(ErrorCode::kInvalid, "route " + route.name + " is a bridge: there is no template to make it from");
}

base::Result<ObjectPatch> BridgeRouter::Remake(const TrafficIntent& /*intent*/, const model::Spec& /*spec*/,
                                               const model::RouteRef& /*route*/, const json& /*object*/) const {
  return ObjectPatch{};
}

base::Result<ObjectPatch> BridgeRouter::Restore(const std::string& saved, const json& object) const {
  const json text = json::parse(saved, nullptr, false);
  if (!WholeNumber(Member(&text, "bridge"), 1)) return Fail(ErrorCode::kInvalid, "what was saved is not of a bridge");
  const std::string before = RoutesText(object);
  const auto parsed = ParseRoutes(before);
  if (!parsed || UidOf(object).empty()) return Fail(NoRoutes());
  std::vector<json> routes;
  for (const BridgeRoute& route : ReadRoutes(*parsed)) {
    if (auto lowered = Lowered(route)) routes.push_back(std::move(*lowered));
  }
  return PatchTo(object, before, std::move(routes));
}

std::string FirstRoutes(const model::Spec& spec, const model::RouteRef& route) {
  std::vector<json> routes;
  for (const model::ComponentSpec& component : spec.components) {
    if (HasRulesOn(component, route.name)) std::ranges::move(RoutesOf({component, Percent(), {}}, route.name), std::back_inserter(routes));
  }
  return WriteRoutes(std::move(routes));
}

bool SendsToTarget(const std::string& rds) {
  const auto parsed = ParseRoutes(rds);
  return parsed && std::ranges::any_of(ReadRoutes(*parsed), [](const BridgeRoute& route) {
           return !route.component.empty() && (!route.target || route.target->value() > 0);
         });
}

std::string HashOfRoutes(const std::string& rds) { return fmt::format("{:016x}", base::Fnv1a(rds)); }

}  // namespace softmig::routers
