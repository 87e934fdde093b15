#include "decide/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "decide/context_internal.hpp"
#include "model/limits.hpp"
#include "model/safe_text.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Phase;

void StepComponent(Context& context, ComponentStatus& component) {
  if (SpecOf(context, component.name) == nullptr) {
    if (context.spec.desired_phase == model::DesiredPhase::kPending) TakeBack(context, component);
    return;
  }
  switch (component.phase) {
    case Phase::kShift: return StepShift(context, component);
    case Phase::kComplete: return StepComplete(context, component);
    case Phase::kRollingBack: return StepRollingBack(context, component);
    case Phase::kRolledBack: return StepRolledBack(context, component);
    case Phase::kPending:
    case Phase::kPaused:
    case Phase::kInvalid: return StepPending(context, component);
  }
}

/// Users are taken back before anything else is thought of, and alone: a rollback goes to the routes before it is recorded, and no step of
/// another component may ride along with it.
bool BeginRollbacks(Context& context) {
  bool begun = false;
  for (ComponentStatus& component : context.next().components) {
    if (SpecOf(context, component.name) != nullptr && component.phase == Phase::kShift) begun = JudgeShift(context, component) || begun;
  }
  return begun;
}

void StepComponents(Context& context) {
  auto& components = context.next().components;
  for (ComponentStatus& component : components) {
    if (SpecOf(context, component.name) != nullptr) UpdateEvidence(context, component);
  }
  NoteDrift(context);
  if (BeginRollbacks(context)) return;
  for (ComponentStatus& component : components) StepComponent(context, component);
  // After all have stepped: the first of them to begin may just have adopted the routes for the others, too.
  for (ComponentStatus& component : components) {
    if (component.phase == Phase::kPending && !Releasing(context)) NoteReached(context, component);
  }
  NoteReleased(context);
  NoteTemplates(context);
}

/// What the API server will give back: texts are cut when they are written, and a difference that cannot be stored would be
/// written again and again.
void AsStored(Context& context) {
  if (context.next() != context.status) context.next() = model::ParseStatus(model::ToJson(context.next()));
}

void PlanActions(Context& context) {
  if (context.next() != context.status) return PlanSafety(context);
  PlanRelease(context);
  if (Releasing(context)) return;
  PlanTraffic(context);
  PlanCompletion(context);
}

/// Either the intent is recorded or what is recorded is carried out. What takes users back does not wait for paperwork.
Decision Finish(Context& context) {
  if (context.next() == context.status) {
    context.out.notes.clear();
    context.out.records.clear();
    return std::move(context.out);
  }
  for (ComponentStatus& component : context.next().components) RefreshEvidence(context, component);
  std::erase_if(context.out.actions, [](const Action& action) {
    return std::holds_alternative<AddFinalizer>(action) || std::holds_alternative<RemoveFinalizer>(action);
  });
  return std::move(context.out);
}

Decision DecideDeletion(Context& context) {
  PlanDeletion(context);
  if (context.next().components != context.status.components) Summarise(context);
  if (!context.blockers.empty()) {
    const Blocker& blocker = context.blockers.front();
    SetCondition(context, {"Stalled", model::ConditionStatus::kTrue, 0, {}, blocker.reason, blocker.message});
  }
  AsStored(context);
  return Finish(context);
}

/// What no parser lets through, but what the code below relies on.
bool IsUsable(const model::Spec& spec) {
  return !spec.components.empty() && !spec.steps.empty() && spec.steps.back().weight == base::Percent::Of(100);
}

}  // namespace

Decision Decide(const model::Spec& spec, const model::Status& status, const Observation& observation, base::WallTime now) {
  if (!IsUsable(spec)) return DecideInvalid({{"spec", "has no component, or no step to 100 %"}}, status, observation, now);
  Context context{spec, status, observation, now, {}, {}};
  context.next() = status;
  if (observation.deleting) return DecideDeletion(context);
  CarryOver(context);
  StepComponents(context);
  Summarise(context);
  UpdateCheckpoint(context);
  AsStored(context);
  PlanActions(context);
  return Finish(context);
}

Decision DecideInvalid(const std::vector<model::FieldError>& errors, const model::Status& status, const Observation& observation,
                       base::WallTime now) {
  const model::Spec none;
  Context context{none, status, observation, now, {}, {}};
  context.next() = status;
  if (observation.deleting) return DecideDeletion(context);
  std::string message;
  for (const model::FieldError& error : errors) message += fmt::format("{}{}: {}", message.empty() ? "" : "; ", error.path, error.message);
  message = model::CutText(message, model::limits::kMessageBytes);
  const std::string why(reason::kInvalidSpec);
  context.next().observed_generation = observation.generation;
  context.next().phase = Phase::kInvalid;
  SetCondition(context, {"Ready", model::ConditionStatus::kFalse, 0, {}, why, message});
  SetCondition(context, {"Reconciling", model::ConditionStatus::kFalse, 0, {}, why, ""});
  SetCondition(context, {"Stalled", model::ConditionStatus::kTrue, 0, {}, why, message});
  context.Tell(true, why, message);
  AsStored(context);
  return Finish(context);
}

bool WantsMetrics(const model::Spec& spec, const model::Status& status, const std::string& component) {
  const auto it = std::ranges::find(status.components, component, &ComponentStatus::name);
  if (it == status.components.end()) return false;
  if (it->phase == Phase::kShift) return true;
  return it->phase == Phase::kPending && spec.desired_phase != model::DesiredPhase::kPending && !spec.paused;
}

}  // namespace softmig::decide
