#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "decide/decide.hpp"

namespace softmig::scenario {

using base::Millis;
using base::WallTime;

/// A route object and the gateway in front of it. Its text stands for the whole object.
struct WorldRoute {
  enum class Gateway { kAccepts, kSilent, kRefuses };
  std::string uid = "uid-1";
  bool exists = true;
  bool readable = true;
  bool writable = true;
  Gateway gateway = Gateway::kAccepts;
  int generation = 1, seen_by_gateway = 1;
  std::map<std::string, int> weights;  ///< by component
  std::map<std::string, std::vector<std::string>> flags;
  std::map<std::string, int> named;    ///< components whose rules name the target at weight 0 too: 1
  std::map<std::string, int> bridged;  ///< components whose rules name the bridge that is behind the route, and its weight: 0 or 100
  std::vector<model::RouteProblem> problems;
  std::string writer = "kubectl";
  std::optional<std::string> made_from;  ///< ours, from this template
  std::string refusal;                   ///< how the API server answers whoever writes a template; empty: it takes it
  bool refused = false;                  ///< it has answered so
  std::string template_problem;          ///< what is wrong with the template as it is in the spec

  [[nodiscard]] std::string Text() const { return nlohmann::json{weights, flags, named, bridged}.dump(); }
  void SetText(const std::string& text) {
    const auto both = nlohmann::json::parse(text);
    both.at(0).get_to(weights);
    both.at(1).get_to(flags);
    both.at(2).get_to(named);
    both.at(3).get_to(bridged);
    Wrote("softmigration");
  }
  /// What a template says: everybody on legacy.
  [[nodiscard]] std::string Rest() const {
    WorldRoute rest = *this;
    rest.Empty();
    return rest.Text();
  }
  void Empty() {
    for (auto& [component, weight] : weights) weight = 0;
    flags.clear();
    named.clear();
    bridged.clear();
  }
  [[nodiscard]] bool LeadsToBridge(const std::string& component) const {
    const auto weight = bridged.find(component);
    return weight != bridged.end() && weight->second > 0;
  }
  void Wrote(const std::string& who) {
    writer = who;
    ++generation;
    if (gateway == Gateway::kAccepts) seen_by_gateway = generation;
  }
};

/// What the poller has for one metric of one component.
struct WorldMetric {
  std::optional<model::Verdict> verdict = model::Verdict::kPass;  ///< nothing: it was never asked
  double value = 0;
  bool silent = false;  ///< the poller stopped at `at`
  WallTime at{};
};

/// The smallest world in which decisions can be carried out: one migration, its routes, both sides, its metrics.
struct World {
  model::Spec spec;
  model::Status status;
  std::vector<model::FieldError> errors;  ///< not empty: the spec does not parse
  std::int64_t generation = 1;
  bool deleting = false, finalizer = false;
  WallTime now{Millis(1'700'000'000'000)};
  std::map<std::string, WorldRoute> routes;
  decide::Observed<decide::BackendState> legacy = decide::BackendState{true, 2};
  decide::Observed<decide::BackendState> target = decide::BackendState{true, 2};
  decide::Observed<decide::BackendState> bridge = decide::BackendState{true, 2};
  std::map<std::pair<std::string, std::string>, WorldMetric> metrics;
  /// Those whose counts are judged by evidence, instead of the ones above.
  std::map<std::pair<std::string, std::string>, std::optional<decide::MetricObservation>> counted;

  explicit World(model::Spec with) : spec(std::move(with)) {
    for (const model::RouteRef& route : spec.routes) {
      for (const model::ComponentSpec& component : spec.components) routes[route.name].weights[component.name] = 0;
    }
    for (const model::ComponentSpec& component : spec.components) {
      for (const model::MetricSpec& metric : spec.metrics) metrics[{component.name, metric.name}] = {};
    }
  }

  [[nodiscard]] decide::Observation Observe() const {
    decide::Observation seen;
    seen.generation = generation;
    seen.deleting = deleting;
    seen.finalizer_present = finalizer;
    if (!errors.empty()) return seen;
    seen.legacy = legacy;
    seen.target = target;
    if (model::EntranceOf(spec) != nullptr) seen.bridge = bridge;
    for (const auto& [name, route] : routes) seen.routes[name] = ObserveRoute(name, route);
    for (const auto& [key, metric] : metrics) {
      if (metric.verdict) seen.metrics[key] = ObserveMetric(metric);
    }
    for (const auto& [key, metric] : counted) {
      seen.metrics.erase(key);
      if (metric) seen.metrics[key] = *metric;
    }
    return seen;
  }

  [[nodiscard]] decide::Decision Decide() const {
    if (!errors.empty()) return decide::DecideInvalid(errors, status, Observe(), now);
    return decide::Decide(spec, status, Observe(), now);
  }

  /// Carries a decision out as the shell does; true where something was written.
  bool Apply(const decide::Decision& decision) {
    for (const decide::Action& action : decision.actions) {
      if (!std::visit([this](const auto& one) { return Do(one); }, action) && decision.urgency != decide::Urgency::kSafety) break;
    }
    if (decision.next == status) return !decision.actions.empty();
    status = model::ParseStatus(model::ToJson(decision.next));
    return true;
  }

  /// The route is there as this migration made it.
  [[nodiscard]] bool Makes(const std::string& name) const { return !ManifestOf(name).empty() && routes.at(name).made_from.has_value(); }

  [[nodiscard]] bool Gone() const { return deleting && !finalizer; }

  void Recreate(const std::string& name) {
    WorldRoute& route = routes.at(name);
    route.exists = true;
    route.uid += "'";
    route.made_from.reset();
    route.Empty();
    route.Wrote("kubectl");
  }

 private:
  [[nodiscard]] std::string ManifestOf(const std::string& name) const {
    const auto route = std::ranges::find(spec.routes, name, &model::RouteRef::name);
    return route == spec.routes.end() ? std::string() : route->manifest;
  }

  [[nodiscard]] decide::RouteObservation ObserveRoute(const std::string& name, const WorldRoute& route) const {
    decide::RouteObservation seen;
    const std::string manifest = ManifestOf(name);
    if (route.refused && !manifest.empty()) seen.refused = route.refusal;
    if (!route.readable) {
      seen.state = decide::Failed{"Timeout: no answer"};
      return seen;
    }
    if (!route.exists) {
      seen.state = decide::Missing{"there is no such HTTPRoute"};
      return seen;
    }
    seen.state = State(route);
    seen.ours = Makes(name);
    const std::string text = seen.ours ? route.Rest() : route.Text();
    seen.template_pending = seen.ours && *route.made_from != manifest;
    const auto saved = std::ranges::find(status.routes, name, &model::SavedRoute::name);
    const bool adopted = saved != status.routes.end();
    if (seen.template_pending && adopted && !route.template_problem.empty()) {
      seen.template_problem = model::RouteProblem{"RuleNotFound", route.template_problem};
    }
    if (seen.ours) std::get<model::RouteState>(seen.state).mark = text;
    const bool same = adopted && saved->uid == route.uid;
    if (!same || (seen.ours && saved->saved != text)) seen.snapshot = text;
    if (same || (adopted && seen.ours)) seen.restore_pending = (seen.ours ? text : saved->saved) != route.Text();
    return seen;
  }

  [[nodiscard]] static model::RouteState State(const WorldRoute& route) {
    model::RouteState state;
    state.uid = route.uid;
    state.resource_version = std::to_string(route.generation);
    state.acceptance = route.seen_by_gateway == route.generation        ? model::Acceptance::kAccepted
                       : route.gateway == WorldRoute::Gateway::kRefuses ? model::Acceptance::kRejected
                                                                        : model::Acceptance::kWaiting;
    if (state.acceptance == model::Acceptance::kRejected) state.acceptance_message = "the gateway refuses it";
    state.last_writer = route.writer;
    state.problems = route.problems;
    for (const auto& [component, weight] : route.weights) {
      const auto flags = route.flags.find(component);
      const bool flagged = flags != route.flags.end() && !flags->second.empty();
      const bool all_bridge = route.LeadsToBridge(component);
      const bool names_bridge = route.bridged.contains(component);
      state.components.push_back({component,
                                  all_bridge ? std::nullopt : base::Percent::Make(weight),
                                  weight > 0 || route.named.contains(component),
                                  weight > 0 || flagged || all_bridge,
                                  flagged ? flags->second : std::vector<std::string>(),
                                  {},
                                  names_bridge,
                                  names_bridge,
                                  all_bridge});
    }
    return state;
  }

  [[nodiscard]] decide::MetricObservation ObserveMetric(const WorldMetric& metric) const {
    const WallTime at = metric.silent ? metric.at : now;
    analysis::Judgement judgement{*metric.verdict, metric.value, 100, at - spec.interval, at, "value " + std::to_string(metric.value)};
    decide::MetricObservation seen{judgement, {}, {}, {}};
    if (*metric.verdict == model::Verdict::kPass || *metric.verdict == model::Verdict::kBreach) seen.decisive = judgement;
    return seen;
  }

  bool Do(const decide::AddFinalizer&) {
    finalizer = true;
    return true;
  }
  bool Do(const decide::RemoveFinalizer&) {
    finalizer = false;
    return true;
  }
  bool Do(const decide::ApplyTraffic& apply) {
    WorldRoute& route = routes.at(apply.route);
    if (!route.exists || !route.writable) return false;
    SetTargets(route, apply.components);
    return true;
  }
  bool Do(const decide::CreateRoute& create) {
    WorldRoute& route = routes.at(create.route);
    if (route.exists || !TakesTemplate(route)) return false;
    Recreate(create.route);
    Make(route, create.route, create.components);
    return true;
  }
  bool Do(const decide::ApplyTemplate& apply) {
    WorldRoute& route = routes.at(apply.route);
    if (!route.exists || !TakesTemplate(route)) return false;
    route.Empty();
    Make(route, apply.route, apply.components);
    return true;
  }
  static bool TakesTemplate(WorldRoute& route) {
    route.refused = !route.refusal.empty();
    return route.writable && !route.refused;
  }
  void Make(WorldRoute& route, const std::string& name, const std::vector<decide::ComponentTarget>& components) {
    SetTargets(route, components);
    route.made_from = ManifestOf(name);
  }
  void SetTargets(WorldRoute& route, const std::vector<decide::ComponentTarget>& components) {
    for (const decide::ComponentTarget& component : components) {
      route.weights[component.component] = component.weight.value();
      std::vector<std::string> texts;
      for (const model::HeaderFlag& flag : spec.flags) texts.push_back(model::FlagText(flag));
      std::ranges::sort(texts);
      if (component.flags) route.flags[component.component] = texts;
      if (!component.flags) route.flags.erase(component.component);
      if (component.name_target || component.weight.value() > 0) route.named[component.component] = 1;
      SetBridge(route, component);
    }
    route.Wrote("softmigration");
  }
  static void SetBridge(WorldRoute& route, const decide::ComponentTarget& component) {
    using Bridge = model::BridgeUse;
    const std::string& name = component.component;
    if (component.bridge == Bridge::kNone) {
      route.bridged.erase(name);
    } else if (component.bridge == Bridge::kAll || component.name_target || route.bridged.contains(name)) {
      route.bridged[name] = component.bridge == Bridge::kAll ? 100 : 0;
    }
  }
  bool Do(const decide::RestoreRoute& restore) {
    WorldRoute& route = routes.at(restore.route);
    const auto saved = std::ranges::find(status.routes, restore.route, &model::SavedRoute::name);
    if (!route.exists || !route.writable || saved == status.routes.end()) return false;
    route.SetText(Makes(restore.route) ? route.Rest() : saved->saved);
    return true;
  }
};

}  // namespace softmig::scenario
