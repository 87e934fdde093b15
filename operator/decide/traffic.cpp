// What the routes show against what is recorded, and the writes that close the gap.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::ComponentTraffic;
using model::Phase;
using model::RouteState;

/// How much of a route may be written now.
enum class Scope { kNothing, kRollback, kAll };

/// A held rollback (legacy is dead) keeps the flags too: it changes nothing at all.
bool FlagsWanted(const model::Spec& spec, const ComponentStatus& component) {
  const bool on = component.phase == Phase::kShift || component.phase == Phase::kRollingBack;
  return on && !spec.flags.empty() && component.weight.value() > 0;
}

std::vector<std::string> WantedFlags(const model::Spec& spec, const ComponentStatus& component) {
  return FlagsWanted(spec, component) ? model::FlagTexts(spec.flags) : std::vector<std::string>();
}

bool TargetCannotTake(const Context& context) { return KnownDead(context.seen.target) && Serves(context.seen.legacy); }

/// Users of this component must not reach the target by this route.
bool IsGoingBack(const Context& context, const std::string& route, const ComponentStatus& component) {
  if (component.weight.value() > 0) return false;
  if (IsEntrance(route) && component.phase == Phase::kShift) {
    return !ComesThroughBridge(component) && (KnownDead(context.seen.bridge) || TargetCannotTake(context));
  }
  if (component.phase == Phase::kShift) return TargetCannotTake(context);
  return component.phase == Phase::kRollingBack ||
         (component.phase == Phase::kRolledBack && Enforces(context.status, context.seen.finalizer_present));
}

/// Some component that goes back still sends users of this route to the target.
bool IsSafety(const Context& context, const std::string& route, const RouteState& state) {
  return std::ranges::any_of(state.components, [&](const ComponentTraffic& traffic) {
    const auto it = std::ranges::find(context.status.components, traffic.component, &ComponentStatus::name);
    return it != context.status.components.end() && IsGoingBack(context, route, *it) && (traffic.any_target || !traffic.flags.empty());
  });
}

bool HasProblem(const RouteState& state) {
  return !state.problems.empty() ||
         std::ranges::any_of(state.components, [](const ComponentTraffic& traffic) { return !traffic.problems.empty(); });
}

bool IsSaved(const model::Status& status, const std::string& route) {
  return std::ranges::find(status.routes, route, &model::SavedRoute::name) != status.routes.end();
}

Scope ScopeOf(Context& context, const std::string& route, const RouteState& state) {
  const auto drift = std::ranges::find(context.status.drift, route, &model::DriftRecord::route);
  const bool conflict = drift != context.status.drift.end() && InConflict(*drift);
  const bool ours =
      Enforces(context.status, context.seen.finalizer_present) && context.seen.finalizer_present && IsSaved(context.status, route);
  if (ours && !conflict && !HasProblem(state)) return Scope::kAll;
  if (!IsSafety(context, route, state)) return Scope::kNothing;
  const auto later = conflict ? SafetyWriteAt(*drift, context.now) : std::nullopt;
  if (!later) return Scope::kRollback;
  context.WakeAt(*later);
  return Scope::kNothing;
}

void PlanRoute(Context& context, const std::string& route, const RouteState& state, Scope most) {
  const Scope scope = std::min(ScopeOf(context, route, state), most);
  ApplyTraffic apply{route, {}};
  bool differs = false;
  for (const ComponentStatus& component : context.status.components) {
    const ComponentTraffic* traffic = TrafficOf(state, component.name);
    if (traffic == nullptr || scope == Scope::kNothing || (scope == Scope::kRollback && !IsGoingBack(context, route, component))) continue;
    if (MovesToDeadSide(context, route, *traffic, component)) continue;
    differs = differs || !Shows(context, route, *traffic, component);
    apply.components.push_back(Recorded(context, route, component));
  }
  if (differs) context.Do(std::move(apply));
}

/// Whether every route of the spec holds: holds(route's name, state, traffic). `absent` is the answer for a route that is known not to
/// exist.
template <typename Predicate>
bool AllRoutes(const Context& context, const ComponentStatus& component, bool absent, Predicate holds) {
  return std::ranges::all_of(context.spec.routes, [&](const model::RouteRef& route) {
    if (IsPassedBy(route, component)) return true;
    const auto it = context.seen.routes.find(route.name);
    if (it == context.seen.routes.end()) return false;
    const auto* state = std::get_if<RouteState>(&it->second.state);
    if (state == nullptr) return absent && std::holds_alternative<Missing>(it->second.state);
    const ComponentTraffic* traffic = TrafficOf(*state, component.name);
    return traffic == nullptr || holds(route.name, *state, *traffic);
  });
}

}  // namespace

ComponentTarget Recorded(const Context& context, const std::string& route, const ComponentStatus& component) {
  if (IsEntrance(route)) return RecordedAtEntrance(component);
  return {component.name, component.weight, FlagsWanted(context.spec, component), component.phase == Phase::kShift};
}

const RouteState* StateOf(const Context& context, const std::string& route) {
  const auto it = context.seen.routes.find(route);
  return it == context.seen.routes.end() ? nullptr : std::get_if<RouteState>(&it->second.state);
}

const ComponentTraffic* TrafficOf(const RouteState& state, const std::string& component) {
  const auto it = std::ranges::find(state.components, component, &ComponentTraffic::component);
  return it == state.components.end() ? nullptr : &*it;
}

bool Shows(const Context& context, const std::string& route, const ComponentTraffic& traffic, const ComponentStatus& component) {
  if (IsEntrance(route)) return ShowsAtEntrance(traffic, component);
  // A rule that cannot be read as a percentage is good enough for 0 % when nothing of it goes to the target.
  if (component.weight.value() == 0 && !traffic.problems.empty()) return !traffic.any_target && traffic.flags.empty();
  if (component.weight.value() == 0 && component.phase == Phase::kShift && !traffic.names_target) return false;
  return traffic.weight == component.weight && traffic.flags == WantedFlags(context.spec, component);
}

bool MovesToDeadSide(const Context& context, const std::string& route, const ComponentTraffic& traffic, const ComponentStatus& component) {
  if (IsEntrance(route)) return MovesToDeadSideAtEntrance(context, traffic, component);
  if (LegacyCannotTake(context)) {
    const bool lowers = traffic.weight ? *traffic.weight > component.weight : traffic.any_target;
    return lowers || (!traffic.flags.empty() && !FlagsWanted(context.spec, component));
  }
  return TargetCannotTake(context) && component.weight.value() > 0 && (!traffic.weight || *traffic.weight < component.weight);
}

bool IsTakenBack(const Context& context, const RouteState& state, const ComponentStatus& component) {
  if (component.phase != Phase::kShift || component.weight.value() == 0) return false;
  const ComponentTraffic* traffic = TrafficOf(state, component.name);
  if (traffic == nullptr || traffic->any_target) return false;
  const auto mark = ReadFieldManager(state.last_writer);
  return mark && MayBeUnrecorded(*mark, context.seen.uid, component.name, context.status);
}

bool Enforces(const model::Status& status, bool finalizer_present) {
  if (status.routes.empty()) return false;
  return finalizer_present || !AllAre(status, Phase::kComplete);
}

bool RoutesFreeOfTarget(const Context& context, const ComponentStatus& component) {
  return AllRoutes(context, component, true, [&](const std::string& route, const RouteState&, const ComponentTraffic& traffic) {
    return Shows(context, route, traffic, component);
  });
}

bool RoutesAccepted(const Context& context, const ComponentStatus& component) {
  return AllRoutes(context, component, true, [](const std::string&, const RouteState& state, const ComponentTraffic&) {
    return state.acceptance == model::Acceptance::kAccepted;
  });
}

void NoteReached(Context& context, ComponentStatus& component) {
  if (component.since || context.next().routes.empty()) return;
  if (std::ranges::any_of(context.spec.routes, [&](const model::RouteRef& route) { return TemplatePending(context, route); })) return;
  const bool reached =
      AllRoutes(context, component, false, [&](const std::string& route, const RouteState& state, const ComponentTraffic& traffic) {
        return Shows(context, route, traffic, component) && state.acceptance == model::Acceptance::kAccepted;
      });
  if (reached) component.since = context.now;
}

bool ForgetsBridge(Context& context) {
  const model::RouteRef* entrance = model::EntranceOf(context.spec);
  const RouteState* state = entrance == nullptr ? nullptr : StateOf(context, entrance->name);
  if (state == nullptr || std::ranges::none_of(state->components, &ComponentTraffic::any_bridge)) return false;
  if (ScopeOf(context, entrance->name, *state) != Scope::kAll) return false;
  ApplyTraffic apply{entrance->name, {}};
  for (const ComponentStatus& component : context.status.components) {
    if (TrafficOf(*state, component.name) == nullptr) continue;
    apply.components.push_back(Recorded(context, entrance->name, component));
    apply.components.back().bridge = model::BridgeUse::kNone;
  }
  context.Do(std::move(apply));
  return true;
}

void PlanSafety(Context& context) {
  for (const model::RouteRef& route : context.spec.routes) {
    const RouteState* state = StateOf(context, route.name);
    if (state == nullptr || !IsSafety(context, route.name, *state)) continue;
    context.out.urgency = Urgency::kSafety;
    PlanRoute(context, route.name, *state, Scope::kRollback);
  }
}

void PlanTraffic(Context& context) {
  // Rollbacks come first and wait for nothing, not for the finalizer either; then come routes that nobody gets through.
  for (const bool safety : {true, false}) {
    for (const model::RouteRef& route : context.spec.routes) {
      const RouteState* state = StateOf(context, route.name);
      if (state == nullptr || IsSafety(context, route.name, *state) != safety) continue;
      if (safety) context.out.urgency = Urgency::kSafety;
      PlanRoute(context, route.name, *state, Scope::kAll);
    }
    if (safety) PlanMissing(context, Tried::kNotYet);
  }
  if (Enforces(context.status, context.seen.finalizer_present) && !context.seen.finalizer_present) context.Do(AddFinalizer{});
  PlanTemplates(context);
  PlanMissing(context, Tried::kRefused);
}

}  // namespace softmig::decide
