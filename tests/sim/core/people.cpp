#include "sim/core/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace softmig::simulator {
namespace {

using nlohmann::json;

constexpr const char* kUser = "kubectl";

}  // namespace

People::People(Loop& loop, Random& random, Cluster& cluster, const Scenario& scenario)
    : loop_(loop), random_(random), cluster_(cluster), scenario_(scenario) {}

void People::CreateAll() {
  for (const MigrationPlan& plan : scenario_.migrations) {
    for (const std::string& service : {plan.legacy, plan.target}) {
      cluster_.Create(Kind::kServices, ServiceJson(service), kUser);
      cluster_.Create(Kind::kEndpointSlices, SliceJson(service, 2), "endpointslice-controller");
    }
  }
  for (const std::string& route : scenario_.routes) {
    if (MakerOf(scenario_, route) == nullptr) cluster_.Create(Kind::kHttpRoutes, RouteJson(scenario_, route), kUser);
  }
  for (std::size_t i = 0; i < scenario_.migrations.size(); ++i) {
    const MigrationPlan& plan = scenario_.migrations[i];
    loop_.At(seconds(plan.created_at_seconds), nullptr,
             [this, &plan] { cluster_.Create(Kind::kSoftMigrations, MigrationObject(plan), kUser); });
    if (plan.stranger) {
      Random when(scenario_.seed * 11 + i);
      loop_.At(seconds(plan.created_at_seconds) + milliseconds(when.Between(0, 2'000)), nullptr,
               [this, &plan] { cluster_.Create(Kind::kHttpRoutes, RouteJson(scenario_, plan.routes[0]), kUser); });
    }
    if (plan.template_edit_seconds > 0) {
      loop_.At(seconds(plan.template_edit_seconds), nullptr, [this, i] { EditTemplates(static_cast<int>(i)); });
    }
  }
}

void People::Spec(int migration, const json& spec) {
  cluster_.Merge(Kind::kSoftMigrations, Plan(migration).name, {{"spec", spec}}, "kubectl-edit");
}

void People::Act(const Fault& fault) {
  const int m = fault.who;
  const Time end = loop_.now() + fault.length;
  const auto route = [&] { return scenario_.routes[static_cast<std::size_t>(fault.who)]; };
  switch (fault.kind) {
    case FaultKind::kServiceGone: return RemakeService(m, fault.what, fault.length);
    case FaultKind::kPause:
      Spec(m, {{"paused", true}});
      loop_.At(end, nullptr, [this, m] { Spec(m, {{"paused", false}}); });
      return;
    case FaultKind::kDesired: return SetDesired(fault);
    case FaultKind::kAttempt: {
      const auto object = cluster_.Find(Kind::kSoftMigrations, Plan(m).name);
      if (object) Spec(m, {{"attempt", object->at("spec").value("attempt", 1) + 1}});
      return;
    }
    case FaultKind::kDelete:
      if (!cluster_.Find(Kind::kSoftMigrations, Plan(m).name)) return;
      deleted_[m] = true;
      cluster_.Delete(Kind::kSoftMigrations, Plan(m).name);
      return;
    case FaultKind::kEditHold: {
      json steps = json::array();
      for (const StepPlan& step : Plan(m).steps)
        steps.push_back({{"weight", step.weight}, {"hold", fmt::format("{}s", step.hold_seconds + 3)}});
      return Spec(m, {{"plan", {{"shift", {{"steps", steps}}}}}});
    }
    case FaultKind::kEditMetric: {
      const auto object = cluster_.Find(Kind::kSoftMigrations, Plan(m).name);
      if (!object) return;
      json metrics = object->at("spec").at("analysis").at("metrics");
      for (json& metric : metrics) metric[metric.contains("max") ? "max" : "maxRate"] = metric.contains("max") ? "0.49" : "0.049";
      return Spec(m, {{"analysis", {{"metrics", metrics}}}});
    }
    case FaultKind::kTouch: return Touch(m, end);
    case FaultKind::kRouteWeights: return SetWeights(route(), fault.amount);
    case FaultKind::kRouteFight: return Fight(route(), fault.amount, end);
    case FaultKind::kRouteRule: return AddRule(route());
    case FaultKind::kRouteGone: return RemakeRoute(route(), fault.length);
    default: return;
  }
}

void People::EditTemplates(int migration) {
  const auto object = cluster_.Find(Kind::kSoftMigrations, Plan(migration).name);
  if (!object) return;
  json routes = object->at("spec").at("routes");
  for (json& route : routes) route["gatewayAPI"]["template"]["spec"]["hostnames"] = json::array({kEditedHost});
  Spec(migration, {{"routes", routes}});
}

void People::SetDesired(const Fault& fault) {
  Spec(fault.who, {{"desiredPhase", fault.what == 0 ? "Pending" : "Shift"}});
  if (fault.length == Time(0)) return;
  loop_.After(fault.length, nullptr, [this, m = fault.who] { Spec(m, {{"desiredPhase", "Complete"}}); });
}

void People::Touch(int migration, Time until) {
  const std::string value = std::to_string(++counter_);
  cluster_.Merge(Kind::kSoftMigrations, Plan(migration).name, {{"metadata", {{"annotations", {{"example.com/seen", value}}}}}},
                 "annotator");
  if (loop_.now() >= until) return;
  loop_.After(random_.Within(milliseconds(20), milliseconds(500)), nullptr, [this, migration, until] { Touch(migration, until); });
}

void People::EditRules(const std::string& route, const std::function<void(json&)>& edit) {
  const auto object = cluster_.Find(Kind::kHttpRoutes, route);
  if (!object) return;
  json rules = object->at("spec").at("rules");
  edit(rules);
  cluster_.Merge(Kind::kHttpRoutes, route, {{"spec", {{"rules", rules}}}}, "argocd-controller");
}

void People::SetWeights(const std::string& route, int percent) {
  EditRules(route, [&](json& rules) {
    for (json& rule : rules) {
      if (rule.value("name", std::string()).starts_with("softmig-")) continue;
      for (const MigrationPlan& plan : scenario_.migrations) {
        json& refs = rule["backendRefs"];
        const bool ours = std::ranges::any_of(refs, [&](const json& ref) { return ref.value("name", std::string()) == plan.legacy; });
        if (!ours) continue;
        refs = json::array({{{"group", ""}, {"kind", "Service"}, {"name", plan.legacy}, {"port", 8080}, {"weight", 100 - percent}}});
        if (percent > 0) {
          refs.push_back({{"group", ""}, {"kind", "Service"}, {"name", plan.target}, {"port", 8080}, {"weight", percent}});
        }
      }
    }
  });
}

void People::Fight(const std::string& route, int percent, Time until) {
  SetWeights(route, percent);
  if (loop_.now() >= until) return;
  loop_.After(random_.Within(milliseconds(500), seconds(8)), nullptr, [this, route, percent, until] { Fight(route, percent, until); });
}

void People::AddRule(const std::string& route) {
  EditRules(route, [&](json& rules) {
    const json match = json::array({{{"path", {{"type", "PathPrefix"}, {"value", fmt::format("/added{}", ++counter_)}}}}});
    const json rule = {
        {"name", fmt::format("added{}", counter_)}, {"matches", match}, {"backendRefs", json::array({{{"name", "static"}, {"port", 80}}})}};
    rules.insert(rules.begin(), rule);
  });
}

void People::RemakeRoute(const std::string& route, Time after) {
  cluster_.Delete(Kind::kHttpRoutes, route);
  if (MakerOf(scenario_, route) != nullptr) return;  // the operator does
  loop_.After(after, nullptr, [this, route] { cluster_.Create(Kind::kHttpRoutes, RouteJson(scenario_, route), kUser); });
}

void People::RemakeService(int migration, int side, Time after) {
  const std::string service = side == 0 ? Plan(migration).legacy : Plan(migration).target;
  cluster_.Delete(Kind::kServices, service);
  loop_.After(after, nullptr, [this, service] { cluster_.Create(Kind::kServices, ServiceJson(service), kUser); });
}

}  // namespace softmig::simulator
