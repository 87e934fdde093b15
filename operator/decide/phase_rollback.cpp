// RollingBack and RolledBack: users are taken back to legacy, then it is verified, then it stays until the attempt is raised.
// Nothing here waits for readiness, evidence, pauses, other routes or the finalizer. In RollingBack `since` is the moment at which all
// routes were seen free of the target.
#include <fmt/format.h>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Phase;

constexpr std::string_view kRouting = "the routes to send nobody to the target";

Blocker LegacyDead() {
  return {std::string(reason::kLegacyNotServing), "legacy to answer: it has no ready endpoint, the target has", true};
}

void TakeAllBack(ComponentStatus& component) {
  component.weight = base::Percent();
  component.entered = false;
  component.since.reset();
  Wait(component, std::string(kRouting));
}

model::RollbackRecord* RecordOf(Context& context, const ComponentStatus& component) {
  auto& record = context.next().last_rollback;
  return record && record->component == component.name ? &*record : nullptr;
}

void NoteRouted(Context& context, ComponentStatus& component) {
  if (component.since) return;
  component.since = context.now;
  auto* record = RecordOf(context, component);
  if (record != nullptr && !record->routed_at) record->routed_at = context.now;
}

void NoteVerified(Context& context, ComponentStatus& component) {
  if (auto* record = RecordOf(context, component)) record->verified_at = context.now;
  component.phase = Phase::kRolledBack;
  component.since = context.now;
  Wait(component, "spec.attempt to be raised");
  context.Tell(true, reason::kRolledBack, fmt::format("{}all users are on legacy; raise spec.attempt to try again", InSentence(component)));
}

}  // namespace

bool LegacyCannotTake(const Context& context) { return KnownDead(context.seen.legacy) && Serves(context.seen.target); }

void BeginRollback(Context& context, ComponentStatus& component, std::string_view why, const model::MetricStatus* metric) {
  model::RollbackRecord record{context.now, component.name, component.weight, std::string(why), {}, {}, {}, {}, {}, {}};
  std::string cause = "a rollback that had begun is finished";
  if (why == reason::kTargetNotServing) cause = "the target has no ready endpoint";
  if (why == reason::kBridgeNotServing) cause = "the bridge has no ready endpoint";
  if (metric != nullptr) {
    record.metric = metric->name;
    record.value = metric->value;
    record.evidence = metric->evidence;
    record.breach_seen_at = metric->at;
    cause = fmt::format("metric {}: {}", metric->name, metric->evidence);
  }
  context.Tell(true, why,
               fmt::format("{}all users go back to legacy from {} %: {}", InSentence(component), component.weight.value(), cause));
  NoteDecision(context, component, why, base::Percent());
  context.next().last_rollback = std::move(record);
  context.out.urgency = Urgency::kSafety;
  component.phase = Phase::kRollingBack;
  if (LegacyCannotTake(context)) return Block(context, component, LegacyDead());
  TakeAllBack(component);
}

void StepRollingBack(Context& context, ComponentStatus& component) {
  context.out.urgency = Urgency::kSafety;
  if (component.weight.value() > 0) {
    if (LegacyCannotTake(context)) return Block(context, component, LegacyDead());
    return TakeAllBack(component);
  }
  if (!RoutesFreeOfTarget(context, component)) {
    component.since.reset();
    if (LegacyCannotTake(context)) return Block(context, component, LegacyDead());
    return Wait(component, std::string(kRouting));
  }
  NoteRouted(context, component);
  if (!RoutesAccepted(context, component)) return Wait(component, "the gateway to accept weight 0 %");
  NoteVerified(context, component);
}

void StepRolledBack(Context& context, ComponentStatus& component) {
  if (context.spec.desired_phase == model::DesiredPhase::kPending) return TakeBack(context, component);
  NoteReached(context, component);
}

}  // namespace softmig::decide
