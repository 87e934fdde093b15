// Complete: all users are on the target. At rest once the header flag rules and then the finalizer are gone.
#include "decide/context_internal.hpp"

namespace softmig::decide {

using model::ComponentStatus;
using model::DesiredPhase;
using model::Phase;

void StepComplete(Context& context, ComponentStatus& component) {
  if (context.spec.desired_phase == DesiredPhase::kPending) return TakeBack(context, component);
  if (context.spec.desired_phase == DesiredPhase::kShift) {
    GoTo(component, Phase::kShift, static_cast<int>(context.spec.steps.size()) - 1, component.weight);
    return Block(context, component, Applying(component));
  }
  if (!Enforces(context.status, context.seen.finalizer_present)) return;
  NoteReached(context, component);
  if (component.since) return component.waiting_for.clear();
  if (auto blocker = RouteBlocker(context)) return Block(context, component, *blocker);
  Block(context, component, Applying(component));
}

}  // namespace softmig::decide
