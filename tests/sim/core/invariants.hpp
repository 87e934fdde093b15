#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/core/checker.hpp"
#include "sim/core/data_plane.hpp"
#include "sim/core/network.hpp"
#include "sim/core/records.hpp"
#include "sim/core/replica.hpp"

namespace softmig::simulator {

/// The names under which the promises are counted and reported. Each is one function or a few lines of one.
namespace invariant {
inline constexpr const char* kLeaderOnly = "OnlyTheLeaderWrites";
inline constexpr const char* kOwnWrites = "NoDecisionOnOlderThanOwnWrite";
inline constexpr const char* kEvidence = "WeightRisesOnlyOnEvidence";
inline constexpr const char* kGates = "WeightRisesOnlyWithOpenGates";
inline constexpr const char* kHolds = "HoldsAreKept";
inline constexpr const char* kSteps = "StepsAreTakenInOrder";
inline constexpr const char* kTransitions = "TransitionsAreLegal";
inline constexpr const char* kFollowsRecord = "RouteNeverAboveTheRecord";
inline constexpr const char* kDeadSide = "NobodyIsMovedToADeadSide";
inline constexpr const char* kFinalizer = "FinalizerBeforeTraffic";
inline constexpr const char* kCompleteMeansAll = "CompleteMeansAllUsers";
inline constexpr const char* kVerified = "RollbackIsVerified";
inline constexpr const char* kRestored = "RoutesAreGivenBack";
inline constexpr const char* kBreach = "BreachLeadsToZero";
inline constexpr const char* kRollback = "RollbackIsCarriedOut";
inline constexpr const char* kDeadTarget = "UsersLeaveADeadTarget";
inline constexpr const char* kForeign = "NothingElseIsTouched";
inline constexpr const char* kUnseen = "NoStatusIsOverwrittenUnseen";
inline constexpr const char* kNoReturn = "NobodyReturnsDuringARollback";
inline constexpr const char* kHotLoop = "NoHotLoop";
inline constexpr const char* kSettles = "EveryRunSettles";
inline constexpr const char* kQuiet = "QuietAtRest";
inline constexpr const char* kTruthful = "StatusTellsTheTruthAtRest";
inline constexpr const char* kCaches = "CachesCatchUp";
inline constexpr const char* kOnce = "NothingIsCountedTwice";
inline constexpr const char* kTold = "TransitionsAreTold";
inline constexpr const char* kNotDropped = "NobodyIsSentToABackendThatGoes";
inline constexpr const char* kMade = "RoutesAreMadeAsRecorded";
inline constexpr const char* kAll[] = {
    kLeaderOnly,       kOwnWrites, kEvidence, kGates,  kHolds,    kSteps,      kTransitions, kFollowsRecord, kDeadSide, kFinalizer,
    kCompleteMeansAll, kVerified,  kRestored, kBreach, kRollback, kDeadTarget, kForeign,     kUnseen,        kNoReturn, kHotLoop,
    kSettles,          kQuiet,     kTruthful, kCaches, kTold,     kOnce,       kMade,        kNotDropped};
}  // namespace invariant

/// A change of a component's status that is worth an Event, by the Event's reason (empty: any reason of a rollback).
struct Transition {
  std::string component, reason;
};

/// Judges every accepted write when it is accepted, and what must happen in time after every event. Sees the API server's objects, what
/// was delivered to each process and what was done to it by the plan; uses none of the operator's judgement.
class Invariants {
 public:
  struct Parts {
    Loop& loop;
    Checker& checker;
    Cluster& cluster;
    Network& network;
    DataPlane& data_plane;
    const Scenario& scenario;
    /// The live replica that works, null where none does.
    std::function<Replica*()> worker;
  };
  explicit Invariants(const Parts& parts);

  void AfterEvent();
  /// Writes at rest are violations from now on.
  void BeginRest();
  void EndRest();
  /// Why a migration is not where it has to end; nothing where each is.
  [[nodiscard]] std::optional<std::string> Unsettled() const;
  void JudgeEnd();
  /// The wall clock of some machine jumped: holds are measured by it, also across two leaders whose clocks differ.
  void NoteClockJump() { clocks_differ_ = clock_jumped_ = true; }
  /// A status that the process wrote was answered; called before it goes on.
  void NoteAcknowledged(const std::string& process, const std::string& migration, const std::string& version);
  /// The process handed an Event to its sink.
  void NoteTold(const std::string& process, const std::string& migration, const std::string& reason, const std::string& note);
  /// A process that worked was frozen until now, or a fault of this kind kept it from knowing.
  void NoteThaw(int replica);
  [[nodiscard]] const MigrationRecord& record(std::size_t migration) const { return stories_[migration].record; }

 private:
  struct ShareChange {
    double was = 0;
    double is = 0;
  };
  /// Users whom a process took back. It remembers that itself; whoever comes after it finds it only on a route that nobody wrote since.
  struct TakenBack {
    long long attempt = 0;
    std::string by;                  ///< the process
    std::set<std::string> marked{};  ///< routes of which that was the last write
  };
  struct ComponentStory {
    std::map<std::string, Share> shares;  ///< by route object, as the API server has it
    Time shown_since{};                   ///< since when all routes have shown the recorded weight
    Time noted_behind{};                  ///< by so much the clock was behind by which status noted that
    bool shown = false;
    bool suspected = false;               ///< a bad answer was delivered while users are on the target
    std::optional<Time> breach_since;     ///< the working process knows of a breach and users are still on the target
    std::optional<TakenBack> taken_back;  ///< before that was recorded
    std::optional<Time> dead_since;       ///< it knows that the target is dead, and users are still there
    bool rolling = false;
    bool freed = false;                  ///< while it is recorded, all were back at least once
    std::optional<Time> rollback_since;  ///< it is recorded, and users are still there
  };
  /// The last status that a process wrote, and what of it was not yet told.
  struct Recorded {
    std::string version;
    std::vector<Transition> open;
    bool acknowledged = false;
  };
  struct Story {
    std::map<std::string, Recorded> recorded;  ///< by process
    MigrationRecord record;
    Time attempt_since{};  ///< when another attempt was recorded: counts begin anew with it; 0: the first
    std::vector<ComponentStory> components;
    std::map<std::string, std::string> originals;  ///< rules of this migration on each route as the user wrote them
    std::map<std::string, bool> edited;            ///< by somebody since
    std::map<std::string, std::string> templates;  ///< the same as the operator made them before anybody was moved
    bool seen = false;
    int rest_writes = 0;       ///< of status while nothing happens
    bool legacy_away = false;  ///< legacy cannot take users, or nobody was told yet that it can again
  };

  // invariants_writes.cpp
  void OnChange(const ClusterChange& change);
  void OnMigration(std::size_t index, const ClusterChange& change);
  void OnRoute(const ClusterChange& change);
  void JudgeSender(const ClusterChange& change);
  void JudgeVersions(const ClusterChange& change);
  void JudgeStatus(std::size_t index, const MigrationRecord& before, const MigrationRecord& after, const Sender& sender);
  void JudgeRise(std::size_t index, std::size_t component, const ComponentRecord& before, const Sender& sender);
  void JudgeGates(const MigrationPlan& plan, const Sender& sender);
  void JudgeEvidence(std::size_t index, std::size_t component, int from, const PassView& view);
  void JudgeHold(std::size_t index, std::size_t component, const ComponentRecord& before, const PassView& view);
  void JudgeRouteWrite(std::size_t index, const ClusterChange& change);
  void JudgeMade(std::size_t index, const ClusterChange& change);
  static void EraseMarks(Story& story, const std::string& route);
  void JudgeReturn(std::size_t index, std::size_t component, const ClusterChange& change, const ShareChange& target);
  void JudgeForeign(const ClusterChange& change);
  void JudgeUnseen(std::size_t index, const ClusterChange& change);
  void NoteOriginals(std::size_t index);
  void JudgeGivenBack(std::size_t index, bool left_complete);
  void ReadShares(const std::string& route);
  void NoteShown(std::size_t index);

  // invariants_evidence.cpp
  void JudgeCheckpoint(std::size_t index, const nlohmann::json& object);
  /// What users got since the step was shown is enough to tell a good target from a bad one. The metrics server is asked about instants:
  /// a clock that is behind its own calls a past one the beginning of the step, and what users got since then is all that can be asked for.
  bool EnoughSeen(std::size_t index, std::size_t component);
  /// A step that is being judged keeps its evidence once a minute.
  bool MayWriteAtRest(const ClusterChange& change);

  // invariants_told.cpp
  void ExpectTold(std::size_t index, const MigrationRecord& before, const MigrationRecord& after, const Sender& sender,
                  const std::string& version);
  void JudgeAllTold(std::size_t index, const std::string& process);

  // invariants_time.cpp
  void JudgeBreach(std::size_t index, std::size_t component, Replica& worker);
  void JudgeDeadTarget(std::size_t index, std::size_t component, Replica& worker);
  void JudgeRollback(std::size_t index, std::size_t component, Replica& worker);
  void JudgePace();
  void NoteLegacy(std::size_t index, const Replica& worker);
  /// What happens is known as soon as watches had time to tell.
  [[nodiscard]] bool WatchesTell(const Replica& worker) const;
  [[nodiscard]] Time Excused(const Replica& worker, std::size_t index, Time since) const;
  [[nodiscard]] bool OnTarget(const ComponentStory& component) const;
  [[nodiscard]] bool LegacyCannotTake(const MigrationPlan& plan) const;

  // invariants_end.cpp
  [[nodiscard]] std::optional<std::string> Unsettled(std::size_t index) const;
  [[nodiscard]] std::optional<std::string> Unmade(const MigrationPlan& plan) const;
  [[nodiscard]] std::optional<std::string> UnsettledComponent(std::size_t index, std::size_t component) const;
  void JudgeTruth(std::size_t index);

  Parts parts_;
  std::vector<Story> stories_;
  std::map<int, Time> thawed_;
  Time legacy_back_{};
  bool clocks_differ_ = false;
  bool clock_jumped_ = false;
  bool at_rest_ = false;
  Time rest_since_{};
  Time pace_from_{};
  Network::Counts pace_counts_;
  std::uint64_t pace_passes_ = 0;
  std::string pace_process_;
};

}  // namespace softmig::simulator
