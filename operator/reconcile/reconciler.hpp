#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "decide/decide.hpp"
#include "kube/runtime/event_recorder.hpp"
#include "kube/runtime/work_queue.hpp"
#include "reconcile/bridge_agents.hpp"
#include "reconcile/bridge_keeper.hpp"
#include "reconcile/domain_metrics.hpp"
#include "reconcile/executor.hpp"
#include "reconcile/gatherer.hpp"

namespace softmig::reconcile {

/// What a pass came to, and when to look again.
struct PassResult {
  enum class Outcome { kSettled, kRequeueSoon, kNothingToWrite, kFailed };
  Outcome outcome = Outcome::kSettled;      ///< kNothingToWrite, kFailed: again, each time later
  std::optional<base::Millis> look_again;   ///< for kSettled: a timer; nothing: only when something changes
  kube::Lane lane = kube::Lane::kOrdinary;  ///< for whatever comes next
  bool only_paperwork = false;              ///< users are back on legacy; what is left is to record it, and may wait
};

/// One pass over one migration: read, gather, decide, then either record intent or carry out what is recorded.
/// Thread-safe for different keys; the work queue never gives one key to two workers.
class Reconciler {
 public:
  struct Parts {
    Cache& cache;
    Gatherer& gatherer;
    const Executor& executor;
    MetricPoller& poller;
    VersionTracker& migration_versions;
    VersionTracker& route_versions;
    kube::EventSink& events;
    DomainMetrics& metrics;
    const base::Clock& clock;
    base::Log& log;
    const BridgeKeeper* bridges = nullptr;  ///< null where this operator makes no bridges
    BridgeAgents* agents = nullptr;         ///< null as well then
  };
  explicit Reconciler(Parts parts) : parts_(parts) {}

  PassResult Reconcile(const kube::ObjectKey& key);

 private:
  [[nodiscard]] bool CaughtUp(const Migration& migration) const;
  decide::Decision DecideOn(const Migration& migration, const decide::Observation& seen, base::WallTime now) const;
  void Poll(const Migration& migration);
  /// Sees to it that the migration's bridge is there, and no other of its own. False: something could not be written, to be tried again.
  bool KeepBridge(const Migration& migration);
  void TellOfBridge(const Migration& migration, const char* reason, const base::Error& error);
  void RecordEvent(const Migration& migration, kube::EventType type, const std::string& reason, const std::string& message);
  /// A rollback that went to the routes and is not recorded yet: this process goes on from it, whatever the next answers of the metrics
  /// are. (A later process finds the mark on the routes, as long as nobody else wrote them.)
  struct Unrecorded {
    model::Status based_on;  ///< another recorded status means that it is over
    decide::Decision decision;
  };
  [[nodiscard]] std::optional<decide::Decision> UnrecordedOf(const Migration& migration);
  void Remember(const Migration& migration, const decide::Decision& decision);
  void ForgetUnrecorded(const kube::ObjectKey& key);
  /// The migration is gone.
  void Forget(const kube::ObjectKey& key);

  enum class TakenBack { kNothing, kNotAll, kAll };
  /// Takes users back before that is recorded: kNothing where no rollback begins or no route has to change (any more), kNotAll where some
  /// route could not be written.
  TakenBack TakeBackFirst(const Migration& migration, const decide::Decision& decision, const decide::Observation& seen,
                          base::WallTime now);
  PassResult Record(const Migration& migration, const decide::Decision& decision);
  PassResult CarryOut(const Migration& migration, const decide::Decision& decision, const std::string& manager);
  void Tell(const Migration& migration, const decide::Decision& decision);
  void LogDecision(const Migration& migration, const decide::Decision& decision, const model::DecisionRecord& record);
  void Account(const Migration& migration, const decide::Decision& decision);
  void LogFailure(const Migration& migration, const base::Error& error);
  PassResult Failed(const Migration& migration, const base::Error& error, kube::Lane lane);

  Parts parts_;
  std::mutex mutex_;
  std::unordered_map<kube::ObjectKey, Unrecorded> unrecorded_ SM_GUARDED_BY(mutex_);
};

}  // namespace softmig::reconcile
