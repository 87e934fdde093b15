#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "routers/traffic_router.hpp"

/// Builders shared by the tests of routers.
namespace softmig::routers::testing {

using nlohmann::json;

inline json Ref(const std::string& service, int port, std::optional<int> weight = std::nullopt) {
  json ref = {{"group", ""}, {"kind", "Service"}, {"name", service}, {"port", port}};
  if (weight) ref["weight"] = *weight;
  return ref;
}

inline json PathMatch(const std::string& prefix) { return {{"path", {{"type", "PathPrefix"}, {"value", prefix}}}}; }

/// One rule as the API server gives it; without name where `name` is empty.
inline json Rule(const std::string& name, const std::string& prefix, json refs) {
  json rule = {{"matches", json::array({PathMatch(prefix)})}, {"backendRefs", std::move(refs)}};
  if (!name.empty()) rule["name"] = name;
  return rule;
}

inline json Condition(const std::string& type, const std::string& status, int generation) {
  return {{"type", type}, {"status", status}, {"observedGeneration", generation}, {"reason", type + "Reason"}, {"message", "because"}};
}

inline json Parent(const std::string& name, json conditions) {
  return {{"parentRef", {{"name", name}}}, {"conditions", std::move(conditions)}};
}

/// A route in namespace shop with the given rules, accepted as it stands.
inline json Route(json rules) {
  json route;
  route["apiVersion"] = "gateway.networking.k8s.io/v1";
  route["kind"] = "HTTPRoute";
  route["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  route["spec"] = {{"hostnames", {"pay.example"}}, {"parentRefs", json::array({{{"name", "edge"}}})}, {"rules", std::move(rules)}};
  route["status"]["parents"] = json::array({Parent("edge", {Condition("Accepted", "True", 3), Condition("ResolvedRefs", "True", 3)})});
  return route;
}

inline const model::Side& Legacy() {
  static const model::Side kSide{"old", 8080};
  return kSide;
}
inline const model::Side& Target() {
  static const model::Side kSide{"new", 9090};
  return kSide;
}

inline model::HeaderFlag Flag(const std::string& name, const std::string& value) { return {{{name, value}}}; }

/// A component with rules by name on route "web"; the implied one where there are no names.
inline model::ComponentSpec Component(const std::string& name, const std::vector<std::string>& rules = {}) {
  model::ComponentSpec component;
  component.name = name;
  for (const std::string& rule : rules) component.rules.push_back({"web", rule, std::nullopt});
  return component;
}

inline model::Spec SpecOf(std::vector<model::ComponentSpec> components, std::vector<model::HeaderFlag> flags = {}) {
  model::Spec spec;
  spec.legacy = Legacy();
  spec.target = Target();
  spec.routes = {{"web", "payments"}};
  spec.components = std::move(components);
  spec.flags = std::move(flags);
  return spec;
}

inline const model::RouteRef& Web() {
  static const model::RouteRef kRoute{"web", "payments"};
  return kRoute;
}

/// All components of `spec` at `weight`, with the spec's flags where `flags` says so.
enum class Flags { kOff, kOn };
inline TrafficIntent IntentOf(const model::Spec& spec, int weight, Flags flags = Flags::kOff) {
  TrafficIntent intent{"move", spec.legacy, spec.target, "web", {}};
  for (const model::ComponentSpec& component : spec.components) {
    intent.components.push_back(
        {component, base::WeightSplit(base::Percent::Of(weight)), flags == Flags::kOn ? spec.flags : decltype(spec.flags){}});
  }
  return intent;
}

/// The object after the patch, as the API server would apply it: all or nothing. Throws where a test fails.
inline json Apply(const json& object, const ObjectPatch& patch) {
  if (patch.empty()) return object;
  if (patch.form == ObjectPatch::Form::kOperations) return object.patch(json::parse(patch.json));
  json merged = object;
  merged.merge_patch(json::parse(patch.json));
  return merged;
}

}  // namespace softmig::routers::testing
