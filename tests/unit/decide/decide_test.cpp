#include "decide/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "decide/reasons.hpp"
#include "fakes/builders.hpp"
#include "model/limits.hpp"
#include "scenario/world.hpp"

namespace softmig::decide {
namespace {

using fakes::MakeMigration;
using model::Phase;
using model::Verdict;
using scenario::World;
using std::chrono::minutes;
using std::chrono::seconds;

void Settle(World& world) {
  for (int i = 0; i < 40 && world.Apply(world.Decide()); ++i) {
  }
}

/// A migration whose first step, at 10 %, was reached just now.
World Shifting(const model::Spec& spec) {
  World world(spec);
  Settle(world);
  world.now += seconds(2);  // the gateway got to know the target
  Settle(world);
  world.now += seconds(10);
  return world;
}

const model::Condition& ConditionOf(const model::Status& status, const std::string& type) {
  return *std::ranges::find(status.conditions, type, &model::Condition::type);
}

TEST(Decide, NeedsNothingButItsInputs) {
  const World world = Shifting(MakeMigration().Spec());
  const Decision once = world.Decide(), again = world.Decide();
  EXPECT_EQ(once.next, again.next);
  EXPECT_EQ(once.actions, again.actions);
}

TEST(Decide, SpecWithoutStepsIsInvalidRatherThanComplete) {
  World world = Shifting(MakeMigration().Spec());
  world.spec.steps.clear();
  const Decision decision = world.Decide();
  EXPECT_EQ(decision.next.phase, Phase::kInvalid);
  EXPECT_EQ(decision.next.components.front().weight.value(), 10);
}

TEST(Decide, FewerStepsThanTheRecordedIndexLeaveTheWeight) {
  World world = Shifting(MakeMigration().Steps({{1, minutes(0)}, {5, minutes(0)}, {10, minutes(9)}, {100, minutes(0)}}).Spec());
  world.now += seconds(30);
  Settle(world);
  world.now += seconds(30);
  Settle(world);
  ASSERT_EQ(world.status.components.front().weight.value(), 10);
  world.spec.steps = MakeMigration().Steps({{40, minutes(9)}, {100, minutes(0)}}).Spec().steps;
  world.spec.paused = true;
  Settle(world);
  EXPECT_EQ(world.status.components.front().weight.value(), 10);
  EXPECT_EQ(world.status.components.front().step, -1);
}

TEST(Decide, DamagedStatusNeverRaisesAWeight) {
  World world = Shifting(MakeMigration().Spec());
  for (const Phase phase : {Phase::kComplete, Phase::kRolledBack, Phase::kPaused, Phase::kInvalid, Phase::kPending}) {
    world.status.components.front().phase = phase;
    EXPECT_LE(world.Decide().next.components.front().weight.value(), 10) << model::Name(phase);
  }
}

TEST(Decide, StatusThatLostItsSnapshotsBeginsAnewFromZero) {
  World world = Shifting(MakeMigration().Spec());
  world.status.routes.clear();
  world.spec.paused = true;
  Settle(world);
  EXPECT_EQ(world.status.components.front().phase, Phase::kPending);
  EXPECT_EQ(world.status.components.front().weight.value(), 0);
}

TEST(Decide, RollbackThatLostItsSnapshotsStillTakesUsersBack) {
  World world = Shifting(MakeMigration().Spec());
  world.status.routes.clear();
  world.status.components.front().phase = Phase::kRollingBack;
  Settle(world);
  EXPECT_EQ(world.routes.at("web").weights.at("all"), 0);
  EXPECT_EQ(world.status.components.front().phase, Phase::kRolledBack);
}

TEST(Decide, TextsThatAreTooLongToStoreAreWrittenOnce) {
  World world = Shifting(MakeMigration().Spec());
  world.routes.at("web").problems = {{"ThirdBackend", std::string(5000, 'x')}};
  ASSERT_TRUE(world.Apply(world.Decide()));
  EXPECT_EQ(world.Decide().next, world.status);
}

TEST(Decide, WordsOfAFailedReadAreNotWrittenAgainAndAgain) {
  World world = Shifting(MakeMigration().Spec());
  world.now += minutes(5);
  world.target = Failed{"Timeout: no answer from 10.0.0.1:41234"};
  Settle(world);
  EXPECT_THAT(world.status.components.front().waiting_for, testing::HasSubstr("(Timeout)"));
  world.target = Failed{"Timeout: no answer from 10.0.0.1:55555"};
  EXPECT_EQ(world.Decide().next, world.status);
}

TEST(Decide, RaisedAttemptStartsOnlyWhenItsMetricsWereAskedAgain) {
  World world = Shifting(MakeMigration().Spec());
  world.metrics.at({"all", "errors"}).verdict = Verdict::kBreach;
  Settle(world);
  ASSERT_EQ(world.status.phase, Phase::kRolledBack);
  world.metrics.at({"all", "errors"}).verdict.reset();
  world.spec.attempt = 2;
  Settle(world);
  EXPECT_EQ(world.status.components.front().phase, Phase::kPending);
  EXPECT_THAT(world.status.components.front().waiting_for, testing::HasSubstr("not asked yet"));
}

TEST(Decide, RollbackComesBeforeAMissingFinalizer) {
  World world = Shifting(MakeMigration().Spec());
  world.finalizer = false;
  world.metrics.at({"all", "errors"}).verdict = Verdict::kBreach;
  world.Apply(world.Decide());
  const Decision decision = world.Decide();
  ASSERT_EQ(decision.actions.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<ApplyTraffic>(decision.actions[0]));
  EXPECT_TRUE(std::holds_alternative<AddFinalizer>(decision.actions[1]));
  EXPECT_EQ(decision.urgency, Urgency::kSafety);
}

TEST(Decide, OrdinaryWritesWaitForTheFinalizer) {
  World world = Shifting(MakeMigration().Spec());
  world.finalizer = false;
  world.routes.at("web").weights["all"] = 3;
  world.Apply(world.Decide());
  EXPECT_THAT(world.Decide().actions, testing::ElementsAre(Action(AddFinalizer{})));
  Settle(world);
  EXPECT_EQ(world.routes.at("web").weights.at("all"), 10);
}

TEST(Decide, ProblemOfARouteLeavesTheOtherComponentsOfARollbackAlone) {
  World world = Shifting(MakeMigration().Components({{"refunds", {}}, {"checkout", {}}}).Spec());
  world.metrics.at({"refunds", "errors"}).verdict = Verdict::kBreach;
  world.routes.at("web").problems = {{"ThirdBackend", "third"}};
  world.Apply(world.Decide());
  const ApplyTraffic only{"web", {{"refunds", base::Percent(), false}}};
  EXPECT_THAT(world.Decide().actions, testing::ElementsAre(Action(only)));
}

TEST(Decide, SecondRollbackDoesNotVerifyTheRecordOfTheFirst) {
  World world = Shifting(MakeMigration().Components({{"refunds", {}}, {"checkout", {}}}).Spec());
  world.routes.at("web").gateway = scenario::WorldRoute::Gateway::kSilent;
  world.metrics.at({"refunds", "errors"}).verdict = Verdict::kBreach;
  Settle(world);
  world.status.last_rollback->component = "checkout";
  world.routes.at("web").gateway = scenario::WorldRoute::Gateway::kAccepts;
  world.routes.at("web").seen_by_gateway = world.routes.at("web").generation;
  Settle(world);
  EXPECT_EQ(world.status.components.front().phase, Phase::kRolledBack);
  EXPECT_FALSE(world.status.last_rollback->verified_at);
}

TEST(Decide, HeldBreachDoesNotHideMissingEvidenceOfAnotherMetric) {
  World world = Shifting(MakeMigration()
                             .Metrics({"errors", "latency"})
                             .OnBreach(model::BreachPolicy::kHold)
                             .OnNoEvidence(seconds(0), model::BreachPolicy::kRollback)
                             .Spec());
  world.metrics.at({"all", "errors"}).verdict = Verdict::kBreach;
  world.metrics.at({"all", "latency"}).verdict = Verdict::kError;
  Settle(world);
  EXPECT_EQ(world.status.phase, Phase::kRolledBack);
  EXPECT_EQ(world.status.last_rollback->metric, "latency");
}

TEST(Decide, DeletionWaitsForARouteNobodyLookedAt) {
  World world = Shifting(MakeMigration().Spec());
  Observation seen = world.Observe();
  seen.deleting = true;
  seen.routes.clear();
  const Decision decision = Decide(world.spec, world.status, seen, world.now);
  EXPECT_THAT(decision.actions, testing::IsEmpty());
  EXPECT_EQ(ConditionOf(decision.next, "Stalled").reason, reason::kReadFailed);
}

TEST(Decide, RefusesWhatTheRouterCannotDo) {
  World world(MakeMigration().Flag("x-beta", "1").Spec());
  world.Apply(world.Decide());
  Observation seen = world.Observe();
  seen.header_flags_supported = false;
  const Decision decision = Decide(world.spec, world.status, seen, world.now);
  EXPECT_EQ(ConditionOf(decision.next, "Stalled").reason, reason::kUnsupportedByRouter);
  EXPECT_EQ(ConditionOf(decision.next, "Stalled").status, model::ConditionStatus::kTrue);
}

TEST(Decide, RefusesARouteThatCannotBeRememberedOrIsClaimedTwice) {
  World world(MakeMigration().Spec());
  world.Apply(world.Decide());
  Observation large = world.Observe();
  large.routes.at("web").snapshot.reset();
  large.routes.at("web").snapshot_error = "more than 16 KiB";
  EXPECT_EQ(ConditionOf(Decide(world.spec, world.status, large, world.now).next, "Stalled").reason, reason::kRouteTooLarge);
  Observation twice = world.Observe();
  twice.routes.at("web").claims = {{std::string(reason::kRuleClaimedTwice), "a and b"}};
  EXPECT_EQ(ConditionOf(Decide(world.spec, world.status, twice, world.now).next, "Stalled").reason, reason::kRuleClaimedTwice);
}

TEST(Decide, ConditionsKeepTheTimeOfTheirLastChangeOfStatus) {
  World world = Shifting(MakeMigration().Spec());
  const base::WallTime before = ConditionOf(world.status, "Ready").last_transition;
  world.now += minutes(1);
  world.spec.paused = true;
  Settle(world);
  EXPECT_EQ(ConditionOf(world.status, "Ready").last_transition, before);
  EXPECT_EQ(ConditionOf(world.status, "Reconciling").last_transition, world.now);
}

TEST(Decide, PortThatIsGoneCountsAsNotServing) {
  EXPECT_FALSE(Serves(BackendState{false, 3}));
  EXPECT_TRUE(KnownDead(BackendState{false, 3}));
  EXPECT_FALSE(KnownDead(Failed{"x"}));
}

TEST(WantsMetrics, OnlyWhereSomethingIsJudged) {
  model::Spec spec = MakeMigration().Spec();
  model::Status status;
  status.components.resize(1);
  status.components[0].name = "all";
  EXPECT_FALSE(WantsMetrics(spec, status, "other"));
  EXPECT_TRUE(WantsMetrics(spec, status, "all"));
  status.components[0].phase = Phase::kComplete;
  EXPECT_FALSE(WantsMetrics(spec, status, "all"));
  status.components[0].phase = Phase::kShift;
  spec.paused = true;
  EXPECT_TRUE(WantsMetrics(spec, status, "all"));
}

TEST(Enforces, UntilEveryoneIsAcrossAndTheFinalizerIsGone) {
  model::Status status;
  EXPECT_FALSE(Enforces(status, true));
  status.routes = {{"web", "uid", "{}"}};
  status.components.resize(1);
  EXPECT_TRUE(Enforces(status, false));
  status.components[0].phase = Phase::kComplete;
  EXPECT_TRUE(Enforces(status, true));
  EXPECT_FALSE(Enforces(status, false));
}

TEST(Decide, FinishesARollbackThatReachedARouteButWasNotRecorded) {
  World world = Shifting(MakeMigration().Spec());
  world.routes.at("web").weights["all"] = 0;
  world.routes.at("web").Wrote(ToFieldManager({world.status.attempt, "MetricBreached", "errors", {}}));
  const Decision decision = world.Decide();
  EXPECT_EQ(decision.next.phase, Phase::kRollingBack);
  EXPECT_EQ(decision.next.last_rollback->reason, reason::kMetricBreached);
  EXPECT_EQ(decision.next.last_rollback->metric, "errors");
  EXPECT_TRUE(decision.next.drift.empty());
}

TEST(Decide, TheRollbackOfAnEarlierAttemptIsNoExcuseForAWeightThatFell) {
  World world = Shifting(MakeMigration().Spec());
  world.routes.at("web").weights["all"] = 0;
  world.routes.at("web").Wrote(ToFieldManager({world.status.attempt - 1, "MetricBreached", "errors", {}}));
  const Decision decision = world.Decide();
  EXPECT_EQ(decision.next.phase, Phase::kShift);
  EXPECT_EQ(decision.next.drift.size(), 1U);
}

MetricObservation BreachThenSilence(base::WallTime breach, base::WallTime now) {
  analysis::Judgement bad, nothing;
  bad.verdict = Verdict::kBreach;
  bad.at = bad.window_start = breach;
  nothing.verdict = Verdict::kUndecided;
  nothing.at = nothing.window_start = now;
  return {nothing, bad, {}, {}};
}

TEST(Decide, ABreachFromBeforeTheFirstUsersHoldsThemUpForAWhileAndNotForEver) {
  World world(MakeMigration().OnNoEvidence(minutes(1), model::BreachPolicy::kRollback).Spec());
  Settle(world);
  const base::WallTime breach = world.now;
  world.now += seconds(30);
  world.counted[{"all", "errors"}] = BreachThenSilence(breach, world.now);
  Settle(world);
  EXPECT_EQ(world.status.components.front().weight.value(), 0);
  EXPECT_EQ(world.status.components.front().metrics.front().verdict, Verdict::kBreach);
  world.now += seconds(31);
  world.counted[{"all", "errors"}] = BreachThenSilence(breach, world.now);
  world.Apply(world.Decide());
  EXPECT_EQ(world.status.components.front().weight.value(), 10);
}

TEST(Decide, ABreachOfUsersOutlastsAnySilence) {
  World world = Shifting(MakeMigration().OnNoEvidence(minutes(1), model::BreachPolicy::kRollback).Spec());
  world.counted[{"all", "errors"}] = BreachThenSilence(world.now - minutes(10), world.now);
  EXPECT_EQ(world.Decide().next.phase, Phase::kRollingBack);
}

TEST(Decide, TheGatewayKnowsTheTargetBeforeItsFirstUsers) {
  World world(MakeMigration().Spec());
  Settle(world);
  EXPECT_EQ(world.routes.at("web").weights.at("all"), 0);
  EXPECT_TRUE(world.routes.at("web").named.contains("all"));
  EXPECT_EQ(world.status.components.front().weight.value(), 0);
  world.now += seconds(2);
  Settle(world);
  EXPECT_EQ(world.routes.at("web").weights.at("all"), 10);
}

/// Two components of which one may go on to its first step, and the other's rollback is what was written last.
struct TwoComponents {
  World world;
  model::Status begun;  ///< "a" goes back

  TwoComponents() : world(MakeMigration().Components({{"a", {}}, {"b", {}}}).Spec()) {
    world.status = Shifting(world.spec).status;
    begun = world.status;
    begun.components[0].phase = Phase::kRollingBack;
    begun.last_rollback = model::RollbackRecord{world.now, "a", {}, "MetricBreached", "errors", {}, {}, {}, {}, {}};
    for (model::ComponentStatus& component : world.status.components) component.since.reset();
    world.routes.at("web").weights = {{"a", 0}, {"b", 0}};
    world.finalizer = true;
  }
  std::vector<Phase> PhasesAfter(const std::string& manager) {
    world.routes.at("web").Wrote(manager);
    const Decision decision = world.Decide();
    return {decision.next.components[0].phase, decision.next.components[1].phase};
  }
};

TEST(Decide, TheRollbackOfAFirstStepThatWasNeverSeenIsFinishedForWhomItWasBegun) {
  TwoComponents both;
  EXPECT_THAT(both.PhasesAfter(ToFieldManager(MarkOf("", both.begun))), testing::ElementsAre(Phase::kRollingBack, Phase::kShift));
  EXPECT_THAT(both.PhasesAfter(ToFieldManager(MarkOf("another migration", both.begun))), testing::Each(Phase::kShift));
}

TEST(Decide, AMarkThatNamesNobodyCountsForAll) {
  TwoComponents both;
  EXPECT_THAT(both.PhasesAfter("softmigration-rollback/" + std::to_string(both.world.status.attempt) + "/MetricBreached/errors"),
              testing::Each(Phase::kRollingBack));
}

TEST(Decide, WhoBeganAnewIsNotTakenBackByTheMarkOfARecordedRollback) {
  TwoComponents both;
  both.world.status.last_rollback = both.begun.last_rollback;
  EXPECT_THAT(both.PhasesAfter(ToFieldManager(MarkOf("", both.begun))), testing::Each(Phase::kShift));
}

TEST(RollbackMark, NamesAllThatAreOnTheirWayBackOrWere) {
  model::Status status;
  status.attempt = 3;
  status.last_rollback =
      model::RollbackRecord{base::WallTime(base::Millis(0x1'0000'00ffLL)), "b", {}, "NoEvidence", "m", {}, {}, {}, {}, {}};
  for (const char* name : {"a", "b", "c", "d"}) status.components.emplace_back().name = name;
  status.components[1].phase = Phase::kRollingBack;
  status.components[2].phase = Phase::kRolledBack;
  status.components[3].phase = Phase::kShift;
  const RollbackMark mark = MarkOf("uid", status);
  EXPECT_THAT(ToFieldManager(mark), testing::MatchesRegex("softmigration-rollback/3/NoEvidence/000000ff[0-9a-f]{8}/m"));
  status.last_rollback.reset();
  EXPECT_FALSE(MayBeUnrecorded(mark, "uid", "a", status));
  EXPECT_TRUE(MayBeUnrecorded(mark, "uid", "b", status));
  EXPECT_TRUE(MayBeUnrecorded(mark, "uid", "c", status));
  EXPECT_FALSE(MayBeUnrecorded(mark, "uid", "d", status));
  EXPECT_FALSE(MayBeUnrecorded(mark, "another", "b", status));
  status.attempt = 4;
  EXPECT_FALSE(MayBeUnrecorded(mark, "uid", "b", status));
}

TEST(RollbackMark, ReadsWhatItWritesAndNothingElse) {
  const RollbackMark mark{7, "MetricBreached", "error-rate", RollbackMark::Whose{0xab, {1, 0xffff}}};
  EXPECT_EQ(ToFieldManager(mark), "softmigration-rollback/7/MetricBreached/000000ab0001ffff/error-rate");
  EXPECT_EQ(ReadFieldManager(ToFieldManager(mark)), mark);
  const RollbackMark without{1, "TargetNotServing", "", RollbackMark::Whose{1, {2}}};
  EXPECT_EQ(ReadFieldManager(ToFieldManager(without)), without);
  const RollbackMark earlier{1, "TargetNotServing", "", {}};
  EXPECT_EQ(ReadFieldManager(ToFieldManager(earlier)), earlier);
  for (const char* manager : {"", "softmigration", "softmigration-rollback/", "softmigration-rollback/x/MetricBreached/m",
                              "softmigration-rollback/1", "softmigration-rollback/1//m", "kubectl-edit"}) {
    EXPECT_FALSE(ReadFieldManager(manager)) << manager;
  }
}

TEST(RollbackMark, FitsTheNameOfAManager) {
  const RollbackMark::Whose all{0xffffffff, std::vector<std::uint16_t>(model::limits::kComponents, 0xabcd)};
  const RollbackMark longest{model::limits::kAttempts, std::string(reason::kTargetNotServing), std::string(63, 'm'), all};
  EXPECT_LE(ToFieldManager(longest).size(), 128U);
  EXPECT_EQ(ReadFieldManager(ToFieldManager(longest))->whose, all);
}

TEST(RollbackMark, OneThatWasCutCountsForAll) {
  const std::string manager = ToFieldManager({1, "MetricBreached", "", RollbackMark::Whose{1, {2, 3}}});
  for (std::size_t cut = 1; cut <= 17; ++cut) EXPECT_FALSE(ReadFieldManager(manager.substr(0, manager.size() - cut))->whose) << cut;
}

}  // namespace
}  // namespace softmig::decide
