#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "decide_generators.hpp"

namespace softmig::decide::testing {
namespace {

using model::ComponentStatus;
using model::Status;

constexpr int kMostPasses = 40;

const ComponentStatus* Find(const Status& status, const std::string& name) {
  const auto it = std::ranges::find(status.components, name, &ComponentStatus::name);
  return it == status.components.end() ? nullptr : &*it;
}

bool Same(const Decision& a, const Decision& b) {
  return a.next == b.next && a.actions == b.actions && a.notes == b.notes && a.wake_at == b.wake_at && a.urgency == b.urgency;
}

bool Rises(const ComponentStatus& component, const Status& before) {
  return component.weight.value() > 0 && std::ranges::none_of(before.components, [&](const ComponentStatus& was) {
           return was.name == component.name && was.weight >= component.weight;
         });
}

bool Enters(const ComponentStatus& component, const Status& before) {
  return component.entered &&
         std::ranges::none_of(before.components, [&](const ComponentStatus& was) { return was.name == component.name && was.entered; });
}

bool RoutesAreWell(const Observation& seen, const model::Spec& spec) {
  return std::ranges::all_of(spec.routes, [&](const model::RouteRef& route) {
    const auto it = seen.routes.find(route.name);
    if (it == seen.routes.end() || !it->second.claims.empty()) return false;
    const auto* state = std::get_if<model::RouteState>(&it->second.state);
    return state != nullptr && state->problems.empty() && state->acceptance == model::Acceptance::kAccepted &&
           std::ranges::all_of(state->components, [](const auto& traffic) { return traffic.problems.empty(); });
  });
}

/// Every metric of the component passes on data from after its step was reached, as seen by this process.
bool EvidenceIsIn(const Observation& seen, const model::Spec& spec, const ComponentStatus& was, base::WallTime now) {
  return was.since && std::ranges::all_of(spec.metrics, [&](const model::MetricSpec& metric) {
           const auto it = seen.metrics.find({was.name, metric.name});
           if (it == seen.metrics.end() || !it->second.latest) return false;
           const auto& latest = *it->second.latest;
           const bool fresh = now - latest.at <= Millis(15'000);
           const auto& pass = latest.verdict == Verdict::kUndecided && it->second.decisive ? *it->second.decisive : latest;
           return fresh && pass.verdict == Verdict::kPass && pass.window_start >= *was.since;
         });
}

/// The gateway has known the target for a moment, and no metric is against beginning.
bool MayBegin(const Observation& seen, const model::Spec& spec, const ComponentStatus& was, base::WallTime now) {
  return was.since && *was.since + Millis(1'000) <= now && std::ranges::all_of(spec.metrics, [&](const model::MetricSpec& metric) {
           const auto it = seen.metrics.find({was.name, metric.name});
           if (it == seen.metrics.end() || !it->second.latest) return false;
           const auto& latest = *it->second.latest;
           return now - latest.at <= Millis(15'000) && latest.verdict != Verdict::kError && latest.verdict != Verdict::kBreach;
         });
}

void CheckRise(const model::Spec& spec, const Status& status, const Observation& seen, base::WallTime now) {
  RC_ASSERT(Serves(seen.legacy));
  RC_ASSERT(Serves(seen.target));
  RC_ASSERT(RoutesAreWell(seen, spec));
  RC_ASSERT(!spec.paused);
  RC_ASSERT(!seen.deleting);
  RC_ASSERT(spec.desired_phase != model::DesiredPhase::kPending);
  RC_ASSERT(std::ranges::none_of(status.drift, [&](const model::DriftRecord& drift) {
    return drift.reverted >= 2 && now - drift.last < Millis(600'000) && status.attempt == spec.attempt && !status.routes.empty();
  }));
}

/// The action lowers or restores only, and as recorded or because the object is deleted: it may go before the record of something else.
bool TakesBack(const Action& action, const Status& status, bool deleting) {
  if (std::holds_alternative<RestoreRoute>(action)) return true;
  const auto* apply = std::get_if<ApplyTraffic>(&action);
  return apply != nullptr && std::ranges::all_of(apply->components, [&](const ComponentTarget& target) {
           const ComponentStatus* recorded = Find(status, target.component);
           if (target.weight.value() > 0 || target.flags || target.bridge == model::BridgeUse::kAll) return false;
           return deleting || (recorded != nullptr && recorded->weight.value() == 0);
         });
}

/// Users are let in through a bridge only where all is well, and the bridge answers.
void CheckEntry(const model::Spec& spec, const Status& status, const Observation& seen, base::WallTime now) {
  CheckRise(spec, status, seen, now);
  RC_ASSERT(model::EntranceOf(spec) != nullptr);
  RC_ASSERT(Serves(seen.bridge));
}

/// A backend that users are sent to is taken out of a route only where weights could not be written, or were for ten seconds in vain.
void CheckRestore(const std::string& name, const model::Spec& spec, const Status& status, const Observation& seen, base::WallTime now) {
  const auto& state = std::get<model::RouteState>(seen.routes.at(name).state);
  const bool steerable =
      state.problems.empty() && std::ranges::all_of(state.components, [&](const model::ComponentTraffic& traffic) {
        return traffic.problems.empty() && std::ranges::count(spec.components, traffic.component, &model::ComponentSpec::name) == 1;
      });
  if (!steerable || std::ranges::none_of(state.components, &model::ComponentTraffic::any_target)) return;
  RC_ASSERT(std::ranges::all_of(status.components, [&](const ComponentStatus& component) {
    return component.weight.value() == 0 && component.since && now - *component.since >= Millis(10'000);
  }));
}

/// What holds of every decision whatever the inputs.
Decision Checked(const model::Spec& spec, const Status& status, const Observation& seen, base::WallTime now) {
  const Decision decision = Decide(spec, status, seen, now);
  RC_ASSERT(Same(decision, Decide(spec, status, seen, now)));
  RC_ASSERT(decision.next == status ||
            std::ranges::all_of(decision.actions, [&](const Action& action) { return TakesBack(action, status, seen.deleting); }));
  RC_ASSERT(decision.next == status || model::ParseStatus(model::ToJson(decision.next)) == decision.next);
  RC_ASSERT(!decision.wake_at || *decision.wake_at > now);
  for (const Action& action : decision.actions) {
    if (const auto* restore = std::get_if<RestoreRoute>(&action)) CheckRestore(restore->route, spec, status, seen, now);
  }
  for (const ComponentStatus& component : decision.next.components) {
    if (Enters(component, status)) CheckEntry(spec, status, seen, now);
    if (!Rises(component, status)) continue;
    CheckRise(spec, status, seen, now);
    const ComponentStatus* was = Find(status, component.name);
    if (model::EntranceOf(spec) != nullptr) RC_ASSERT(Serves(seen.bridge));
    if (was == nullptr || was->phase != Phase::kShift) continue;
    if (model::EntranceOf(spec) != nullptr) RC_ASSERT(was->entered);
    const bool begins = was->weight.value() == 0;
    RC_ASSERT((begins ? MayBegin(seen, spec, *was, now) : EvidenceIsIn(seen, spec, *was, now)));
    if (was->step < 0 || was->step >= static_cast<int>(spec.steps.size())) continue;
    const model::Step& step = spec.steps[static_cast<std::size_t>(was->step)];
    if (step.weight == was->weight) RC_ASSERT(*was->since + step.hold <= now);
  }
  return decision;
}

bool Ended(const Status& before, const Status& after) {
  return std::ranges::any_of(after.components, [&](const ComponentStatus& component) {
    const ComponentStatus* was = Find(before, component.name);
    const bool end = component.phase == Phase::kComplete || component.phase == Phase::kRolledBack || component.phase == Phase::kPending;
    return end && (was == nullptr || was->phase != component.phase);
  });
}

bool UsersOnTarget(const Observation& seen, const std::string& component) {
  return std::ranges::any_of(seen.routes, [&](const auto& entry) {
    const auto* state = std::get_if<model::RouteState>(&entry.second.state);
    if (state == nullptr) return false;
    const auto it = std::ranges::find(state->components, component, &model::ComponentTraffic::component);
    return it != state->components.end() && it->any_target;
  });
}

/// A step or a rollback that was recorded is carried out in the very next pass, whatever else that pass records.
void CheckFollowUp(const World& world, const Decision& decision) {
  if (Ended(world.status, decision.next) || !RoutesAreWell(world.Observe(), world.spec)) return;
  const Decision following = Decide(world.spec, decision.next, world.Observe(), world.now);
  RC_LOG() << "before " << model::ToJson(world.status) << "\nthen " << model::ToJson(decision.next) << "\nthen "
           << model::ToJson(following.next);
  bool taken_back = false;
  for (const ComponentStatus& component : decision.next.components) {
    const ComponentStatus* was = Find(world.status, component.name);
    const bool lowered = was == nullptr || was->weight.value() > 0;
    const bool rollback = component.phase == Phase::kRollingBack && component.weight.value() == 0 && lowered;
    if (rollback && UsersOnTarget(world.Observe(), component.name)) RC_ASSERT(!following.actions.empty());
    taken_back = taken_back || rollback;
  }
  for (const ComponentStatus& component : decision.next.components) {
    if (!Rises(component, world.status)) continue;
    RC_ASSERT(!taken_back);
    // A step may begin without evidence; where the deadline for it is zero, it ends at once.
    if (world.spec.on_no_evidence.deadline == Millis(0)) continue;
    RC_ASSERT(following.next == decision.next || Ended(decision.next, following.next));
  }
}

/// A template that is written anew moves nobody away from where they are, or are to be.
void CheckTemplates(const World& world, const Decision& decision) {
  for (const Action& action : decision.actions) {
    const auto* apply = std::get_if<ApplyTemplate>(&action);
    if (apply == nullptr) continue;
    for (const auto& [component, weight] : world.routes.at(apply->route).weights) {
      const auto target = std::ranges::find(apply->components, component, &ComponentTarget::component);
      const int next = target == apply->components.end() ? 0 : target->weight.value();
      const ComponentStatus* recorded = Find(world.status, component);
      RC_ASSERT(next == weight || (recorded != nullptr && !world.status.routes.empty() && next == recorded->weight.value()));
    }
  }
}

void Settle(World& world) {
  for (int i = 0; i < kMostPasses && !world.Gone(); ++i) {
    const Decision decision = Checked(world.spec, world.status, world.Observe(), world.now);
    if (decision.next != world.status) CheckFollowUp(world, decision);
    CheckTemplates(world, decision);
    const bool wrote = world.Apply(decision);
    if (!wrote) return;
    // A route that refuses to be written is tried again for ever; the shell waits longer and longer.
    const bool stuck =
        decision.next == world.status && std::ranges::any_of(world.routes, [](const auto& entry) { return !entry.second.writable; });
    if (stuck && i > 10) return;
  }
  RC_ASSERT(world.Gone() || world.Decide().actions.empty());
  RC_ASSERT(world.Gone() || world.Decide().next == world.status);
}

World Lived() {
  World world(AnySpec());
  for (int i = Int(0, 25); i > 0; --i) {
    AnyEvent(world);
    Settle(world);
  }
  return world;
}

bool AnyRises(const Decision& decision, const Status& before) {
  return std::ranges::any_of(decision.next.components, [&](const ComponentStatus& component) { return Rises(component, before); });
}

/// Lives until the next decision raises a weight; false where that does not come.
bool LiveUntilRise(World& world, int rises) {
  for (int i = 0; i < 60; ++i) {
    const Decision decision = world.Decide();
    if (AnyRises(decision, world.status) && rises-- == 0) return true;
    if (!world.Apply(decision)) world.now += Millis(30'000);
  }
  return false;
}

void BreakARoute(Observation& seen) {
  RouteObservation& route = std::next(seen.routes.begin(), Int(0, static_cast<int>(seen.routes.size()) - 1))->second;
  auto& state = std::get<model::RouteState>(route.state);
  switch (Int(0, 6)) {
    case 0: route.claims = {{"RuleClaimedTwice", "two"}}; break;
    case 1: state.problems = {{"TooManyRules", "many"}}; break;
    case 2: state.components.front().problems = {{"ThirdBackend", "third"}}; break;
    case 3: state.acceptance = model::Acceptance::kWaiting; break;
    case 4: state.acceptance = model::Acceptance::kRejected; break;
    case 5: route.state = Missing{"gone"}; break;
    default: route.state = Failed{"Timeout: x"};
  }
}

/// An Error, a breach and silence stop a first step; anything but a pass, and a pass on older data, stop the others.
void BreakAMetric(Observation& seen, base::WallTime now) {
  const int how = Int(0, 4);
  for (auto& [key, metric] : seen.metrics) {
    if (how == 0) metric.latest->verdict = Verdict::kError;
    if (how == 1) metric.latest->verdict = Verdict::kBreach;
    if (how == 2) metric.latest->at = now - Millis(60'000);
    if (how == 3) metric = {};
    if (how == 4) metric.latest->verdict = Verdict::kStale;
    metric.decisive.reset();
  }
}

void BreakOneGate(World& world, Observation& seen) {
  switch (Int(0, 6)) {
    case 0:
      (Maybe() ? seen.legacy : seen.target) =
          *rc::gen::element<Observed<BackendState>>(Missing{}, Failed{}, BackendState{true, 0}, BackendState{false, 2});
      return;
    case 1: world.spec.paused = true; return;
    case 2: world.spec.desired_phase = model::DesiredPhase::kPending; return;
    case 3: seen.deleting = true; return;
    case 4: BreakAMetric(seen, world.now); return;
    default: BreakARoute(seen);
  }
}

/// A spec under which a healthy world goes all the way, in three rises or more.
model::Spec RisingSpec() {
  model::Spec spec = AnySpec();
  spec.paused = false;
  spec.desired_phase = model::DesiredPhase::kComplete;
  spec.steps = fakes::MakeMigration().Steps({{10, Millis(20'000)}, {50, Millis(0)}, {100, Millis(0)}}).Spec().steps;
  return spec;
}

RC_GTEST_PROP(DecideProperty, OneBrokenGateStopsARise, ()) {
  World world(RisingSpec());
  RC_ASSERT(LiveUntilRise(world, Int(0, 2)));
  Observation seen = world.Observe();
  BreakOneGate(world, seen);
  const Decision decision = Checked(world.spec, world.status, seen, world.now);
  RC_ASSERT(!AnyRises(decision, world.status));
}

RC_GTEST_PROP(DecideProperty, AConflictStopsARise, ()) {
  World world(RisingSpec());
  RC_ASSERT(LiveUntilRise(world, Int(1, 2)));
  world.status.drift = {{world.spec.routes.front().name, Int(2, 5), world.now, world.now}};
  RC_ASSERT(!AnyRises(world.Decide(), world.status));
}

RC_GTEST_PROP(DecideProperty, IsTotalPureAndNeverRaisesWithoutEveryGate, ()) {
  const base::WallTime now{Millis(1'700'000'000'000)};
  const model::Spec spec = AnyJudgedSpec();
  const Status status = AnyStatus(now);
  const Observation seen = AnyObservation(spec, now);
  Checked(spec, status, seen, now);
  for (const model::ComponentSpec& component : spec.components) (void)WantsMetrics(spec, status, component.name);
  const Decision invalid = DecideInvalid({{"spec.x", *rc::gen::arbitrary<std::string>()}}, status, seen, now);
  RC_ASSERT(invalid.next == status ||
            std::ranges::all_of(invalid.actions, [&](const Action& action) { return TakesBack(action, status, seen.deleting); }));
  (void)Decide(model::Spec{}, status, seen, now);
}

RC_GTEST_PROP(DecideProperty, ReachesRestWhileNothingChanges, ()) {
  const base::WallTime now{Millis(1'700'000'000'000)};
  const model::Spec spec = AnyJudgedSpec();
  const Observation seen = AnyObservation(spec, now);
  Status status = AnyStatus(now);
  for (int i = 0; i < 12; ++i) {
    const Decision decision = Checked(spec, status, seen, now);
    if (decision.next == status) return;
    status = decision.next;
  }
  RC_FAIL("status is written again and again");
}

RC_GTEST_PROP(DecideProperty, SettlesAfterWhateverHappens, ()) { Lived(); }

RC_GTEST_PROP(DecideProperty, AtRestNewValuesOfTheSameVerdictsWriteNothing, ()) {
  World world = Lived();
  Settle(world);
  // Why there is no evidence is another matter: it is told anew, once a minute.
  for (auto& [key, metric] : world.metrics) {
    if (metric.verdict == Verdict::kPass || metric.verdict == Verdict::kBreach) metric.value += 1;
  }
  const Decision decision = world.Decide();
  RC_ASSERT(decision.next == world.status);
}

RC_GTEST_PROP(DecideProperty, ABreachBringsEveryShiftingComponentBack, ()) {
  World world = Lived();
  Heal(world);
  for (auto& [name, route] : world.routes) route.problems.clear();
  Settle(world);
  world.spec.on_breach = model::BreachPolicy::kRollback;
  if (world.spec.desired_phase == model::DesiredPhase::kPending) world.spec.desired_phase = model::DesiredPhase::kShift;
  std::vector<std::string> shifting;
  for (const ComponentStatus& component : world.status.components) {
    const bool has_users = component.phase == Phase::kShift && component.weight.value() > 0;
    if (has_users || component.phase == Phase::kRollingBack) shifting.push_back(component.name);
  }
  // What must not stand in its way.
  world.spec.paused = Maybe();
  world.finalizer = world.finalizer && Maybe();
  for (auto& [name, route] : world.routes) {
    if (Maybe()) route.problems = {{"ThirdBackend", "third"}};
    if (Int(0, 3) == 0) route.exists = false;
  }
  for (auto& [key, metric] : world.metrics) metric = {Verdict::kBreach, 1, false, world.now};
  Settle(world);
  world.now += Millis(6'000);  // a conflict slows a rollback down to one write in five seconds
  Settle(world);
  for (const std::string& name : shifting) {
    RC_ASSERT(Find(world.status, name)->phase == Phase::kRolledBack);
    for (const auto& [route_name, route] : world.routes)
      RC_ASSERT(!route.exists || (route.weights.at(name) == 0 && !route.flags.contains(name) && !route.LeadsToBridge(name)));
  }
}

RC_GTEST_PROP(DecideProperty, NobodyStaysAtADeadBridgeWhileLegacyServes, ()) {
  World world(RisingSpec());
  const fakes::MigrationBuilder with = fakes::MakeMigration().BridgeBehind();
  world = World([&] {
    model::Spec spec = world.spec;
    spec.routes = with.Spec().routes;
    spec.components = {{"all", {}, {}}};
    return spec;
  }());
  for (int i = Int(0, 12); i > 0; --i) {
    if (!world.Apply(world.Decide())) world.now += Millis(30'000);
  }
  // What must not stand in its way.
  world.spec.paused = Maybe();
  world.finalizer = world.finalizer && Maybe();
  world.routes.at("web").gateway = Maybe() ? WorldRoute::Gateway::kSilent : WorldRoute::Gateway::kAccepts;
  world.routes.at("web").writable = Maybe();
  if (Maybe()) world.routes.at(model::kEntrance).problems = {{"ThirdBackend", "third"}};
  for (auto& [key, metric] : world.metrics) metric = {AnyVerdict(), 1, Maybe(), world.now};
  world.bridge = *rc::gen::element<Observed<BackendState>>(Missing{}, BackendState{true, 0}, BackendState{false, 2});
  Settle(world);
  RC_ASSERT(!world.routes.at(model::kEntrance).LeadsToBridge("all"));
}

RC_GTEST_PROP(DecideProperty, DeletionPutsTheRoutesBack, ()) {
  World world = Lived();
  const bool complete = std::ranges::all_of(world.status.components, [](const ComponentStatus& c) { return c.phase == Phase::kComplete; });
  const bool was_finalized = world.finalizer;
  world.deleting = true;
  Settle(world);
  Heal(world);
  for (auto& [name, route] : world.routes) {
    if (Int(0, 3) == 0) route.exists = false;
  }
  Settle(world);
  world.now += Millis(6'000);  // for who came through a bridge
  Settle(world);
  RC_ASSERT(world.Gone());
  if (!was_finalized || complete) return;
  for (const model::SavedRoute& saved : world.status.routes) {
    const WorldRoute& route = world.routes.at(saved.name);
    RC_ASSERT(!route.exists || route.uid != saved.uid || route.Text() == saved.saved);
    RC_ASSERT(!route.exists || !world.Makes(saved.name) || route.Text() == route.Rest());
  }
}

RC_GTEST_PROP(DecideProperty, LoweringToPendingTakesEverybodyBackAndLetsGo, ()) {
  World world = Lived();
  Heal(world);
  for (auto& [name, route] : world.routes) route.problems.clear();
  world.spec.desired_phase = model::DesiredPhase::kPending;
  const std::vector<model::SavedRoute> saved = world.status.routes;
  Settle(world);
  world.now += Millis(6'000);
  Settle(world);
  RC_ASSERT(world.status.routes.empty());
  RC_ASSERT(!world.finalizer);
  RC_ASSERT(world.status.current_weight == 0);
  for (const model::SavedRoute& route : saved) {
    const WorldRoute& now = world.routes.at(route.name);
    if (now.exists && now.uid == route.uid) RC_ASSERT(now.Text() == route.saved);
  }
}

}  // namespace
}  // namespace softmig::decide::testing
