#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/core/known_types.hpp"
#include "model/checkpoint.hpp"

namespace softmig::reconcile {
namespace {

using Outcome = PassResult::Outcome;

kube::Lane LaneOf(const decide::Decision& decision) {
  return decision.urgency == decide::Urgency::kSafety ? kube::Lane::kSafety : kube::Lane::kOrdinary;
}

/// Counts are about one attempt and one definition of the evidence.
std::string EpochOf(const Migration& migration) {
  return fmt::format("{}/{}/{}", migration.meta.uid, migration.status.attempt, migration.status.evidence_hash);
}

bool RollingBack(const model::Status& status) { return status.phase == model::Phase::kRollingBack; }

/// The decision takes users of a component back that the recorded status does not yet.
bool BeginsRollback(const model::Status& status, const model::Status& next) {
  const auto& before = status.last_rollback;
  const auto& after = next.last_rollback;
  return after && (!before || before->at != after->at || before->component != after->component);
}

/// The route whose template an action writes; null for all other actions.
const std::string* TemplateOf(const decide::Action& action) {
  if (const auto* create = std::get_if<decide::CreateRoute>(&action)) return &create->route;
  if (const auto* apply = std::get_if<decide::ApplyTemplate>(&action)) return &apply->route;
  return nullptr;
}

bool MovesUsers(const decide::Action& action) { return std::holds_alternative<decide::ApplyTraffic>(action); }

/// Under this name routes are written on the way back, so that whoever comes after us finds it where status does not say so yet.
std::string ManagerOf(const Migration& migration, const model::Status& next) {
  return decide::ToFieldManager(decide::MarkOf(migration.meta.uid, next));
}

/// Another component's rollback that is not recorded yet is told with this one.
void AlsoTell(const decide::Decision& unrecorded, decide::Decision& decision) {
  decision.notes.insert(decision.notes.begin(), unrecorded.notes.begin(), unrecorded.notes.end());
  decision.records.insert(decision.records.begin(), unrecorded.records.begin(), unrecorded.records.end());
}

PassResult Settled(const decide::Decision& decision, base::WallTime now) {
  PassResult result{Outcome::kSettled, {}, LaneOf(decision), false};
  if (decision.wake_at) result.look_again = std::max(*decision.wake_at - now, base::Millis(1));
  return result;
}

}  // namespace

PassResult Reconciler::Reconcile(const kube::ObjectKey& key) {
  const auto migration = parts_.cache.migrations().Get(key);
  if (!migration) {
    Forget(key);
    return {};
  }
  if (!CaughtUp(*migration))
    return {Outcome::kRequeueSoon, {}, RollingBack(migration->status) ? kube::Lane::kSafety : kube::Lane::kOrdinary, false};
  parts_.metrics.SetMigration(key, migration->status);
  Poll(*migration);
  const base::WallTime now = parts_.clock.WallNow();
  const decide::Observation seen = parts_.gatherer.Gather(*migration);
  Migration known = *migration;
  const auto unrecorded = UnrecordedOf(*migration);
  if (unrecorded) known.status = unrecorded->next;
  decide::Decision decision = DecideOn(known, seen, now);
  const TakenBack taken_back = TakeBackFirst(known, decision, seen, now);
  if (taken_back != TakenBack::kNothing) {
    if (unrecorded) AlsoTell(*unrecorded, decision);
    // Also where no route could be written: what it was decided on may not be there any more when one can.
    Remember(*migration, decision);
  }
  if (taken_back == TakenBack::kAll) return {Outcome::kRequeueSoon, {}, kube::Lane::kOrdinary, true};
  std::optional<PassResult> carried_out;
  if (!decision.actions.empty()) carried_out = CarryOut(known, decision, unrecorded ? ManagerOf(known, unrecorded->next) : kFieldManager);
  // After what moves users, and not while they must be taken back.
  const bool kept = decision.urgency == decide::Urgency::kSafety || KeepBridge(known);
  if (unrecorded || decision.next != migration->status) {
    const PassResult recorded = Record(*migration, unrecorded && taken_back == TakenBack::kNothing ? *unrecorded : decision);
    return carried_out && carried_out->outcome == Outcome::kFailed ? *carried_out : recorded;
  }
  if (carried_out) return *carried_out;
  if (!kept) return {Outcome::kFailed, {}, LaneOf(decision), false};
  return Settled(decision, now);
}

void Reconciler::Forget(const kube::ObjectKey& key) {
  parts_.poller.Forget(key);
  if (parts_.agents != nullptr) parts_.agents->Forget(key);
  parts_.gatherer.Forget(key);
  parts_.migration_versions.Forget(key);
  parts_.metrics.ForgetMigration(key);
  ForgetUnrecorded(key);
}

std::optional<decide::Decision> Reconciler::UnrecordedOf(const Migration& migration) {
  const std::scoped_lock lock(mutex_);
  const auto it = unrecorded_.find(migration.meta.key);
  if (it == unrecorded_.end()) return std::nullopt;
  if (it->second.based_on == migration.status) return it->second.decision;
  unrecorded_.erase(it);
  return std::nullopt;
}

void Reconciler::Remember(const Migration& migration, const decide::Decision& decision) {
  const std::scoped_lock lock(mutex_);
  unrecorded_[migration.meta.key] = {migration.status, decision};
}

void Reconciler::ForgetUnrecorded(const kube::ObjectKey& key) {
  const std::scoped_lock lock(mutex_);
  unrecorded_.erase(key);
}

bool Reconciler::CaughtUp(const Migration& migration) const {
  const kube::ObjectMeta& meta = migration.meta;
  if (!parts_.migration_versions.CaughtUp(meta.key, meta.uid, meta.resource_version)) return false;
  if (!migration.spec) return true;
  return std::ranges::all_of(migration.spec->routes, [&](const model::RouteRef& route) {
    const auto object = parts_.cache.StoreOf(route).Get({meta.key.ns, route.object});
    return !object || parts_.route_versions.CaughtUp(RouteKey(meta.key.ns, route), object->meta.uid, object->meta.resource_version);
  });
}

decide::Decision Reconciler::DecideOn(const Migration& migration, const decide::Observation& seen, base::WallTime now) const {
  if (!migration.spec) return decide::DecideInvalid(migration.errors, migration.status, seen, now);
  return decide::Decide(*migration.spec, migration.status, seen, now);
}

void Reconciler::Poll(const Migration& migration) {
  if (!migration.spec || migration.meta.deleting) return parts_.poller.Forget(migration.meta.key);
  MetricPoller::Wanted wanted{migration.spec, {}, EpochOf(migration), migration.meta.uid};
  for (const model::ComponentSpec& component : migration.spec->components) {
    if (decide::WantsMetrics(*migration.spec, migration.status, component.name)) wanted.components.push_back(component.name);
  }
  if (wanted.components.empty()) return parts_.poller.Forget(migration.meta.key);
  parts_.poller.Want(migration.meta.key, std::move(wanted), migration.status);
}

bool Reconciler::KeepBridge(const Migration& migration) {
  if (parts_.bridges == nullptr || !migration.spec) return true;
  const model::RouteRef* bridge = BridgeOf(migration);
  base::Status kept;
  if (bridge == nullptr) {
    parts_.agents->Forget(migration.meta.key);
  } else if (const std::string missing = parts_.bridges->WaitsFor(migration, *bridge); !missing.empty()) {
    RecordEvent(migration, kube::EventType::kNormal, "BridgeWaits", missing);
  } else {
    parts_.agents->Want(migration.meta.key, bridge->object);
    kept = parts_.bridges->Keep(migration, *bridge);
    if (!kept) TellOfBridge(migration, "BridgeNotMade", kept.error());
  }
  const auto gone = parts_.bridges->RemoveOthers(migration);
  if (!gone) TellOfBridge(migration, "BridgeNotRemoved", gone.error());
  for (const std::string& name : gone ? *gone : std::vector<std::string>()) {
    const char* why = IsAtRest(migration, kFinalizer) ? "is needed no more" : "has left spec.routes";
    RecordEvent(migration, kube::EventType::kNormal, "BridgeRemoved", fmt::format("bridge {} {} and is gone", name, why));
  }
  return kept && gone;
}

void Reconciler::TellOfBridge(const Migration& migration, const char* reason, const base::Error& error) {
  LogFailure(migration, error);
  // What goes away by itself is not told: an API server that is slow, or a lease that is lost.
  using Code = base::ErrorCode;
  const bool stays = error.code == Code::kConflict || error.code == Code::kForbidden || error.code == Code::kInvalid;
  if (stays) RecordEvent(migration, kube::EventType::kWarning, reason, error.message);
}

void Reconciler::RecordEvent(const Migration& migration, kube::EventType type, const std::string& reason, const std::string& message) {
  parts_.events.Record({kube::kSoftMigrations, migration.meta.key, migration.meta.uid, type, reason, "Reconcile", message});
}

Reconciler::TakenBack Reconciler::TakeBackFirst(const Migration& migration, const decide::Decision& decision,
                                                const decide::Observation& seen, base::WallTime now) {
  if (!migration.spec || !BeginsRollback(migration.status, decision.next)) return TakenBack::kNothing;
  Migration intended = migration;
  intended.status = decision.next;
  const decide::Decision plan = DecideOn(intended, seen, now);
  // A route that is missing is made once the rollback is recorded, at the weights that it records.
  if (std::ranges::none_of(plan.actions, MovesUsers)) return TakenBack::kNothing;
  const std::string manager = ManagerOf(migration, decision.next);
  bool all = true;
  for (const decide::Action& action : plan.actions) {
    if (!MovesUsers(action)) continue;
    const auto done = parts_.executor.Do(intended, action, manager);
    if (!done) LogFailure(migration, done.error());
    all = all && done.has_value();
  }
  if (!all) return TakenBack::kNotAll;  // record it, then go on as recorded
  if (const auto& since = decision.next.last_rollback->breach_seen_at) parts_.metrics.ObserveBreachToZero(parts_.clock.WallNow() - *since);
  return TakenBack::kAll;
}

PassResult Reconciler::Record(const Migration& migration, const decide::Decision& decision) {
  const kube::Lane lane = LaneOf(decision);
  if (const auto recorded = parts_.executor.Commit(migration, decision.next); !recorded) return Failed(migration, recorded.error(), lane);
  Tell(migration, decision);
  Account(migration, decision);
  // The watch brings the key back; this is for the case that it lags.
  return {Outcome::kRequeueSoon, {}, lane, false};
}

PassResult Reconciler::CarryOut(const Migration& migration, const decide::Decision& decision, const std::string& manager) {
  const kube::Lane lane = LaneOf(decision);
  std::optional<base::Error> failure;
  Outcome outcome = Outcome::kNothingToWrite;
  for (const decide::Action& action : decision.actions) {
    const auto done = parts_.executor.Do(migration, action, manager);
    if (const std::string* route = TemplateOf(action)) parts_.gatherer.NoteTemplateWrite(migration, *route, done);
    if (done == Written::kSomething) outcome = Outcome::kRequeueSoon;
    if (done) continue;
    failure = done.error();
    // One route that cannot be written must not keep users of the others on the target.
    if (lane != kube::Lane::kSafety) break;
  }
  if (failure) return Failed(migration, *failure, lane);
  // Where nothing was written the routes changed since they were looked at, and their watch brings the key back; or a router sees a
  // difference that it has no words for, and asking again at once would not help.
  return {outcome, {}, lane, false};
}

/// What a change of weight rested on, for whoever asks later: queries, counts and the evidence itself before and after.
void Reconciler::LogDecision(const Migration& migration, const decide::Decision& decision, const model::DecisionRecord& record) {
  const auto state_of = [&](const model::Checkpoint& checkpoint, const std::string& metric) {
    const model::EvidenceRecord* found = model::FindRecord(checkpoint, record.component, metric);
    return found == nullptr ? std::string() : found->state;
  };
  for (const model::DecisionMetric& metric : record.metrics) {
    parts_.log.Info("evidence", {{"migration", migration.meta.key.ToString()},
                                 {"component", record.component},
                                 {"reason", record.reason},
                                 {"from", record.from.value()},
                                 {"to", record.to.value()},
                                 {"metric", metric.name},
                                 {"verdict", model::Name(metric.verdict)},
                                 {"asked", metric.asked},
                                 {"says", metric.evidence},
                                 {"before", state_of(migration.status.checkpoint, metric.name)},
                                 {"after", state_of(decision.next.checkpoint, metric.name)}});
  }
}

void Reconciler::Tell(const Migration& migration, const decide::Decision& decision) {
  for (const model::DecisionRecord& record : decision.records) LogDecision(migration, decision, record);
  for (const decide::Note& note : decision.notes) {
    parts_.log.Info("transition", {{"migration", migration.meta.key.ToString()},
                                   {"phase", model::Name(decision.next.phase)},
                                   {"reason", note.reason},
                                   {"message", note.message}});
    RecordEvent(migration, note.warning ? kube::EventType::kWarning : kube::EventType::kNormal, note.reason, note.message);
  }
}

void Reconciler::Account(const Migration& migration, const decide::Decision& decision) {
  const auto& before = migration.status.last_rollback;
  const auto& after = decision.next.last_rollback;
  if (after && (!before || before->at != after->at)) parts_.metrics.CountRollback(after->reason);
  const auto reverted = [](const model::Status& status) {
    int sum = 0;
    for (const model::DriftRecord& drift : status.drift) sum += drift.reverted;
    return sum;
  };
  if (reverted(decision.next) > reverted(migration.status)) parts_.metrics.CountDrift();
}

void Reconciler::LogFailure(const Migration& migration, const base::Error& error) {
  const bool expected = error.code == base::ErrorCode::kConflict;
  parts_.log.Write(expected ? base::LogLevel::kDebug : base::LogLevel::kWarn, "write failed",
                   {{"migration", migration.meta.key.ToString()}, {"code", base::Name(error.code)}, {"error", error.message}});
}

PassResult Reconciler::Failed(const Migration& migration, const base::Error& error, kube::Lane lane) {
  LogFailure(migration, error);
  return {Outcome::kFailed, {}, lane, false};
}

}  // namespace softmig::reconcile
