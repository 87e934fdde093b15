// Shift: users move to the target step by step. Leaves for Complete, RollingBack, or (desiredPhase) Pending.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.hpp"
#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::BreachPolicy;
using model::ComponentStatus;
using model::DesiredPhase;
using model::Phase;

// A gateway accepts a route before all of its proxies have the endpoints of a backend that is new to them.
constexpr base::Millis kWarmUp{1'000};

/// A rollback that reached a route but not the status.
std::optional<RollbackMark> FindInterrupted(const Context& context, const ComponentStatus& component) {
  for (const model::RouteRef& route : context.spec.routes) {
    const model::RouteState* state = StateOf(context, route.name);
    if (state != nullptr && IsTakenBack(context, *state, component)) return ReadFieldManager(state->last_writer);
  }
  return std::nullopt;
}

/// Bad or lacking evidence; true where it ended the step.
bool Judge(Context& context, ComponentStatus& component) {
  if (KnownDead(context.seen.target) && Serves(context.seen.legacy)) {
    BeginRollback(context, component, reason::kTargetNotServing, nullptr);
    return true;
  }
  if (BridgeIsDead(context, component)) {
    BeginRollback(context, component, reason::kBridgeNotServing, nullptr);
    return true;
  }
  const model::MetricStatus* breach = FindBreach(component);
  if (breach != nullptr && context.spec.on_breach == BreachPolicy::kRollback) {
    BeginRollback(context, component, reason::kMetricBreached, breach);
    return true;
  }
  const model::MetricStatus* expired = FindExpired(context, component);
  if (expired != nullptr && context.spec.on_no_evidence.then == BreachPolicy::kRollback) {
    BeginRollback(context, component, reason::kNoEvidence, expired);
    return true;
  }
  const auto interrupted = FindInterrupted(context, component);
  if (!interrupted) return false;
  BeginRollback(context, component, interrupted->reason, nullptr);
  context.next().last_rollback->metric = interrupted->metric;
  return true;
}

std::optional<Blocker> ReachBlocker(const Context& context, const ComponentStatus& component) {
  if (auto blocker = RouteBlocker(context)) return blocker;
  if (auto conflict = ConflictBlocker(context)) return conflict;
  if (component.since) return std::nullopt;
  auto dead = SidesBlocker(context);  // may be why the routes are not written
  return dead ? dead : Applying(component);
}

std::optional<Blocker> HoldBlocker(Context& context, const ComponentStatus& component) {
  if (component.step < 0 && component.weight.value() > 0) return std::nullopt;  // the steps were edited to begin above
  const base::Millis hold = component.step < 0 ? kWarmUp : context.spec.steps[static_cast<std::size_t>(component.step)].hold;
  const base::WallTime until = *component.since + hold;
  if (until <= context.now) return std::nullopt;
  context.WakeAt(until);
  return Blocker{std::string(reason::kInProgress),
                 fmt::format("the hold at {} % until {}", component.weight.value(), base::FormatRfc3339(until)), false};
}

std::optional<Blocker> RollbackBlocker(const Context& context) {
  const auto it = std::ranges::find(context.next().components, Phase::kRollingBack, &ComponentStatus::phase);
  if (it == context.next().components.end()) return std::nullopt;
  return Blocker{std::string(reason::kInProgress), fmt::format("component {} to be back on legacy", it->name), false};
}

std::optional<Blocker> AdvanceBlocker(Context& context, const ComponentStatus& component) {
  if (auto blocker = ReachBlocker(context, component)) return blocker;
  if (context.spec.paused) return Blocker{std::string(reason::kPaused), "spec.paused to be false", false};
  if (auto blocker = HoldBlocker(context, component)) return blocker;
  if (auto blocker = GateBlocker(context)) return blocker;
  // Before the first users there is nothing to be judged, only nothing to be wrong yet.
  if (auto blocker = component.weight.value() == 0 ? StartBlocker(context, component) : EvidenceBlocker(context, component)) return blocker;
  if (auto blocker = RollbackBlocker(context)) return blocker;
  const bool last = component.step + 1 >= static_cast<int>(context.spec.steps.size());
  if (last && context.spec.desired_phase == DesiredPhase::kShift) {
    return Blocker{std::string(reason::kCeilingReached), "desiredPhase to be Complete", false};
  }
  return std::nullopt;
}

/// Before the first weight: the gateway knows the bridge, and the bridge the target.
std::optional<Blocker> EntryBlocker(Context& context, const ComponentStatus& component) {
  if (auto blocker = ReachBlocker(context, component)) return blocker;
  if (context.spec.paused) return Blocker{std::string(reason::kPaused), "spec.paused to be false", false};
  if (auto blocker = GateBlocker(context)) return blocker;
  const base::WallTime until = *component.since + kWarmUp;
  if (until <= context.now) return std::nullopt;
  context.WakeAt(until);
  return Blocker{std::string(reason::kInProgress), "the gateway to know the bridge", false};
}

void Complete(Context& context, ComponentStatus& component) {
  NoteDecision(context, component, reason::kCompleted, component.weight);
  component.phase = Phase::kComplete;
  component.entered = false;
  component.waiting_for.clear();
  if (!context.spec.flags.empty() || model::EntranceOf(context.spec) != nullptr) {  // rules of flags and the bridge still have to go
    component.since.reset();
    Block(context, component, Applying(component));
  }
  context.Tell(false, reason::kCompleted, fmt::format("{}all users are on the target", InSentence(component)));
}

}  // namespace

bool JudgeShift(Context& context, ComponentStatus& component) {
  return context.spec.desired_phase != DesiredPhase::kPending && component.weight.value() > 0 && Judge(context, component);
}

void StepShift(Context& context, ComponentStatus& component) {
  if (context.spec.desired_phase == DesiredPhase::kPending) return TakeBack(context, component);
  if (BridgeIsDead(context, component) && component.weight.value() == 0) return LeaveDeadBridge(context, component);
  NoteReached(context, component);
  if (MustEnter(context, component)) {
    if (auto blocker = EntryBlocker(context, component)) return Block(context, component, *blocker);
    return Enter(context, component);
  }
  if (auto blocker = AdvanceBlocker(context, component)) return Block(context, component, *blocker);
  if (component.step < 0) WarnOfSlowEvidence(context, component);
  if (component.step + 1 < static_cast<int>(context.spec.steps.size())) return EnterStep(context, component, component.step + 1);
  Complete(context, component);
}

}  // namespace softmig::decide
