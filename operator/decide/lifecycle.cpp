// How a migration ends: deletion and desiredPhase Pending put the routes back, completion leaves them on the target.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Phase;
using model::RouteState;
using model::SavedRoute;

// A proxy may forget a backend before it stops sending to it: its clusters and its routes come on ways of their own, and what goes to a
// cluster that is gone is answered with 503. So users leave a backend first, and a moment later the route ceases to name it.
constexpr base::Millis kMoment{2'000};
// Not every gateway speaks, and some never again: what was saved is put back without its word then.
constexpr base::Millis kNoWord{10'000};
// Before the bridge of a deleted migration goes. Nobody who deletes waits for the longest of requests.
constexpr base::Millis kLastRequestsOfDeleted{5'000};

const RouteObservation* SeenOf(const Context& context, const SavedRoute& saved) {
  const auto it = context.seen.routes.find(saved.name);
  return it == context.seen.routes.end() ? nullptr : &it->second;
}

/// It is the object that was saved, or one that we made since and that says itself what to put it back to.
bool IsKnown(const Context& context, const SavedRoute& saved) {
  const RouteState* state = StateOf(context, saved.name);
  return state != nullptr && (state->uid == saved.uid || (SeenOf(context, saved)->ours && !state->mark.empty()));
}

bool CanRestore(const Context& context, const SavedRoute& saved) {
  return IsKnown(context, saved) && SeenOf(context, saved)->restore_pending;
}

/// Nobody could say what the route is now: neither restored nor gone.
bool IsUnread(const Context& context, const SavedRoute& saved) {
  const RouteObservation* seen = SeenOf(context, saved);
  return seen == nullptr || std::holds_alternative<Failed>(seen->state);
}

bool SendsToTarget(const RouteState& state) { return std::ranges::any_of(state.components, &model::ComponentTraffic::any_target); }

/// The user made the object anew after we had let go of it, with users on the target: there is nothing to restore, only to take back.
bool MustLower(const Context& context, const SavedRoute& saved) {
  const RouteState* state = StateOf(context, saved.name);
  return state != nullptr && !IsKnown(context, saved) && std::ranges::any_of(state->components, [](const model::ComponentTraffic& traffic) {
           return traffic.any_target && traffic.problems.empty();
         });
}

ApplyTraffic Lowered(const Context& context, const SavedRoute& saved, model::BridgeUse bridge) {
  ApplyTraffic apply{saved.name, {}};
  for (const model::ComponentTraffic& traffic : StateOf(context, saved.name)->components) {
    apply.components.push_back({traffic.component, base::Percent(), false, false, bridge});
  }
  return apply;
}

/// Its weights can be written.
bool CanLower(const Context& context, const RouteState& state) {
  return state.problems.empty() && std::ranges::all_of(state.components, [&](const model::ComponentTraffic& traffic) {
           return traffic.problems.empty() && SpecOf(context, traffic.component) != nullptr;
         });
}

/// It is to be put back, but users have to leave the target before. Where weights cannot be written it is put back with users on it.
bool MustLowerFirst(const Context& context, const SavedRoute& saved) {
  if (!CanRestore(context, saved)) return false;
  const RouteState& state = *StateOf(context, saved.name);
  return SendsToTarget(state) && CanLower(context, state);
}

/// Records since when nobody is sent to the target; a component that was on its way is so no more.
void NoteLowered(Context& context) {
  const bool lowered = std::ranges::none_of(
      context.status.routes, [&](const SavedRoute& saved) { return IsUnread(context, saved) || MustLowerFirst(context, saved); });
  for (ComponentStatus& component : context.next().components) {
    if (component.weight.value() > 0 || component.entered) {
      context.Tell(false, reason::kPending, fmt::format("{}deleted: users go back to legacy", InSentence(component)));
      GoTo(component, Phase::kPending, -1, base::Percent());
    }
    const bool is_ahead = component.since && *component.since > context.now;  // the clock was set back
    if (lowered && (!component.since || is_ahead)) component.since = context.now;
  }
}

/// Every gateway runs the routes without users on the target, or had time enough.
bool HaveSettled(Context& context) {
  const bool accepted = std::ranges::all_of(context.status.routes, [&](const SavedRoute& saved) {
    return !CanRestore(context, saved) || StateOf(context, saved.name)->acceptance == model::Acceptance::kAccepted;
  });
  return HaveRested(context, accepted ? kMoment : kNoWord);
}

/// Takes users back, and then puts the routes back as they were.
void PlanRestore(Context& context) {
  const bool settled = HaveSettled(context);
  for (const SavedRoute& saved : context.status.routes) {
    if (!CanRestore(context, saved)) continue;
    if (settled || (SendsToTarget(*StateOf(context, saved.name)) && !MustLowerFirst(context, saved))) {
      context.Do(RestoreRoute{saved.name});
    } else if (MustLowerFirst(context, saved)) {
      context.Do(Lowered(context, saved, model::BridgeUse::kNamed));
    }
  }
}

bool IsReleased(const Context& context) {
  return std::ranges::none_of(context.status.routes, [&](const SavedRoute& saved) {
    return IsUnread(context, saved) || CanRestore(context, saved) || MustLower(context, saved);
  });
}

/// Restoring would take users from the target to a legacy that does not answer.
bool RestoreWouldStrand(const Context& context) {
  return LegacyCannotTake(context) && std::ranges::any_of(context.status.routes, [&](const SavedRoute& saved) {
           return (CanRestore(context, saved) || MustLower(context, saved)) && SendsToTarget(*StateOf(context, saved.name));
         });
}

void Refuse(Context& context, std::string_view why, std::string message) {
  context.blockers.push_back({std::string(why), std::move(message), true});
}

/// With the SoftMigration the bridge goes: not before the gateway sends nobody through it any more, and has had some time for it.
bool HasLeftBridge(Context& context) {
  if (model::EntranceOf(context.spec) == nullptr) return true;
  if (IsStillEntrance(context)) {
    Refuse(context, reason::kRouteNotAccepted,
           fmt::format("deleted, but the gateway has not accepted route {} as it is now: it may still send users through the bridge",
                       model::EntranceOf(context.spec)->object));
    return false;
  }
  for (ComponentStatus& component : context.next().components) {
    if (!component.since) component.since = context.now;
  }
  return HaveRested(context, kLastRequestsOfDeleted);
}

/// Completed: the users stay where they are, only what we added goes. Nothing that fails here holds up the deletion for long.
void PlanLeaving(Context& context) {
  PlanTraffic(context);
  if (!context.out.actions.empty() || !HasLeftBridge(context) || ForgetsBridge(context)) return;
  context.Do(RemoveFinalizer{});
}

}  // namespace

bool AllAre(const model::Status& status, Phase phase) {
  return !status.components.empty() &&
         std::ranges::all_of(status.components, [&](const ComponentStatus& component) { return component.phase == phase; });
}

void PlanDeletion(Context& context) {
  if (!context.seen.finalizer_present) return;
  if (context.status.routes.empty()) return context.Do(RemoveFinalizer{});
  if (AllAre(context.status, Phase::kComplete) && context.spec.desired_phase == model::DesiredPhase::kComplete) return PlanLeaving(context);
  context.out.urgency = Urgency::kSafety;
  Readopt(context);
  if (context.next().routes != context.status.routes) return;
  if (RestoreWouldStrand(context)) {
    return Refuse(context, reason::kLegacyNotServing,
                  "deleted, but legacy has no ready endpoint: putting the routes back would send users nowhere");
  }
  NoteLowered(context);
  PlanRestore(context);
  bool is_restored = true;
  for (const SavedRoute& saved : context.status.routes) {
    is_restored = is_restored && !CanRestore(context, saved);
    if (IsUnread(context, saved)) {
      Refuse(context, reason::kReadFailed,
             fmt::format("deleted, but route {} cannot be read: it is not known to be as it was", saved.name));
    }
  }
  if (is_restored && context.blockers.empty() && HasLeftBridge(context)) context.Do(RemoveFinalizer{});
}

bool Releasing(const Context& context) {
  return context.spec.desired_phase == model::DesiredPhase::kPending && !context.status.routes.empty() &&
         AllAre(context.status, Phase::kPending);
}

void NoteReleased(Context& context) {
  if (!Releasing(context)) return;
  if (RestoreWouldStrand(context)) {
    return Refuse(context, reason::kLegacyNotServing,
                  "desiredPhase is Pending, but legacy has no ready endpoint: putting the routes back would send users nowhere");
  }
  NoteLowered(context);
  if (!IsReleased(context)) return;
  if (IsStillEntrance(context)) {
    context.blockers.push_back({std::string(reason::kRouteNotAccepted),
                                fmt::format("the gateway to accept route {} as it was", model::EntranceOf(context.spec)->object), false});
    return;
  }
  context.next().routes.clear();
  context.next().drift.clear();
  for (ComponentStatus& component : context.next().components) component.since.reset();
}

void PlanRelease(Context& context) {
  if (context.status.routes.empty() && context.seen.finalizer_present && context.spec.desired_phase == model::DesiredPhase::kPending) {
    context.Do(RemoveFinalizer{});
  }
  if (!Releasing(context)) return;
  // Taking back after completion: the object may be deleted half way.
  if (!context.seen.finalizer_present) context.Do(AddFinalizer{});
  if (RestoreWouldStrand(context)) return;  // told by NoteReleased
  PlanRestore(context);
  for (const SavedRoute& saved : context.status.routes) {
    if (MustLower(context, saved)) context.Do(Lowered(context, saved, model::BridgeUse::kNone));
  }
}

void PlanCompletion(Context& context) {
  if (!AllAre(context.status, Phase::kComplete) || !context.seen.finalizer_present || !context.out.actions.empty()) return;
  const bool reached = std::ranges::all_of(context.status.components, [](const ComponentStatus& c) { return c.since.has_value(); });
  if (reached && MayBridgeGo(context) && !ForgetsBridge(context)) context.Do(RemoveFinalizer{});
}

}  // namespace softmig::decide
