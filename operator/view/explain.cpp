#include "view/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "analysis/numbers.hpp"
#include "base/time_format.hpp"
#include "decide/reasons.hpp"
#include "view/metric_facts.hpp"
#include "view/pages.hpp"
#include "view/table.hpp"

namespace softmig::view {
namespace {

namespace reason = decide::reason;
using model::ComponentStatus;
using model::DesiredPhase;
using model::MetricStatus;
using model::Phase;
using model::Verdict;

/// What people can do about what holds a migration. Reasons that are not here solve themselves or name their cure.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kCures{{
    {reason::kServiceNotFound, "Create the Service, or correct its name in spec; it goes on by itself."},
    {reason::kPortNotFound, "Give the Service that port, or correct the port in spec."},
    {reason::kNoReadyEndpoints, "See why no pod behind that Service is ready; it goes on by itself."},
    {reason::kBridgeNotServing, "Look at the pods of the bridge's Deployment: none of them is ready."},
    {reason::kRouteNotFound, "Create the route's object, or correct its name in spec.routes."},
    {reason::kRouteNotAccepted, "See the status of the route's object: its gateway has not accepted it."},
    {reason::kReadFailed, "See the operator's log and rights: it could not read one of the objects."},
    {reason::kMetricNotReady, "See that the metric's query gives a number, for instance in the source's own page."},
    {reason::kCeilingReached, "kubectl softmigration promote NAME lets it go on to the end."},
    {reason::kPaused, "kubectl softmigration resume NAME lets it go on."},
    {reason::kInvalidSpec, "Correct the fields that are named above."},
    {reason::kRuleClaimedTwice, "Take the rule out of one of the two migrations that are named."},
    {reason::kOwnershipConflict, "Tell whoever writes the route as well to leave its rules alone (docs/gitops.md)."},
    {reason::kLegacyNotServing, "Bring legacy back: users stay on the target, which is the side that answers."},
    {reason::kUnsupportedByRouter, "Take out of the plan what the router cannot do."},
    {reason::kRouteTooLarge, "Make the route's object smaller: it cannot be remembered as it was."},
    {reason::kRouteMadeTwice, "Take the template out of one of the two migrations that are named (ownership Patch)."},
    {reason::kTemplateRefused, "Correct the template, or give the operator the right that is named; it tries again by itself."},
    {reason::kTemplateNotApplied, "Put back into the template what is named; the route stays as it is until then."},
    {reason::kMissingEvidence, "Nothing, if requests come: the evidence grows with them. Otherwise see why the metric gives none."},
    {reason::kEvidenceAgainst, "Look at the target now: the evidence is more than 10 to 1 against it. It goes on by itself below 3 to 1."},
    {reason::kLegacyViolates, "Raise maxRate, or judge by notWorseThanLegacy: legacy itself does not keep the tolerance."},
}};

std::string Named(std::string text, const Migration& migration) {
  const auto at = text.find("NAME");
  if (at != std::string::npos) text.replace(at, 4, migration.name + " -n " + migration.ns);
  return text;
}

std::string Subject(const Migration& migration, const ComponentStatus& component) {
  return migration.status.components.size() == 1 ? "It" : "Component " + component.name;
}

std::string WhereIs(const Migration& migration, const ComponentStatus& component, base::WallTime now) {
  const std::string who = Subject(migration, component);
  const std::string since =
      component.since ? fmt::format(" since {} ({})", Clock(*component.since, now), Relative(*component.since, now)) : "";
  const std::size_t steps = migration.parsed.spec.steps.size();
  switch (component.phase) {
    case Phase::kShift:
      if (component.weight.value() == 0) return who + " is about to begin: the routes name the target, nobody is sent there yet.";
      return fmt::format("{} is in step {} of {}: {} % of the users are on the target{}.", who, component.step + 1, steps,
                         component.weight.value(), since);
    case Phase::kComplete: return fmt::format("{} is complete: all users are on the target{}.", who, since);
    case Phase::kRollingBack: return fmt::format("{} is being rolled back: users are on their way to legacy.", who);
    case Phase::kRolledBack: return fmt::format("{} was rolled back: all users are on legacy{}.", who, since);
    case Phase::kPending:
    case Phase::kPaused:
    case Phase::kInvalid: break;
  }
  return fmt::format("{} has not begun: all users are on legacy.", who);
}

std::string MetricSentence(const Migration& migration, const ComponentStatus& component, const MetricStatus& metric, base::WallTime now) {
  std::string text = fmt::format("Metric {} says {} since {}", metric.name, model::Name(metric.verdict), Clock(metric.since, now));
  if (!metric.evidence.empty()) text += ": " + metric.evidence;
  text += '.';
  const auto facts = FactsOf(migration, component.name, metric.name);
  if (facts && facts->decision_at && metric.verdict == Verdict::kUndecided) {
    text += fmt::format(" At {:.3g} requests a second a decision comes about {} ({}).", facts->per_second, Clock(*facts->decision_at, now),
                        Relative(*facts->decision_at, now));
  }
  return text;
}

bool IsMissing(Verdict verdict) {
  return verdict == Verdict::kNoData || verdict == Verdict::kStale || verdict == Verdict::kNaN || verdict == Verdict::kError;
}

/// What comes of missing evidence, and when.
std::string DeadlineSentence(const Migration& migration, const MetricStatus& metric, base::WallTime now) {
  const model::NoEvidencePolicy& policy = migration.parsed.spec.on_no_evidence;
  if (policy.then == model::BreachPolicy::kHold) return "While evidence is missing it holds; plan.onNoEvidence.then is Hold.";
  const base::WallTime due = metric.since + policy.deadline;
  return fmt::format("Without evidence users are taken back {} ({}) at the latest, by plan.onNoEvidence.", Clock(due, now),
                     Relative(due, now));
}

bool IsStalled(const Migration& migration) {
  const model::Condition* stalled = FindCondition(migration.status, "Stalled");
  return stalled != nullptr && stalled->status == model::ConditionStatus::kTrue;
}

std::string NextStep(const Migration& migration, const ComponentStatus& component) {
  const model::Step* next = NextStepOf(migration, component);
  if (next != nullptr) return fmt::format("moves {} % of the users to the target", next->weight.value());
  return migration.parsed.spec.desired_phase == DesiredPhase::kShift ? "stops there: desiredPhase is Shift" : "declares it complete";
}

std::string ShiftNext(const Migration& migration, const ComponentStatus& component, base::WallTime now) {
  if (migration.parsed.spec.desired_phase == DesiredPhase::kPending)
    return "The operator takes all users back to legacy now: desiredPhase is Pending.";
  if (migration.parsed.spec.paused) return "The operator holds the weight, still judges, and still takes users back: spec.paused is true.";
  if (IsStalled(migration)) return "The operator still judges, and still takes users back; it goes on when that is solved.";
  if (!component.since) return "The operator waits until the gateway runs what the route says; then the step's hold begins.";
  const auto until = HoldUntil(migration, component);
  const std::string next = NextStep(migration, component);
  if (until && *until > now) {
    return fmt::format("The hold ends {} ({}); then, where every metric passes, the operator {}.", Clock(*until, now),
                       Relative(*until, now), next);
  }
  return fmt::format("As soon as every metric passes on data of this step, the operator {}.", next);
}

std::string Next(const Migration& migration, const ComponentStatus& component, base::WallTime now) {
  if (!migration.parsed.errors.empty()) return "The operator leaves traffic where it is until the spec is valid.";
  switch (component.phase) {
    case Phase::kShift: return ShiftNext(migration, component, now);
    case Phase::kComplete:
      return migration.parsed.spec.desired_phase == DesiredPhase::kComplete ? "The operator does nothing more here."
                                                                            : "The operator takes users back as far as desiredPhase says.";
    case Phase::kRollingBack:
      return "The operator sends everybody to legacy and waits until the gateway has accepted it; nothing holds that up.";
    case Phase::kRolledBack: return "The operator leaves it so until spec.attempt is raised.";
    case Phase::kPending:
    case Phase::kPaused:
    case Phase::kInvalid: break;
  }
  if (migration.parsed.spec.desired_phase == DesiredPhase::kPending) return "The operator does nothing: desiredPhase is Pending.";
  if (migration.parsed.spec.paused) return "The operator does not begin: spec.paused is true.";
  return "The operator begins by itself when what it waits for is so.";
}

void Add(std::string& page, const std::string& text) {
  if (!text.empty()) page += "  " + Harmless(text) + "\n";
}

std::string ComponentPage(const Migration& migration, const ComponentStatus& component, base::WallTime now) {
  std::string page;
  Add(page, WhereIs(migration, component, now));
  if (!component.waiting_for.empty()) Add(page, "It waits for " + component.waiting_for + ".");
  if (component.holding && component.phase == Phase::kShift)
    Add(page, "The evidence against the target reached 10 to 1: nothing advances until it is below 3 to 1.");
  const bool judged = component.phase == Phase::kShift && component.weight.value() > 0;
  for (const MetricStatus& metric : component.metrics) {
    if (metric.verdict == Verdict::kPass || component.phase == Phase::kRolledBack) continue;
    Add(page, MetricSentence(migration, component, metric, now));
    if (judged && IsMissing(metric.verdict)) Add(page, DeadlineSentence(migration, metric, now));
  }
  Add(page, Next(migration, component, now));
  return page;
}

std::string RollbackSentence(const model::RollbackRecord& record, base::WallTime now) {
  return fmt::format("Users were taken back from {} % {} ({}): {}{}{}", record.from.value(), Clock(record.at, now),
                     Relative(record.at, now), record.reason, record.metric.empty() ? "" : " by metric " + record.metric,
                     record.evidence.empty() ? "." : ": " + record.evidence + ".");
}

std::string Cure(const Migration& migration) {
  if (!migration.seen) return "See that an operator runs and watches this namespace: kubectl -n softmigration-system get pods";
  if (migration.deleting) return "It is being deleted: the routes are put back as they were, then it goes.";
  if (migration.status.phase == Phase::kRolledBack) {
    return Named("When the cause is gone: kubectl softmigration retry NAME", migration);
  }
  if (migration.parsed.spec.paused)
    return Named("kubectl softmigration resume NAME lets it go on; kubectl softmigration rollback takes users back.", migration);
  if (migration.parsed.spec.desired_phase == DesiredPhase::kPending)
    return Named("kubectl softmigration promote NAME lets it begin.", migration);
  const model::Condition* ready = FindCondition(migration.status, "Ready");
  const auto it =
      ready == nullptr ? kCures.end() : std::ranges::find(kCures, ready->reason, &std::pair<std::string_view, std::string_view>::first);
  if (it != kCures.end()) return Named(std::string(it->second), migration);
  if (migration.status.phase == Phase::kComplete)
    return Named("Nothing. kubectl softmigration rollback NAME would take all users back to legacy.", migration);
  return Named("Nothing; or kubectl softmigration pause NAME to hold it, rollback to take users back.", migration);
}

}  // namespace

std::string ExplainPage(const Migration& migration, base::WallTime now) {
  std::string page = fmt::format("{}/{} is in phase {}.\n", migration.ns, migration.name,
                                 migration.seen ? model::Name(migration.status.phase) : "Unknown: no operator has taken note of it yet");
  for (const model::FieldError& error : migration.parsed.errors) Add(page, error.path + ": " + error.message);
  if (migration.seen && migration.status.observed_generation < migration.generation)
    Add(page, "The operator has not seen the last edit yet.");
  const bool rolled_back = migration.status.phase == Phase::kRolledBack;
  if (IsStalled(migration) && !rolled_back) {
    const model::Condition* stalled = FindCondition(migration.status, "Stalled");
    Add(page, fmt::format("It needs somebody: {} ({}).", stalled->message, stalled->reason));
  }
  for (const ComponentStatus& component : migration.status.components) page += "\n" + ComponentPage(migration, component, now);
  const bool told = rolled_back || migration.status.phase == Phase::kRollingBack;
  if (told && migration.status.last_rollback) Add(page, RollbackSentence(*migration.status.last_rollback, now));
  page += "\nWhat you can do\n";
  Add(page, Cure(migration));
  return page;
}

}  // namespace softmig::view
