#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/spec.hpp"

namespace softmig::fakes {

/// A valid migration of one route, one component and one metric, to be varied: `MakeMigration().Steps({{10, 60s}, {100, 0s}}).Spec()`.
class MigrationBuilder {
 public:
  MigrationBuilder() {
    spec_.legacy = {"shop-legacy", 8080};
    spec_.target = {"shop-next", 8080};
    Routes({"web"}).Components({{"all", {}}}).Metrics({"errors"}).Steps({{10, base::Millis(60'000)}, {100, base::Millis(0)}});
  }
  MigrationBuilder& Routes(const std::vector<std::string>& names) {
    spec_.routes.clear();
    for (const std::string& name : names) spec_.routes.push_back({name, "route-" + name});
    return *this;
  }
  /// One bridge, behind the HTTPRoute `route-web`; of components there is only "all" then.
  MigrationBuilder& BridgeBehind() {
    model::RouteRef bridge{"web", "bridge-web"};
    bridge.kind = model::RouteKind::kBridge;
    bridge.port = 8080;
    bridge.replicas = 2;
    bridge.has_entrance = true;
    model::RouteRef entrance{model::kEntrance, "route-web"};
    entrance.bridge = model::Side{bridge.object, bridge.port};
    spec_.routes = {bridge, entrance};
    return *this;
  }
  /// Names, each with those that must be complete first.
  MigrationBuilder& Components(const std::vector<std::pair<std::string, std::vector<std::string>>>& components) {
    spec_.components.clear();
    for (const auto& [name, after] : components) {
      std::vector<model::RuleRef> rules;
      for (const model::RouteRef& route : spec_.routes) rules.push_back({route.name, name, {}});
      spec_.components.push_back({name, name == "all" ? std::vector<model::RuleRef>() : rules, after});
    }
    return *this;
  }
  MigrationBuilder& Steps(const std::vector<std::pair<int, base::Millis>>& steps) {
    spec_.steps.clear();
    for (const auto& [weight, hold] : steps) spec_.steps.push_back({base::Percent::Of(weight), hold});
    return *this;
  }
  /// Each judges every component.
  MigrationBuilder& Metrics(const std::vector<std::string>& names) {
    spec_.metrics.clear();
    for (const std::string& name : names) {
      model::MetricSpec metric;
      metric.name = name;
      metric.address = "http://prometheus:9090";
      metric.counts.emplace();
      metric.counts->target = {"bad", "total", {}};
      metric.counts->rule = model::MetricSpec::Counts::Rule::kThreshold;
      metric.counts->max_rate = 0.01;
      metric.counts->min_requests = 100;
      spec_.metrics.push_back(std::move(metric));
    }
    return *this;
  }
  MigrationBuilder& Flag(const std::string& header, const std::string& value) {
    spec_.flags.push_back({{{header, value}}});
    return *this;
  }
  MigrationBuilder& Desired(model::DesiredPhase phase) {
    spec_.desired_phase = phase;
    return *this;
  }
  MigrationBuilder& OnBreach(model::BreachPolicy policy) {
    spec_.on_breach = policy;
    return *this;
  }
  MigrationBuilder& OnNoEvidence(base::Millis deadline, model::BreachPolicy then) {
    spec_.on_no_evidence = {deadline, then};
    return *this;
  }
  [[nodiscard]] const model::Spec& Spec() const { return spec_; }

 private:
  model::Spec spec_;
};

inline MigrationBuilder MakeMigration() { return {}; }

}  // namespace softmig::fakes
