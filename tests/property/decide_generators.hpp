#pragma once

#include <fmt/format.h>
#include <rapidcheck.h>

#include <string>
#include <utility>
#include <vector>

#include "fakes/builders.hpp"
#include "scenario/world.hpp"

/// Random specs, statuses, observations and events. All functions draw: call them within a property only.
namespace softmig::decide::testing {

using base::Millis;
using model::Phase;
using model::Verdict;
using scenario::World;
using scenario::WorldRoute;

/// Evenly over the whole range from the first case on: plain inRange begins with small numbers only.
inline int Int(int from, int to) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to + 1)); }
inline bool Maybe() { return Int(0, 1) == 1; }
inline base::Percent AnyPercent() { return base::Percent::Of(*rc::gen::element(0, 1, 10, 30, 50, 99, 100)); }
inline base::WallTime AnyTime(base::WallTime now) {
  return now + Millis(1000 * *rc::gen::element(-100'000, -3'600, -700, -61, -20, -5, -1, 0, 1, 30, 4'000));
}
inline Verdict AnyVerdict() { return static_cast<Verdict>(Int(0, static_cast<int>(Verdict::kError))); }

inline std::vector<std::pair<int, Millis>> AnySteps() {
  std::vector<std::pair<int, Millis>> steps;
  for (const int weight : {1, 10, 50}) {
    if (Maybe()) steps.emplace_back(weight, Millis(*rc::gen::element(0, 1'000, 60'000)));
  }
  steps.emplace_back(100, Millis(*rc::gen::element(0, 60'000)));
  return steps;
}

inline model::Spec AnySpec() {
  fakes::MigrationBuilder builder;
  builder.Routes(Maybe() ? std::vector<std::string>{"web"} : std::vector<std::string>{"web", "api"});
  switch (Int(0, 2)) {
    case 0: builder.Components({{"all", {}}}); break;
    case 1: builder.Components({{"refunds", {}}, {"checkout", {}}}); break;
    default: builder.Components({{"refunds", {}}, {"checkout", {"refunds"}}, {"search", {}}}); break;
  }
  builder.Metrics(Maybe() ? std::vector<std::string>{"errors"} : std::vector<std::string>{"errors", "latency"}).Steps(AnySteps());
  if (Maybe()) builder.Flag("x-beta", "1");
  builder.Desired(*rc::gen::element(model::DesiredPhase::kComplete, model::DesiredPhase::kComplete, model::DesiredPhase::kShift,
                                    model::DesiredPhase::kPending));
  builder.OnBreach(Int(0, 3) == 0 ? model::BreachPolicy::kHold : model::BreachPolicy::kRollback);
  builder.OnNoEvidence(Millis(*rc::gen::element(0, 30'000, 900'000)),
                       Maybe() ? model::BreachPolicy::kHold : model::BreachPolicy::kRollback);
  model::Spec spec = builder.Spec();
  if (Int(0, 3) == 0) {
    const fakes::MigrationBuilder with = fakes::MakeMigration().BridgeBehind();
    spec.routes = with.Spec().routes;
    spec.components = {{"all", {}, {}}};
  } else if (Int(0, 3) == 0) {
    for (model::RouteRef& route : spec.routes) route.manifest = R"({"spec":{"version":0}})";
  }
  spec.paused = Int(0, 5) == 0;
  spec.attempt = Int(1, 2);
  return spec;
}

inline Observed<BackendState> AnySide() {
  switch (Int(0, 6)) {
    case 0: return Missing{"there is no such Service"};
    case 1: return Failed{"Timeout: " + std::to_string(Int(0, 9))};
    case 2: return BackendState{true, 0};
    case 3: return BackendState{false, 1};
    default: return BackendState{true, 2};
  }
}

// One thing that happens to the world.

inline void RouteEvent(World& world) {
  auto& [name, route] = *std::next(world.routes.begin(), Int(0, static_cast<int>(world.routes.size()) - 1));
  switch (Int(0, 8)) {
    case 0: route.exists = false; break;
    case 1: world.Recreate(name); break;
    case 2: route.readable = !route.readable; break;
    case 3: route.writable = !route.writable; break;
    case 4:
      route.problems = Maybe() ? std::vector<model::RouteProblem>{{"ThirdBackend", "third"}} : std::vector<model::RouteProblem>();
      break;
    case 5: route.gateway = WorldRoute::Gateway::kSilent; break;
    case 6: route.gateway = WorldRoute::Gateway::kRefuses; break;
    case 7:
      route.gateway = WorldRoute::Gateway::kAccepts;
      route.seen_by_gateway = route.generation;
      break;
    default: {
      auto& [component, weight] = *std::next(route.weights.begin(), Int(0, static_cast<int>(route.weights.size()) - 1));
      weight = Int(0, 100);
      if (route.bridged.contains(component)) route.bridged[component] = weight == 0 && Maybe() ? 100 : 0;
      route.Wrote("argocd-controller");
    }
  }
}

inline void MetricEvent(World& world) {
  auto& metric = std::next(world.metrics.begin(), Int(0, static_cast<int>(world.metrics.size()) - 1))->second;
  metric.verdict = Int(0, 6) == 0 ? std::nullopt : std::optional(Maybe() ? Verdict::kPass : AnyVerdict());
  metric.silent = Int(0, 4) == 0;
  metric.at = world.now;
  metric.value = Int(0, 9);
}

inline void SpecEvent(World& world) {
  ++world.generation;
  switch (Int(0, 6)) {
    case 6:
      for (model::RouteRef& route : world.spec.routes) {
        if (!route.manifest.empty()) route.manifest = fmt::format(R"({{"spec":{{"version":{}}}}})", world.generation);
      }
      break;
    case 0: world.spec.paused = !world.spec.paused; break;
    case 1: world.spec.desired_phase = static_cast<model::DesiredPhase>(Int(0, 2)); break;
    case 2: ++world.spec.attempt; break;
    case 3: world.spec.steps = fakes::MakeMigration().Steps(AnySteps()).Spec().steps; break;
    case 4: world.spec.on_breach = model::BreachPolicy::kRollback; break;
    default: world.spec.metrics.front().counts->max_rate += 0.001;
  }
}

inline void AnyEvent(World& world) {
  switch (Int(0, 9)) {
    case 0: return RouteEvent(world);
    case 1: return MetricEvent(world);
    case 2: return SpecEvent(world);
    case 3: *(*rc::gen::element(&world.legacy, &world.target, &world.bridge)) = AnySide(); return;
    default: world.now += Millis(*rc::gen::element(0, 1'000, 10'000, 61'000, 61'000, 700'000));
  }
}

/// Everything that a rollback or a restore needs works (again).
inline void Heal(World& world) {
  for (auto& [name, route] : world.routes) {
    route.readable = route.writable = true;
    route.gateway = WorldRoute::Gateway::kAccepts;
    route.seen_by_gateway = route.generation;
  }
  world.legacy = world.target = world.bridge = BackendState{true, 2};
}

// Values nobody would make on purpose.

inline model::ComponentStatus AnyComponentStatus(base::WallTime now) {
  model::ComponentStatus component;
  component.name = *rc::gen::element<std::string>("all", "refunds", "checkout", "search", "gone", "");
  component.phase = static_cast<Phase>(Int(0, static_cast<int>(Phase::kInvalid)));
  component.step = Int(-1, 31);
  component.weight = AnyPercent();
  component.entered = Maybe();
  if (Maybe()) component.since = AnyTime(now);
  component.waiting_for = *rc::gen::arbitrary<std::string>();
  for (int i = Int(0, 2); i > 0; --i) {
    component.metrics.push_back(
        {*rc::gen::element<std::string>("errors", "latency", ""), AnyVerdict(), {}, {}, AnyTime(now), AnyTime(now), "x"});
  }
  return component;
}

inline model::Status AnyStatus(base::WallTime now) {
  model::Status status;
  status.attempt = Int(0, 3);
  status.phase = static_cast<Phase>(Int(0, static_cast<int>(Phase::kInvalid)));
  status.current_weight = Int(0, 100);
  for (int i = Int(0, 4); i > 0; --i) status.components.push_back(AnyComponentStatus(now));
  for (const char* route : {"web", "api", "gone", model::kEntrance}) {
    if (Int(0, 2) > 0) status.routes.push_back({route, *rc::gen::element<std::string>("uid-1", "uid-2"), "[{},{}]"});
    if (Int(0, 4) == 0) status.drift.push_back({route, *rc::gen::element(0, 1, 2, 3, 2'147'483'647), AnyTime(now), AnyTime(now)});
  }
  if (Maybe()) {
    status.last_rollback = model::RollbackRecord{AnyTime(now), "all", AnyPercent(), "MetricBreached", "", {}, "", {}, {}, {}};
  }
  if (Maybe()) status.conditions.push_back({"TrafficApplied", model::ConditionStatus::kFalse, 1, now, "OwnershipConflict", "who"});
  if (Maybe()) status.evidence_hash = "0123456789abcdef";
  return status;
}

inline RouteObservation AnyRouteObservation(const model::Spec& spec) {
  RouteObservation seen;
  const int kind = Int(0, 7);
  if (kind == 0) seen.state = Failed{"Timeout: x"};
  if (kind <= 1) return seen;
  model::RouteState state;
  state.uid = *rc::gen::element<std::string>("uid-1", "uid-2");
  if (Maybe()) state.mark = "[{},{}]";
  state.acceptance = static_cast<model::Acceptance>(*rc::gen::element(0, 0, 0, 1, 2));
  for (const model::ComponentSpec& component : spec.components) {
    if (Int(0, 5) == 0) continue;
    model::ComponentTraffic traffic{component.name, AnyPercent(), Maybe(), Maybe(), {}, {}};
    if (Int(0, 3) == 0) traffic.weight.reset();
    if (Int(0, 7) == 0) traffic.problems = {{"RuleNotFound", "no such rule"}};
    if (Maybe()) traffic.flags = {"x-beta=1"};
    traffic.any_bridge = Maybe();
    traffic.names_bridge = traffic.any_bridge && Maybe();
    traffic.all_bridge = traffic.names_bridge && Maybe();
    state.components.push_back(std::move(traffic));
  }
  seen.state = std::move(state);
  if (Maybe()) seen.snapshot = "[{},{}]";
  if (Int(0, 9) == 0) seen.snapshot_error = "too large";
  seen.restore_pending = Maybe();
  if (Int(0, 9) == 0) seen.claims = {{"RuleClaimedTwice", "two"}};
  seen.ours = Maybe();
  seen.template_pending = seen.ours && Maybe();
  if (seen.template_pending && Maybe()) seen.template_problem = model::RouteProblem{"RuleNotFound", "no such rule"};
  if (Int(0, 5) == 0) seen.refused = "Forbidden";
  return seen;
}

/// Some judge their counts by evidence.
inline model::Spec AnyJudgedSpec() {
  model::Spec spec = AnySpec();
  for (model::MetricSpec& metric : spec.metrics) {
    if (metric.counts && Maybe()) metric.counts->rule = model::MetricSpec::Counts::Rule::kMaxRate;
  }
  return spec;
}

/// Evidence on a few windows of any counts.
inline std::shared_ptr<const analysis::CountsView> AnyCounts(const model::Spec& spec, const model::MetricSpec& metric, base::WallTime now) {
  const auto rule = std::make_shared<const analysis::EvidenceRule>(*analysis::RuleFor(spec, metric, "any"));
  analysis::MetricEvidence evidence;
  if (Maybe()) evidence = analysis::StartStage(*rule, evidence);
  for (int i = Int(1, 4); i > 0; --i) {
    const double n = Int(0, 2'000);
    const double legacy = Int(0, 2'000);
    const base::WallTime end = now - Millis(5'000) * i;
    evidence =
        analysis::Advance(*rule, evidence, {end - Millis(5'000), end, {n, std::min<double>(n, Int(0, 40))}, analysis::Counts{legacy, 0}});
  }
  if (Maybe()) evidence.stage_since = AnyTime(now);
  return std::make_shared<const analysis::CountsView>(
      analysis::CountsView{rule, evidence, analysis::Assess(*rule, evidence), 10.0 * Int(0, 9)});
}

inline Observation AnyObservation(const model::Spec& spec, base::WallTime now) {
  Observation seen;
  seen.generation = Int(0, 3);
  seen.deleting = Int(0, 5) == 0;
  seen.finalizer_present = Maybe();
  seen.header_flags_supported = Int(0, 5) > 0;
  seen.legacy = AnySide();
  seen.target = AnySide();
  seen.bridge = AnySide();
  for (const model::RouteRef& route : spec.routes) {
    if (Int(0, 9) > 0) seen.routes[route.name] = AnyRouteObservation(spec);
  }
  for (const model::ComponentSpec& component : spec.components) {
    for (const model::MetricSpec& metric : spec.metrics) {
      const analysis::Judgement judgement{Maybe() ? Verdict::kPass : AnyVerdict(), 0.5, 100, AnyTime(now), AnyTime(now), "half"};
      if (Int(0, 4) > 0)
        seen.metrics[{component.name, metric.name}] = {
            judgement, judgement, {}, metric.counts && Maybe() ? AnyCounts(spec, metric, now) : nullptr};
    }
  }
  return seen;
}

}  // namespace softmig::decide::testing
