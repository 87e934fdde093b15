// Pending: nothing is moved. Leaves for Shift when every precondition is met; adopts the routes on the way.
#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Phase;

const std::string* FirstUnfinished(const Context& context, const model::ComponentSpec& component) {
  for (const std::string& name : component.after) {
    const auto it = std::ranges::find(context.status.components, name, &ComponentStatus::name);
    if (it == context.status.components.end() || it->phase != Phase::kComplete) return &name;
  }
  return nullptr;
}

bool SnapshotsMissing(const Context& context) {
  return context.next().routes.empty() && std::ranges::any_of(context.spec.routes, [&](const model::RouteRef& route) {
           return !context.seen.routes.at(route.name).snapshot;
         });
}

/// The first adoption remembers every route as it is. REQUIRES: all were read, with snapshots.
void Adopt(Context& context) {
  if (!context.next().routes.empty()) return;
  for (const model::RouteRef& route : context.spec.routes) {
    const RouteObservation& seen = context.seen.routes.at(route.name);
    context.next().routes.push_back({route.name, std::get<model::RouteState>(seen.state).uid, *seen.snapshot});
  }
}

}  // namespace

void StepPending(Context& context, ComponentStatus& component) {
  if (context.spec.desired_phase == model::DesiredPhase::kPending) {
    component.metrics.clear();  // whoever raises it again begins anew
    component.holding = false;
    return Wait(component, "desiredPhase to be Shift or Complete");
  }
  if (context.spec.paused) return Wait(component, "spec.paused to be false");
  if (const std::string* first = FirstUnfinished(context, *SpecOf(context, component.name))) {
    return Wait(component, fmt::format("component {}", *first));
  }
  if (auto blocker = PreflightBlocker(context, component)) return Block(context, component, *blocker);
  if (auto conflict = ConflictBlocker(context)) return Block(context, component, *conflict);
  if (SnapshotsMissing(context)) return Wait(component, "the routes to be read");
  if (!context.seen.finalizer_present) {
    Wait(component, "the finalizer to be in place");
    return context.Do(AddFinalizer{});
  }
  Adopt(context);
  EnterShift(context, component);
  // No traffic, no evidence: the time without it counts from here.
  for (model::MetricStatus& metric : component.metrics) metric.since = context.now;
}

}  // namespace softmig::decide
