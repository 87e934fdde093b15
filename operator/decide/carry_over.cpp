// Where a pass begins: the recorded status, brought into line with the spec as it is now. Nothing here makes a weight rise.
#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Phase;

bool Has(const std::vector<ComponentStatus>& components, const std::string& name) {
  return std::ranges::find(components, name, &ComponentStatus::name) != components.end();
}

/// One status for each component of the spec, in its order. What was taken out of the spec while its traffic is moved stays in
/// status, so that it is not forgotten (PreflightBlocker names it); a restore of the routes covers it.
void MatchComponents(Context& context) {
  std::vector<ComponentStatus> matched;
  for (const model::ComponentSpec& spec : context.spec.components) {
    const auto it = std::ranges::find(context.status.components, spec.name, &ComponentStatus::name);
    ComponentStatus component = it == context.status.components.end() ? ComponentStatus{} : *it;
    component.name = spec.name;
    matched.push_back(std::move(component));
  }
  for (const ComponentStatus& left : context.status.components) {
    if (!context.status.routes.empty() && left.phase != Phase::kPending && !Has(matched, left.name)) matched.push_back(left);
  }
  context.next().components = std::move(matched);
}

/// Edited steps leave the weight where it is: the component counts as being in the last step that is not above it.
int StepAt(const model::Spec& spec, const ComponentStatus& component) {
  const auto count = static_cast<int>(spec.steps.size());
  if (component.step >= 0 && component.step < count && spec.steps[static_cast<std::size_t>(component.step)].weight == component.weight) {
    return component.step;
  }
  int step = -1;
  for (int i = 0; i < count; ++i) {
    if (spec.steps[static_cast<std::size_t>(i)].weight <= component.weight) step = i;
  }
  return step;
}

/// A status that was edited, or read only in part, is brought to the nearest state that makes sense, never to a higher weight.
void Straighten(Context& context, ComponentStatus& component) {
  const bool adopted = !context.status.routes.empty();
  if (component.phase == Phase::kPaused || component.phase == Phase::kInvalid) component.phase = Phase::kPending;
  if (component.phase == Phase::kComplete && component.weight.value() < 100) component.phase = Phase::kShift;
  if (component.phase == Phase::kShift && !adopted) component.phase = Phase::kPending;
  if (component.phase == Phase::kRolledBack && component.weight.value() > 0) component.phase = Phase::kRollingBack;
  if (component.phase == Phase::kShift) component.step = StepAt(context.spec, component);
  component.entered = ComesThroughBridge(component) && model::EntranceOf(context.spec) != nullptr;
  if (component.phase != Phase::kPending || (component.weight.value() == 0 && component.step == -1)) return;
  GoTo(component, Phase::kPending, -1, base::Percent());
}

/// What was proven changed: the current step proves it anew.
void RestartEvidence(Context& context) {
  model::Status& next = context.next();
  const std::string hash = model::EvidenceHash(context.spec);
  if (next.evidence_hash == hash) return;
  const bool first = next.evidence_hash.empty();
  next.evidence_hash = hash;
  for (ComponentStatus& component : next.components) {
    if (first || component.phase != Phase::kShift) continue;
    component.metrics.clear();
    component.since.reset();
  }
}

/// A raised attempt starts again what was rolled back, once it is all the way back.
void TakeOverAttempt(Context& context) {
  model::Status& next = context.next();
  const bool under_way = std::ranges::any_of(next.components, [](const ComponentStatus& c) { return c.phase == Phase::kRollingBack; });
  if (next.attempt == context.spec.attempt || under_way) return;
  for (ComponentStatus& component : next.components) {
    if (component.phase != Phase::kRolledBack || context.spec.attempt < next.attempt) continue;
    component.phase = Phase::kPending;
    component.step = -1;
    component.metrics.clear();
    component.waiting_for.clear();
  }
  if (next.attempt != 0) next.drift.clear();
  next.attempt = context.spec.attempt;
}

}  // namespace

const model::ComponentSpec* SpecOf(const Context& context, const std::string& component) {
  const auto it = std::ranges::find(context.spec.components, component, &model::ComponentSpec::name);
  return it == context.spec.components.end() ? nullptr : &*it;
}

void CarryOver(Context& context) {
  context.next().observed_generation = context.seen.generation;
  MatchComponents(context);
  for (ComponentStatus& component : context.next().components) Straighten(context, component);
  RestartEvidence(context);
  TakeOverAttempt(context);
}

}  // namespace softmig::decide
