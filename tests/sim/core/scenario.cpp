#include "sim/core/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::simulator {
namespace {

using nlohmann::json;

std::vector<StepPlan> DrawSteps(Random& random) {
  static constexpr int kHolds[] = {0, 2, 5, 10, 20};
  std::vector<StepPlan> steps;
  int weight = 0;
  const int count = random.Between(1, 3);
  for (int i = 0; i < count; ++i) {
    weight += random.Between(1, (90 - weight) / (count - i));
    steps.push_back({weight, kHolds[random.Below(5)]});
  }
  steps.push_back({100, random.Percent(50) ? 0 : 5});
  return steps;
}

void DrawComponents(MigrationPlan& plan, Random& random) {
  plan.implied = random.Percent(30);
  if (plan.implied) {
    plan.components = {{"all", {}}};
    return;
  }
  const int count = random.Percent(60) ? 1 : random.Between(2, 3);
  for (int i = 0; i < count; ++i) {
    ComponentPlan component{fmt::format("c{}", i), {}};
    if (i > 0 && random.Percent(50)) component.after = {fmt::format("c{}", i - 1)};
    plan.components.push_back(std::move(component));
  }
}

void DrawMetrics(MigrationPlan& plan, Random& random) {
  plan.metrics = {{"errors", true}};
  if (random.Percent(35)) plan.metrics = {{"latency", false}};
  if (random.Percent(25)) plan.metrics = {{"errors", true}, {"latency", false}};
}

MigrationPlan DrawMigration(int index, Random& random) {
  MigrationPlan plan;
  plan.name = fmt::format("m{}", index);
  plan.legacy = fmt::format("old{}", index);
  plan.target = fmt::format("new{}", index);
  plan.routes = {fmt::format("r{}", index)};
  if (random.Percent(30)) plan.routes.push_back(fmt::format("r{}b", index));
  DrawComponents(plan, random);
  plan.steps = DrawSteps(random);
  DrawMetrics(plan, random);
  plan.interval_seconds = random.Between(2, 5);
  plan.flag = random.Percent(20);
  plan.hold_on_breach = random.Percent(10);
  plan.deadline_seconds = random.Between(20, 90);
  plan.hold_without_evidence = random.Percent(15);
  plan.created_at_seconds = random.Percent(70) ? 0 : random.Between(1, 30);
  return plan;
}

void DrawLease(Scenario& scenario, Random& random) {
  const int kind = random.Below(4);
  if (kind == 0) return;
  scenario.lease_seconds = kind == 1 ? 15 : 30;
  scenario.renew_seconds = kind == 1 ? 12 : 27;
  scenario.retry_millis = kind == 1 ? 4'000 : 8'000;
}

json Backend(const std::string& service, int port) { return {{"group", ""}, {"kind", "Service"}, {"name", service}, {"port", port}}; }

/// A user's way of writing "everything to legacy".
json LegacyBackends(const MigrationPlan& plan, int style) {
  json legacy = Backend(plan.legacy, 8080);
  json target = Backend(plan.target, 8080);
  if (style == 0) return json::array({legacy});
  legacy["weight"] = style == 1 ? 1 : 100;
  if (style <= 2) return json::array({legacy});
  target["weight"] = 0;
  return style == 3 ? json::array({legacy, target}) : json::array({target, legacy});
}

json PathMatch(const std::string& path) { return json::array({{{"path", {{"type", "PathPrefix"}, {"value", path}}}}}); }

json ComponentRule(const MigrationPlan& plan, const ComponentPlan& component, int style) {
  json rule = {{"matches", PathMatch("/" + plan.name + "/" + component.name)}, {"backendRefs", LegacyBackends(plan, style)}};
  if (!plan.implied) rule["name"] = RuleName(plan, component);
  if (style == 2) rule["timeouts"] = {{"request", "10s"}};
  return rule;
}

json RouteSpec(const std::vector<MigrationPlan>& migrations, const std::string& name) {
  json rules = json::array();
  for (const MigrationPlan& migration : migrations) {
    if (std::ranges::find(migration.routes, name) == migration.routes.end()) continue;
    for (const ComponentPlan& component : migration.components) rules.push_back(ComponentRule(migration, component, migration.style));
  }
  rules.push_back({{"name", "other"}, {"matches", PathMatch("/static")}, {"backendRefs", json::array({Backend("static", 80)})}});
  return {{"parentRefs", json::array({{{"name", "gw"}}})}, {"rules", rules}};
}

json MetricJson(const MetricPlan& metric) {
  json out = {{"name", metric.name}};
  const std::string subject = "{{namespace}}_{{name}}_{{component}}";
  if (metric.counts) {
    out["prometheus"] = {{"address", "http://metrics:9090"}, {"bad", "bad_" + subject}, {"total", "total_" + subject}};
    out["maxRate"] = "0.05";
  } else {
    out["prometheus"] = {{"address", "http://metrics:9090"}, {"query", "latency_" + subject}};
    out["max"] = "0.5";
  }
  return out;
}

}  // namespace

std::string RuleName(const MigrationPlan& migration, const ComponentPlan& component) {
  return migration.implied ? std::string() : migration.name + "-" + component.name;
}

Scenario DrawScenario(std::uint64_t seed) {
  Random random(seed * 2 + 1);
  Scenario scenario;
  scenario.seed = seed;
  scenario.replicas = random.Percent(40) ? 1 : random.Percent(80) ? 2 : 3;
  DrawLease(scenario, random);
  for (int i = 0; i < scenario.replicas; ++i) scenario.skew_millis.push_back(random.Percent(70) ? 0 : random.Between(-5'000, 5'000));
  const int count = random.Percent(70) ? 1 : random.Percent(80) ? 2 : 3;
  for (int i = 0; i < count; ++i) scenario.migrations.push_back(DrawMigration(i, random));
  // Neighbours on one route: only where both name their rules.
  if (count > 1 && !scenario.migrations[0].implied && !scenario.migrations[1].implied && random.Percent(40)) {
    scenario.migrations[1].routes[0] = scenario.migrations[0].routes[0];
  }
  for (const MigrationPlan& migration : scenario.migrations) {
    for (const std::string& route : migration.routes) {
      if (std::ranges::find(scenario.routes, route) == scenario.routes.end()) scenario.routes.push_back(route);
    }
  }
  // Of its own, so that the rest of a world does not depend on it.
  Random judges(seed * 5 + 4);
  for (MigrationPlan& migration : scenario.migrations) migration.evidence = judges.Percent(30);
  scenario.style = random.Below(5);
  for (MigrationPlan& migration : scenario.migrations) migration.style = scenario.style;
  scenario.fault_seconds = random.Between(20, 120);
  scenario.faults = random.Percent(10) ? 0 : random.Between(1, 7);
  return scenario;
}

Scenario WithManagedRoutes(Scenario scenario) {
  Random makers(scenario.seed * 7 + 6);
  for (MigrationPlan& plan : scenario.migrations) {
    const bool shared = std::ranges::any_of(scenario.migrations, [&](const MigrationPlan& other) {
      return &other != &plan && std::ranges::find(plan.routes, other.routes[0]) != plan.routes.end();
    });
    plan.managed = makers.Percent(80) && !shared;
    plan.stranger = makers.Percent(25) && plan.managed;
    if (makers.Percent(60) && plan.managed) plan.template_edit_seconds = plan.created_at_seconds + makers.Between(1, 90);
  }
  return scenario;
}

Scenario SmallScenario(int replicas) {
  Scenario scenario;
  scenario.replicas = replicas;
  scenario.skew_millis.assign(static_cast<std::size_t>(replicas), 0);
  MigrationPlan plan;
  plan.name = "m0";
  plan.legacy = "old0";
  plan.target = "new0";
  plan.routes = {"r0"};
  plan.components = {{"c0", {}}};
  plan.steps = {{20, 2}, {100, 0}};
  plan.metrics = {{"errors", true}};
  scenario.migrations = {plan};
  scenario.routes = {"r0"};
  scenario.faults = 0;
  scenario.fault_seconds = 10;
  return scenario;
}

json MigrationObject(const MigrationPlan& plan) {
  json routes = json::array();
  for (std::size_t i = 0; i < plan.routes.size(); ++i) {
    json place = {{"kind", "HTTPRoute"}, {"name", plan.routes[i]}};
    if (plan.managed) {
      place["ownership"] = "Managed";
      place["template"] = {{"spec", RouteSpec({plan}, plan.routes[i])}};
    }
    routes.push_back({{"name", fmt::format("way{}", i)}, {"gatewayAPI", std::move(place)}});
  }
  json steps = json::array();
  for (const StepPlan& step : plan.steps) steps.push_back({{"weight", step.weight}, {"hold", fmt::format("{}s", step.hold_seconds)}});
  json metrics = json::array();
  for (const MetricPlan& metric : plan.metrics) {
    metrics.push_back(MetricJson(metric));
    if (metric.counts && !plan.evidence) metrics.back()["minRequests"] = plan.min_requests;
  }
  json shift = {{"steps", steps}};
  if (plan.flag) shift["flags"] = {{{"headers", {{{"name", "x-beta"}, {"value", "1"}}}}}};
  json spec = {{"legacy", {{"service", {{"name", plan.legacy}, {"port", 8080}}}}},
               {"target", {{"service", {{"name", plan.target}, {"port", 8080}}}}},
               {"routes", routes},
               {"plan",
                {{"shift", shift},
                 {"onBreach", plan.hold_on_breach ? "Hold" : "Rollback"},
                 {"onNoEvidence",
                  {{"deadline", fmt::format("{}s", plan.deadline_seconds)}, {"then", plan.hold_without_evidence ? "Hold" : "Rollback"}}}}},
               {"analysis",
                {{"interval", fmt::format("{}s", plan.interval_seconds)},
                 {"burstTolerance", fmt::format("{}s", 3 * plan.interval_seconds)},
                 {"metrics", metrics}}}};
  if (!plan.implied) {
    spec["components"] = json::array();
    for (const ComponentPlan& component : plan.components) {
      json rules = json::array();
      for (std::size_t i = 0; i < plan.routes.size(); ++i) {
        rules.push_back({{"route", fmt::format("way{}", i)}, {"rule", RuleName(plan, component)}});
      }
      json one = {{"name", component.name}, {"rules", rules}};
      if (!component.after.empty()) one["after"] = component.after;
      spec["components"].push_back(std::move(one));
    }
  }
  return {{"apiVersion", "softmigration.io/v1alpha1"},
          {"kind", "SoftMigration"},
          {"metadata", {{"namespace", kNamespace}, {"name", plan.name}}},
          {"spec", spec}};
}

json RouteJson(const Scenario& scenario, const std::string& name) {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"namespace", kNamespace}, {"name", name}}},
          {"spec", RouteSpec(scenario.migrations, name)}};
}

const MigrationPlan* MakerOf(const Scenario& scenario, const std::string& route) {
  const auto maker = std::ranges::find_if(scenario.migrations, [&](const MigrationPlan& plan) {
    return plan.managed && std::ranges::find(plan.routes, route) != plan.routes.end();
  });
  return maker == scenario.migrations.end() ? nullptr : &*maker;
}

json ServiceJson(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"namespace", kNamespace}, {"name", name}}},
          {"spec", {{"ports", json::array({{{"name", "http"}, {"port", 8080}}})}}}};
}

json SliceJson(const std::string& service, int ready) {
  json endpoints = json::array();
  for (int i = 0; i < 2; ++i) {
    endpoints.push_back({{"addresses", json::array({fmt::format("10.0.0.{}", i + 1)})}, {"conditions", {{"ready", i < ready}}}});
  }
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata", {{"namespace", kNamespace}, {"name", service + "-1"}, {"labels", {{"kubernetes.io/service-name", service}}}}},
          {"addressType", "IPv4"},
          {"endpoints", endpoints},
          {"ports", json::array({{{"name", "http"}, {"port", 8080}}})}};
}

}  // namespace softmig::simulator
