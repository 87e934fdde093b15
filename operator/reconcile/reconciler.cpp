#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kube/core/known_types.hpp"

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

}  // namespace

PassResult Reconciler::Reconcile(const kube::ObjectKey& key) {
  const auto migration = parts_.cache.migrations().Get(key);
  if (!migration) {
    parts_.poller.Forget(key);
    parts_.gatherer.Forget(key);
    parts_.migration_versions.Forget(key);
    parts_.metrics.ForgetMigration(key);
    return {};
  }
  if (!CaughtUp(*migration))
    return {Outcome::kRequeueSoon, {}, RollingBack(migration->status) ? kube::Lane::kSafety : kube::Lane::kOrdinary};
  parts_.metrics.SetMigration(key, migration->status);
  Poll(*migration);
  const base::WallTime now = parts_.clock.WallNow();
  const decide::Decision decision = DecideOn(*migration, parts_.gatherer.Gather(*migration), now);
  if (decision.next != migration->status) return Record(*migration, decision);
  if (!decision.actions.empty()) return CarryOut(*migration, decision);
  PassResult result{Outcome::kSettled, {}, LaneOf(decision)};
  if (decision.wake_at) result.look_again = std::max(*decision.wake_at - now, base::Millis(1));
  return result;
}

bool Reconciler::CaughtUp(const Migration& migration) const {
  const kube::ObjectMeta& meta = migration.meta;
  if (!parts_.migration_versions.CaughtUp(meta.key, meta.uid, meta.resource_version)) return false;
  if (!migration.spec) return true;
  return std::ranges::all_of(migration.spec->routes, [&](const model::RouteRef& route) {
    const kube::ObjectKey key{meta.key.ns, route.object};
    const auto object = parts_.cache.routes().Get(key);
    return !object || parts_.route_versions.CaughtUp(key, object->meta.uid, object->meta.resource_version);
  });
}

decide::Decision Reconciler::DecideOn(const Migration& migration, const decide::Observation& seen, base::WallTime now) const {
  if (!migration.spec) return decide::DecideInvalid(migration.errors, migration.status, seen, now);
  return decide::Decide(*migration.spec, migration.status, seen, now);
}

void Reconciler::Poll(const Migration& migration) {
  if (!migration.spec || migration.meta.deleting) return parts_.poller.Forget(migration.meta.key);
  MetricPoller::Wanted wanted{migration.spec, {}, EpochOf(migration)};
  for (const model::ComponentSpec& component : migration.spec->components) {
    if (decide::WantsMetrics(*migration.spec, migration.status, component.name)) wanted.components.push_back(component.name);
  }
  if (wanted.components.empty()) return parts_.poller.Forget(migration.meta.key);
  parts_.poller.Want(migration.meta.key, std::move(wanted));
}

PassResult Reconciler::Record(const Migration& migration, const decide::Decision& decision) {
  const kube::Lane lane = LaneOf(decision);
  if (const auto recorded = parts_.executor.Commit(migration, decision.next); !recorded) return Failed(migration, recorded.error(), lane);
  Tell(migration, decision);
  Account(migration, decision);
  // The watch brings the key back; this is for the case that it lags.
  return {Outcome::kRequeueSoon, {}, lane};
}

PassResult Reconciler::CarryOut(const Migration& migration, const decide::Decision& decision) {
  const kube::Lane lane = LaneOf(decision);
  for (const decide::Action& action : decision.actions) {
    if (const auto done = parts_.executor.Do(migration, action); !done) return Failed(migration, done.error(), lane);
  }
  const auto& record = migration.status.last_rollback;
  if (RollingBack(migration.status) && record && !record->routed_at && record->breach_seen_at) {
    parts_.metrics.ObserveBreachToZero(parts_.clock.WallNow() - *record->breach_seen_at);
  }
  return {Outcome::kRequeueSoon, {}, lane};
}

void Reconciler::Tell(const Migration& migration, const decide::Decision& decision) {
  for (const decide::Note& note : decision.notes) {
    parts_.log.Info("transition", {{"migration", migration.meta.key.ToString()},
                                   {"phase", model::Name(decision.next.phase)},
                                   {"reason", note.reason},
                                   {"message", note.message}});
    parts_.events.Record({kube::kSoftMigrations, migration.meta.key, migration.meta.uid,
                          note.warning ? kube::EventType::kWarning : kube::EventType::kNormal, note.reason, "Reconcile", note.message});
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

PassResult Reconciler::Failed(const Migration& migration, const base::Error& error, kube::Lane lane) {
  const bool expected = error.code == base::ErrorCode::kConflict;
  parts_.log.Write(expected ? base::LogLevel::kDebug : base::LogLevel::kWarn, "write failed",
                   {{"migration", migration.meta.key.ToString()}, {"code", base::Name(error.code)}, {"error", error.message}});
  return {Outcome::kFailed, {}, lane};
}

}  // namespace softmig::reconcile
