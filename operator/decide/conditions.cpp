#include <fmt/format.h>

#include <algorithm>

#include "decide/context_internal.hpp"

namespace softmig::decide {
namespace {

using model::ComponentStatus;
using model::Condition;
using model::ConditionStatus;
using model::Phase;
using model::Verdict;

ConditionStatus Truth(bool value) { return value ? ConditionStatus::kTrue : ConditionStatus::kFalse; }

bool Any(const model::Status& status, Phase phase) {
  return std::ranges::any_of(status.components, [&](const ComponentStatus& component) { return component.phase == phase; });
}
bool All(const model::Status& status, Phase phase) {
  return std::ranges::all_of(status.components, [&](const ComponentStatus& component) { return component.phase == phase; });
}

Phase SummaryPhase(const Context& context) {
  const model::Status& status = context.out.next;
  if (Any(status, Phase::kRollingBack)) return Phase::kRollingBack;
  if (Any(status, Phase::kRolledBack)) return Phase::kRolledBack;
  if (All(status, Phase::kComplete)) return Phase::kComplete;
  if (context.spec.paused) return Phase::kPaused;
  return All(status, Phase::kPending) ? Phase::kPending : Phase::kShift;
}

/// The weights as the routes show them: an intent on its way does not count yet.
int CurrentWeight(const Context& context) {
  int sum = 0;
  for (const ComponentStatus& component : context.out.next.components) {
    const bool not_ours = component.phase == Phase::kPending && context.out.next.routes.empty();
    if (!component.since && !not_ours) return context.status.current_weight;
    sum += component.weight.value();
  }
  return context.out.next.components.empty() ? 0 : sum / static_cast<int>(context.out.next.components.size());
}

std::string_view ReasonOf(Phase phase) {
  switch (phase) {
    case Phase::kPending: return reason::kPending;
    case Phase::kShift: return reason::kShifting;
    case Phase::kComplete: return reason::kCompleted;
    case Phase::kRollingBack: return reason::kRollingBack;
    case Phase::kRolledBack: return reason::kRolledBack;
    case Phase::kPaused: return reason::kPaused;
    case Phase::kInvalid: return reason::kInvalidSpec;
  }
  return reason::kPending;
}

std::string FirstWait(const model::Status& status) {
  for (const ComponentStatus& component : status.components) {
    if (component.waiting_for.empty()) continue;
    return component.name == "all" ? component.waiting_for : fmt::format("{}: {}", component.name, component.waiting_for);
  }
  return {};
}

std::optional<Blocker> FirstStall(const Context& context) {
  if (auto conflict = ConflictBlocker(context)) return conflict;
  const auto it = std::ranges::find_if(context.blockers, &Blocker::needs_person);
  return it == context.blockers.end() ? std::nullopt : std::optional(*it);
}

std::string RollbackSentence(const model::Status& status) {
  if (!status.last_rollback) return {};
  const auto& record = *status.last_rollback;
  return fmt::format("rolled back from {} %: {}{}{}; raise spec.attempt to try again", record.from.value(), record.reason,
                     record.metric.empty() ? "" : " by metric ", record.metric);
}

/// Nothing will happen until somebody edits the spec.
bool WaitsForPerson(const Context& context, Phase phase) {
  if (phase == Phase::kPending) return context.spec.desired_phase == model::DesiredPhase::kPending && context.next().routes.empty();
  return phase == Phase::kShift && !context.blockers.empty() &&
         std::ranges::all_of(context.blockers, [](const Blocker& blocker) { return blocker.reason == reason::kCeilingReached; });
}

/// The phase's own name, or where it is waiting the code of what it first waits for.
std::string ProgressReason(const Context& context, Phase phase) {
  const bool waiting = phase == Phase::kPending || phase == Phase::kShift;
  if (!waiting || context.blockers.empty()) return std::string(ReasonOf(phase));
  const std::string& why = context.blockers.front().reason;
  return why == reason::kApplying || why == reason::kInProgress ? std::string(ReasonOf(phase)) : why;
}

void SetProgress(Context& context, Phase phase) {
  const auto stall = FirstStall(context);
  const bool rolled_back = phase == Phase::kRolledBack;
  const bool stalled = stall || rolled_back;
  const bool moving = phase == Phase::kPending || phase == Phase::kShift || phase == Phase::kRollingBack;
  const std::string waiting = FirstWait(context.next());
  const std::string why = stall ? stall->reason : ProgressReason(context, phase);
  const std::string message = stall ? stall->message : rolled_back ? RollbackSentence(context.next()) : waiting;
  SetCondition(context, {"Ready", Truth(phase == Phase::kComplete && !stalled), 0, {}, why, message});
  SetCondition(context, {"Reconciling", Truth(moving && !stalled && !WaitsForPerson(context, phase)), 0, {}, why, waiting});
  SetCondition(context, {"Stalled", Truth(stalled), 0, {}, why, stalled ? message : ""});
}

void SetTraffic(Context& context) {
  const model::Status& next = context.next();
  const auto set = [&](bool applied, std::string_view why, std::string message) {
    SetCondition(context, {"TrafficApplied", Truth(applied), 0, {}, std::string(why), std::move(message)});
  };
  if (next.routes.empty()) return set(false, reason::kNotAdopted, "");
  if (const auto conflict = ConflictBlocker(context)) return set(false, conflict->reason, conflict->message);
  const bool applied = std::ranges::all_of(next.components, [](const ComponentStatus& c) { return c.since.has_value(); });
  set(applied, applied ? reason::kApplied : reason::kApplying, "");
}

void SetHealth(Context& context) {
  bool judged = false;
  for (const ComponentStatus& component : context.out.next.components) {
    if (component.phase != Phase::kShift && component.phase != Phase::kPending) continue;
    for (const model::MetricStatus& metric : component.metrics) {
      judged = true;
      if (metric.verdict == Verdict::kPass) continue;
      const bool breach = metric.verdict == Verdict::kBreach;
      return SetCondition(context, {"AnalysisHealthy",
                                    breach ? ConditionStatus::kFalse : ConditionStatus::kUnknown,
                                    0,
                                    {},
                                    std::string(breach ? reason::kMetricBreached : reason::kMissingEvidence),
                                    fmt::format("metric {}: {}", metric.name, model::Name(metric.verdict))});
    }
  }
  SetCondition(context, {"AnalysisHealthy",
                         judged ? ConditionStatus::kTrue : ConditionStatus::kUnknown,
                         0,
                         {},
                         std::string(judged ? reason::kHealthy : reason::kNotJudged),
                         ""});
}

}  // namespace

void SetCondition(Context& context, Condition condition) {
  condition.observed_generation = context.seen.generation;
  auto& conditions = context.next().conditions;
  const auto it = std::ranges::find(conditions, condition.type, &Condition::type);
  condition.last_transition = it != conditions.end() && it->status == condition.status ? it->last_transition : context.now;
  if (it != conditions.end()) {
    *it = std::move(condition);
  } else {
    conditions.push_back(std::move(condition));
  }
}

void Summarise(Context& context) {
  const Phase phase = SummaryPhase(context);
  context.next().phase = phase;
  context.next().current_weight = CurrentWeight(context);
  SetProgress(context, phase);
  SetTraffic(context);
  SetHealth(context);
  const bool paused = phase == Phase::kPaused;
  SetCondition(context, {"Paused", Truth(paused), 0, {}, std::string(paused ? reason::kPaused : reason::kInProgress), ""});
  const bool ended = phase == Phase::kComplete || phase == Phase::kRolledBack;
  SetCondition(
      context,
      {"Succeeded", ended ? Truth(phase == Phase::kComplete) : ConditionStatus::kUnknown, 0, {}, std::string(ReasonOf(phase)), ""});
}

}  // namespace softmig::decide
