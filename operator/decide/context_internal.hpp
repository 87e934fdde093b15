#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "analysis/combine.hpp"
#include "decide/decide.hpp"
#include "decide/reasons.hpp"

namespace softmig::decide {

/// A reason why something does not go on, with a sentence.
struct Blocker {
  std::string reason;
  std::string message;        ///< stable while nothing changes: it is written into status
  bool needs_person = false;  ///< Stalled rather than waiting
};

/// The inputs of one decision and the outcome as it grows. Lives for one call of Decide.
struct Context {
  const model::Spec& spec;
  const model::Status& status;
  const Observation& seen;
  base::WallTime now;
  Decision out;
  std::vector<Blocker> blockers;  ///< why components do not go on, in order
  /// What all counts of a component say together, by its name; from UpdateEvidence on.
  std::map<std::string, analysis::ComponentEvidence> evidence{};

  [[nodiscard]] model::Status& next() { return out.next; }
  [[nodiscard]] const model::Status& next() const { return out.next; }
  void WakeAt(base::WallTime at) {
    if (!out.wake_at || at < *out.wake_at) out.wake_at = at;
  }
  /// Plans an action once, after the others.
  void Do(Action action) {
    if (std::ranges::find(out.actions, action) == out.actions.end()) out.actions.push_back(std::move(action));
  }
  void Tell(bool warning, std::string_view reason, std::string message) {
    out.notes.push_back({warning, std::string(reason), std::move(message)});
  }
};

// carry_over.cpp: from the recorded status to where this pass begins
void CarryOver(Context& context);
/// Null for a component that was taken out of the spec while its traffic is moved.
const model::ComponentSpec* SpecOf(const Context& context, const std::string& component);

// evidence.cpp
/// What the poller knows of a metric; null: this process has not asked yet.
const MetricObservation* SeenOf(const Context& context, const std::string& component, const std::string& metric);
/// The same of counts that are judged by evidence.
const analysis::CountsView* CountsOf(const Context& context, const std::string& component, const std::string& metric);
/// Rewrites component.metrics from the observation; values are kept as of the last change of verdict.
void UpdateEvidence(Context& context, model::ComponentStatus& component);
/// Fills in the latest values everywhere: called only where a write happens anyway.
void RefreshEvidence(Context& context, model::ComponentStatus& component);
/// Evidence on counts goes into status with every other write, and once a minute by itself.
void UpdateCheckpoint(Context& context);
const model::MetricStatus* FindBreach(const model::ComponentStatus& component);
/// A metric without evidence for longer than the deadline; sets wake-ups for those that are not there yet.
const model::MetricStatus* FindExpired(Context& context, const model::ComponentStatus& component);
/// Why the evidence does not allow the next step; nothing where every metric passes on data from after the step was reached.
std::optional<Blocker> EvidenceBlocker(const Context& context, const model::ComponentStatus& component);
/// Why the evidence does not allow to begin: a metric was not asked yet, errs or breaches.
std::optional<Blocker> StartBlocker(Context& context, const model::ComponentStatus& component);

// decision_record.cpp
/// Keeps what the change of weight that is about to be recorded rests on. REQUIRES: the component still has its present weight.
void NoteDecision(Context& context, const model::ComponentStatus& component, std::string_view why, base::Percent to);

// admission.cpp
/// Legacy has not been counted long enough, or itself does not keep the tolerance, so that every target would be rolled back.
std::optional<Blocker> ToleranceBlocker(Context& context, const model::ComponentStatus& component);
/// Tells of steps whose hold is too short to gather the evidence they need.
void WarnOfSlowEvidence(Context& context, const model::ComponentStatus& component);

// preflight.cpp
/// Problems of the routes: nothing is written to them but a rollback.
std::optional<Blocker> RouteBlocker(const Context& context);
/// Both Services are there and answer.
std::optional<Blocker> SidesBlocker(const Context& context);
/// All that must be known to be well before any weight rises: routes, their acceptance, both sides.
std::optional<Blocker> GateBlocker(const Context& context);
/// Before the first change to a route.
std::optional<Blocker> PreflightBlocker(Context& context, const model::ComponentStatus& component);

// drift.cpp
/// A route that was made anew, by its user or from its template, is to be put back to what it says now, and the step starts again. A
/// template that was edited says something else as well, and a backup says what we had written: then it is what was saved.
void Readopt(Context& context);
void NoteDrift(Context& context);
bool InConflict(const model::DriftRecord& drift);
/// The time from which users may be taken back again on a route that somebody keeps resetting; nothing: now.
std::optional<base::WallTime> SafetyWriteAt(const model::DriftRecord& drift, base::WallTime now);
/// Set while somebody else keeps resetting a route and we hold back.
std::optional<Blocker> ConflictBlocker(const Context& context);

// traffic.cpp
const model::RouteState* StateOf(const Context& context, const std::string& route);
const model::ComponentTraffic* TrafficOf(const model::RouteState& state, const std::string& component);
/// What the status wants of a component on one of its routes.
ComponentTarget Recorded(const Context& context, const std::string& route, const model::ComponentStatus& component);
/// The route shows what is recorded.
bool Shows(const Context& context, const std::string& route, const model::ComponentTraffic& traffic,
           const model::ComponentStatus& component);
/// Writing what is recorded would move users from a side that answers to one that is known not to.
bool MovesToDeadSide(const Context& context, const std::string& route, const model::ComponentTraffic& traffic,
                     const model::ComponentStatus& component);
/// A rollback of this attempt reached the route, and whoever wrote it did not get to record it.
bool IsTakenBack(const Context& context, const model::RouteState& state, const model::ComponentStatus& component);
/// No route sends anything of the component to the target.
bool RoutesFreeOfTarget(const Context& context, const model::ComponentStatus& component);
bool RoutesAccepted(const Context& context, const model::ComponentStatus& component);
/// Sets `since` when what was recorded is what the routes show and the gateway has accepted.
void NoteReached(Context& context, model::ComponentStatus& component);
/// What is recorded is on the routes, as far as they can be written. Rollbacks come first.
void PlanTraffic(Context& context);
/// Users have left the bridge for good: the entrance ceases to name it. False where nothing is to be written for that, or may be.
bool ForgetsBridge(Context& context);
/// Only the writes that take users back, as recorded: all that may be done in a pass that has something to record.
void PlanSafety(Context& context);

// entrance.cpp: a bridge behind a route (RouteRef::bridge), which then is its entrance
bool IsEntrance(const std::string& route);
/// Users who come by the entrance go through the bridge.
bool ComesThroughBridge(const model::ComponentStatus& component);
bool ShowsAtEntrance(const model::ComponentTraffic& traffic, const model::ComponentStatus& component);
bool MovesToDeadSideAtEntrance(const Context& context, const model::ComponentTraffic& traffic, const model::ComponentStatus& component);
/// The route is a bridge that nobody comes through and that need not be asked any more: its entrance says where users go.
bool IsPassedBy(const model::RouteRef& route, const model::ComponentStatus& component);
/// The entrance already leads to the bridge, before anybody adopted it: what it was before cannot be known.
std::optional<Blocker> EntranceTakenBlocker(const Context& context);
/// The step to let users in through the bridge is due: after the target is known to it, and before the first weight. REQUIRES: kShift.
bool MustEnter(const Context& context, const model::ComponentStatus& component);
/// Records that users come through the bridge. REQUIRES: every gate has passed in this very decision.
void Enter(Context& context, model::ComponentStatus& component);
/// Why nobody may be sent through the bridge now.
std::optional<Blocker> BridgeBlocker(const Context& context);
/// The bridge is known not to answer while users come through it, and there is somewhere better to send them.
bool BridgeIsDead(const Context& context, const model::ComponentStatus& component);
/// At weight 0 users are on legacy either way: they go there directly until the bridge is back.
void LeaveDeadBridge(Context& context, model::ComponentStatus& component);
/// The gateway has not said yet that it runs the entrance as it was left: until then its users may still come through the bridge.
bool IsStillEntrance(const Context& context);
/// All components have been as they are for so long; wakes when they will have been.
bool HaveRested(Context& context, base::Millis length);
/// It has, for long enough that the bridge may go, from `since` of the components on; wakes when it is. True where there is no entrance.
bool MayBridgeGo(Context& context);

// managed.cpp
/// Ours, and the template is not what was written; whoever else makes the route goes first.
bool TemplatePending(const Context& context, const model::RouteRef& route);
/// Why a route with a template is not as it says.
std::optional<Blocker> TemplateBlocker(const Context& context, const model::RouteRef& route);
/// Tells what keeps templates from being written, in every phase.
void NoteTemplates(Context& context);
/// Routes that are missing are made. What the API server refused is tried again after everything else: it fails, and ends the pass.
enum class Tried { kNotYet, kRefused };
void PlanMissing(Context& context, Tried tried);
void PlanTemplates(Context& context);

// transition.cpp
void Wait(model::ComponentStatus& component, std::string text);
void Block(Context& context, model::ComponentStatus& component, const Blocker& blocker);
void GoTo(model::ComponentStatus& component, model::Phase phase, int step, base::Percent weight);
/// Records the next weight. REQUIRES: every gate has passed in this very decision.
void EnterStep(Context& context, model::ComponentStatus& component, int step);
/// desiredPhase was lowered to Pending.
void TakeBack(Context& context, model::ComponentStatus& component);
/// Records that the routes are to name the target, still without users: proxies learn of a backend before it is needed.
void EnterShift(Context& context, model::ComponentStatus& component);
/// The same words when a step is recorded and while it is carried out, so that nothing is written in between.
Blocker Applying(const model::ComponentStatus& component);
std::string InSentence(const model::ComponentStatus& component);

// phase_*.cpp, one a phase
void StepPending(Context& context, model::ComponentStatus& component);
/// Begins a rollback where the evidence asks for one; true where it did. Judged before anything that may wait. REQUIRES: kShift.
bool JudgeShift(Context& context, model::ComponentStatus& component);
void StepShift(Context& context, model::ComponentStatus& component);
void StepRollingBack(Context& context, model::ComponentStatus& component);
void StepRolledBack(Context& context, model::ComponentStatus& component);
void StepComplete(Context& context, model::ComponentStatus& component);
/// Records that a component's users are taken back; `metric` may be null.
void BeginRollback(Context& context, model::ComponentStatus& component, std::string_view why, const model::MetricStatus* metric);
/// Legacy does not answer while the target does: taking users back would send them nowhere.
bool LegacyCannotTake(const Context& context);

// lifecycle.cpp
bool AllAre(const model::Status& status, model::Phase phase);
void PlanDeletion(Context& context);
/// Adoption ends: desiredPhase is Pending and every component is at rest there.
bool Releasing(const Context& context);
/// Forgets the saved routes once they are back as they were.
void NoteReleased(Context& context);
void PlanRelease(Context& context);
void PlanCompletion(Context& context);

// conditions.cpp
void Summarise(Context& context);
void SetCondition(Context& context, model::Condition condition);

}  // namespace softmig::decide
