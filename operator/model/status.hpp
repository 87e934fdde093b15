#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/percent.hpp"

namespace softmig::model {

using base::WallTime;

/// Where a component, and the migration as a whole, is. Texts in CRD and status are the names without k.
///
///   Pending ──► Shift ──► Complete
///      ▲          │ breach, no evidence, lost endpoints
///      │          ▼
///      │     RollingBack ──► RolledBack
///      └──────────────────────────┘ attempt raised
/// Paused and Invalid are only the migration's summary; a paused component keeps its own phase.
enum class Phase { kPending, kShift, kComplete, kRollingBack, kRolledBack, kPaused, kInvalid };

/// What a metric says. Only kPass lets a step advance; only kBreach is bad evidence; the others are missing evidence,
/// each for its own reason.
enum class Verdict { kPass, kBreach, kUndecided, kNoData, kStale, kNaN, kError };

/// A metric of a component as of its last change of verdict.
struct MetricStatus {
  std::string name;
  Verdict verdict = Verdict::kNoData;
  std::optional<double> value;          ///< the rate or the value judged
  std::optional<std::int64_t> samples;  ///< requests behind it, for counts
  WallTime at{};                        ///< when it was seen
  WallTime since{};                     ///< since when the verdict has been one of the same class (pass, breach, missing)
  std::string evidence;                 ///< one line: what was measured against what, or why there is nothing
  bool operator==(const MetricStatus&) const = default;
};

struct ComponentStatus {
  std::string name;
  Phase phase = Phase::kPending;
  int step = -1;                  ///< index into plan.shift.steps; -1 before the first
  base::Percent weight;           ///< the recorded intent for the target; the routes follow it
  std::optional<WallTime> since;  ///< when the step was reached (the routes showed the weight and the gateway had accepted it)
  std::string waiting_for;        ///< one sentence for people; changes only with the decision
  std::vector<MetricStatus> metrics;
  bool entered = false;  ///< the recorded intent that users of the gateway come through the bridge (RouteRef::bridge)
  bool holding = false;  ///< the evidence against the target reached 10 to 1 and is not back below 3 to 1: nothing advances
  bool operator==(const ComponentStatus&) const = default;
};

/// Evidence on the counts of one metric of one component: where a later process goes on.
struct EvidenceRecord {
  std::string component, metric;
  std::int64_t samples = 0;  ///< requests of both sides that it rests on
  std::string state;         ///< one compact JSON text that operator/analysis wrote and reads; opaque to everybody else
  bool operator==(const EvidenceRecord&) const = default;
};

/// All evidence as of one moment: written with every transition, and otherwise once a minute.
struct Checkpoint {
  WallTime at{};
  std::vector<EvidenceRecord> records;
  bool operator==(const Checkpoint&) const = default;
};

/// A user's route as it was before we touched it.
struct SavedRoute {
  std::string name;   ///< RouteRef::name
  std::string uid;    ///< of the object; another uid means the user made it anew
  std::string saved;  ///< compact JSON the router wrote and reads again (Restore); opaque to everybody else
  bool operator==(const SavedRoute&) const = default;
};

struct RollbackRecord {
  WallTime at{};  ///< when it was decided
  std::string component;
  base::Percent from;
  std::string reason;  ///< a code of decide/reasons.hpp
  std::string metric;  ///< empty where no metric was the cause
  std::optional<double> value;
  std::string evidence;                    ///< the metric's sentence at that moment
  std::optional<WallTime> breach_seen_at;  ///< when the answer that showed the breach arrived
  std::optional<WallTime> routed_at;       ///< when all routes were seen at 0
  std::optional<WallTime> verified_at;     ///< when the gateway had accepted it
  bool operator==(const RollbackRecord&) const = default;
};

/// What the evidence on one metric's counts had come to at one moment. Requests are those since evidence began, over all steps: what came
/// in between two moments is the difference.
struct EvidenceFigures {
  std::int64_t bad = 0, total = 0;                ///< of the target
  std::int64_t legacy_bad = 0, legacy_total = 0;  ///< 0 where legacy is not counted
  std::string against, in_favour;                 ///< odds to 1, as people read them
  bool operator==(const EvidenceFigures&) const = default;
};

/// One metric's part in a decision.
struct DecisionMetric {
  std::string name;
  Verdict verdict = Verdict::kNoData;
  std::string asked;                             ///< the queries (AskedText)
  std::string evidence;                          ///< the sentence at that moment
  std::optional<EvidenceFigures> before, after;  ///< of counts that are judged by evidence; before: as status had it until then
  bool operator==(const DecisionMetric&) const = default;
};

/// Why a component's weight was changed by what its metrics said: a step, completion or rollback.
struct DecisionRecord {
  WallTime at{};
  std::string component;
  std::string reason;  ///< a code of decide/reasons.hpp
  base::Percent from, to;
  std::vector<DecisionMetric> metrics;
  bool operator==(const DecisionRecord&) const = default;
};

enum class ConditionStatus { kTrue, kFalse, kUnknown };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::int64_t observed_generation = 0;
  WallTime last_transition{};
  std::string reason;   ///< PascalCase code
  std::string message;  ///< at most 1,024 bytes
  bool operator==(const Condition&) const = default;
};

/// Our writes to a route that somebody took back; see OwnershipConflict.
struct DriftRecord {
  std::string route;  ///< RouteRef::name
  int reverted = 0;   ///< times within the window
  WallTime first{}, last{};
  bool operator==(const DriftRecord&) const = default;
};

struct Status {
  std::int64_t observed_generation = -1;
  std::int64_t attempt = 0;  ///< the spec.attempt this status is about; 0 before the first
  Phase phase = Phase::kPending;
  int current_weight = 0;  ///< mean of the components' weights, rounded down; always written
  std::vector<ComponentStatus> components;
  std::vector<SavedRoute> routes;  ///< not empty exactly while the routes are adopted
  std::vector<DriftRecord> drift;
  std::optional<RollbackRecord> last_rollback;
  std::optional<DecisionRecord> last_decision;  ///< the newest of all components; the log has the others
  std::vector<Condition> conditions;
  Checkpoint checkpoint;
  std::string evidence_hash;  ///< of the parts of the spec that evidence is about; a change restarts the current step
  bool operator==(const Status&) const = default;
};

}  // namespace softmig::model
