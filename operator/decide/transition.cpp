// What several phases share.
#include <fmt/format.h>

#include "decide/context_internal.hpp"

namespace softmig::decide {

using model::ComponentStatus;
using model::Phase;

void Wait(ComponentStatus& component, std::string text) { component.waiting_for = std::move(text); }

void Block(Context& context, ComponentStatus& component, const Blocker& blocker) {
  Wait(component, blocker.message);
  context.blockers.push_back(blocker);
}

void GoTo(ComponentStatus& component, Phase phase, int step, base::Percent weight) {
  component.phase = phase;
  component.step = step;
  component.weight = weight;
  component.entered = component.entered && phase == Phase::kShift;
  component.since.reset();
  component.waiting_for.clear();
}

std::string InSentence(const ComponentStatus& component) {
  return component.name == "all" ? std::string() : fmt::format("component {}: ", component.name);
}

Blocker Applying(const ComponentStatus& component) {
  if (component.weight.value() == 0) return {std::string(reason::kApplying), "the gateway to know the target", false};
  return {std::string(reason::kApplying), fmt::format("the gateway to run weight {} %", component.weight.value()), false};
}

void EnterShift(Context& context, ComponentStatus& component) {
  GoTo(component, Phase::kShift, -1, base::Percent());
  Block(context, component, Applying(component));
}

void EnterStep(Context& context, ComponentStatus& component, int step) {
  const model::Step& to = context.spec.steps[static_cast<std::size_t>(step)];
  context.Tell(false, reason::kShifting,
               fmt::format("{}step {} of {}: weight {} to {} %", InSentence(component), step + 1, context.spec.steps.size(),
                           component.weight.value(), to.weight.value()));
  NoteDecision(context, component, reason::kShifting, to.weight);
  // Nobody could be judged before the first users: the deadline for missing evidence counts from them.
  if (component.weight.value() == 0) {
    for (model::MetricStatus& metric : component.metrics) metric.since = context.now;
  }
  GoTo(component, Phase::kShift, step, to.weight);
  Block(context, component, Applying(component));
}

void TakeBack(Context& context, ComponentStatus& component) {
  if (component.phase == Phase::kPending) return;
  if (component.weight.value() > 0 && LegacyCannotTake(context)) {
    return Block(context, component, {std::string(reason::kLegacyNotServing), "legacy to answer: it has no ready endpoint", true});
  }
  context.Tell(false, reason::kPending, fmt::format("{}desiredPhase is Pending: users go back to legacy", InSentence(component)));
  GoTo(component, Phase::kPending, -1, base::Percent());
  Wait(component, "desiredPhase to be Shift or Complete");
  component.metrics.clear();
}

}  // namespace softmig::decide
