// Our writes that somebody takes back. Once is corrected, twice within minutes is a conflict: we stop, and say with whom.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::ComponentTraffic;
using model::DriftRecord;
using model::RouteState;

// A write of ours that was taken back this often within the window is a conflict; quiet for as long, and we try again.
constexpr int kRevertsAreConflict = 2;
constexpr base::Millis kDriftWindow{5 * 60'000};
constexpr base::Millis kConflictQuiet{10 * 60'000};
// While users must stay off the target we go on even in a conflict, but not faster than this.
constexpr base::Millis kSafetyRewrite{5'000};
constexpr int kMostCounted = 1'000'000;

DriftRecord& DriftOf(model::Status& status, const std::string& route) {
  const auto it = std::ranges::find(status.drift, route, &DriftRecord::route);
  if (it != status.drift.end()) return *it;
  return status.drift.emplace_back(DriftRecord{route, 0, {}, {}});
}

void ForgetOldDrift(Context& context) {
  std::erase_if(context.next().drift, [&](const DriftRecord& drift) {
    const base::WallTime until = drift.last + (InConflict(drift) ? kConflictQuiet : kDriftWindow);
    if (until <= context.now) return true;
    context.WakeAt(until);
    return false;
  });
}

/// As people know it: its name in spec.routes, or the object's where it stands there only as what a bridge is behind.
std::string NameOf(const Context& context, const std::string& route) {
  return IsEntrance(route) && model::EntranceOf(context.spec) != nullptr ? model::EntranceOf(context.spec)->object : route;
}

std::string Writer(const RouteState* state) {
  return state == nullptr || state->last_writer.empty() ? "somebody" : "field manager " + state->last_writer;
}

void CountDrift(Context& context, const std::string& route, const RouteState& state) {
  DriftRecord& drift = DriftOf(context.next(), route);
  if (drift.reverted == 0) drift.first = context.now;
  drift.reverted = std::min(drift.reverted + 1, kMostCounted);
  drift.last = context.now;
  if (drift.reverted > kRevertsAreConflict) return;  // told already
  if (InConflict(drift)) {
    context.Tell(
        true, reason::kOwnershipConflict,
        fmt::format("route {}: {} keeps changing the weights; the operator stops writing until it is quiet for {} min",
                    NameOf(context, route), Writer(&state), std::chrono::duration_cast<std::chrono::minutes>(kConflictQuiet).count()));
  } else {
    context.Tell(true, reason::kDriftCorrected,
                 fmt::format("route {}: {} changed the weights; they are put back", NameOf(context, route), Writer(&state)));
  }
}

/// A route that got a problem (a third backend, say) is not written to, so that is no fight and does not count.
bool CanBePutBack(const Context& context, const std::string& route, const RouteState& state, const ComponentStatus& component) {
  const ComponentTraffic& traffic = *TrafficOf(state, component.name);
  if (MovesToDeadSide(context, route, traffic, component)) return false;
  return component.weight.value() == 0 || (state.problems.empty() && traffic.problems.empty());
}

void NoteDriftOf(Context& context, const model::RouteRef& ref, const RouteState& state) {
  const std::string& route = ref.name;
  bool drifted = false;
  for (ComponentStatus& component : context.next().components) {
    const ComponentTraffic* traffic = TrafficOf(state, component.name);
    if (traffic == nullptr || !component.since || IsPassedBy(ref, component) || Shows(context, route, *traffic, component)) continue;
    if (IsTakenBack(context, state, component)) continue;  // by ourselves
    component.since.reset();
    drifted = drifted || CanBePutBack(context, route, state, component);
  }
  if (drifted) CountDrift(context, route, state);
}

/// Made anew with users on the target just as recorded: a backup of what we had written. What was before is what we had saved.
bool IsOfBackup(const Context& context, const std::string& route, const RouteState& state) {
  return std::ranges::any_of(state.components, &ComponentTraffic::any_target) &&
         std::ranges::all_of(context.status.components, [&](const ComponentStatus& component) {
           const ComponentTraffic* traffic = TrafficOf(state, component.name);
           return traffic == nullptr || Shows(context, route, *traffic, component);
         });
}

}  // namespace

void Readopt(Context& context) {
  for (model::SavedRoute& saved : context.next().routes) {
    const RouteState* state = StateOf(context, saved.name);
    if (state == nullptr) continue;
    const RouteObservation& seen = context.seen.routes.at(saved.name);
    const bool anew = state->uid != saved.uid;
    if (!seen.snapshot || (!anew && (!seen.ours || *seen.snapshot == saved.saved))) continue;
    saved.uid = state->uid;
    if (seen.ours || !IsOfBackup(context, saved.name, *state)) saved.saved = *seen.snapshot;
    if (!anew) continue;
    for (ComponentStatus& component : context.next().components) component.since.reset();
    if (seen.ours) {
      context.Tell(true, reason::kRouteMadeAgain,
                   fmt::format("route {} was deleted by somebody; it is made again, with everybody where they were", saved.name));
    }
  }
}

bool InConflict(const DriftRecord& drift) { return drift.reverted >= kRevertsAreConflict; }

std::optional<base::WallTime> SafetyWriteAt(const DriftRecord& drift, base::WallTime now) {
  const base::WallTime at = drift.last + kSafetyRewrite;
  if (drift.reverted <= kRevertsAreConflict || at <= now) return std::nullopt;
  return at;
}

std::optional<Blocker> ConflictBlocker(const Context& context) {
  if (!Enforces(context.next(), context.seen.finalizer_present)) return std::nullopt;
  const auto drift = std::ranges::find_if(context.next().drift, InConflict);
  if (drift == context.next().drift.end()) return std::nullopt;
  const std::string why(reason::kOwnershipConflict);
  // The name is that of the moment at which it was counted: later the last writer may be ourselves, taking users back.
  const auto told = std::ranges::find_if(context.status.conditions, [&](const model::Condition& condition) {
    return condition.type == "TrafficApplied" && condition.reason == why;
  });
  if (told != context.status.conditions.end()) return Blocker{why, told->message, true};
  return Blocker{why,
                 fmt::format("route {}: {} keeps changing the weights; tell it to leave /spec/rules alone", NameOf(context, drift->route),
                             Writer(StateOf(context, drift->route))),
                 true};
}

void NoteDrift(Context& context) {
  ForgetOldDrift(context);
  if (!Enforces(context.status, context.seen.finalizer_present) || Releasing(context)) return;
  Readopt(context);
  for (const model::RouteRef& route : context.spec.routes) {
    if (const RouteState* state = StateOf(context, route.name)) NoteDriftOf(context, route, *state);
  }
}

}  // namespace softmig::decide
