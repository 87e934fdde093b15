#include "view/change.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes/builders.hpp"

namespace softmig::view {
namespace {

using model::DesiredPhase;
using model::Phase;
using nlohmann::json;

Migration At(Phase phase, int weight,
             const std::vector<std::pair<int, base::Millis>>& steps = {{10, base::Millis(60'000)}, {50, base::Millis(1'000)}, {100, {}}}) {
  Migration migration;
  migration.ns = "shop";
  migration.name = "payments";
  migration.seen = true;
  migration.parsed.spec = fakes::MakeMigration().Steps(steps).Spec();
  migration.status.phase = phase;
  migration.status.attempt = 1;
  model::ComponentStatus component;
  component.name = "all";
  component.phase = phase;
  component.weight = base::Percent::Of(weight);
  migration.status.components = {component};
  return migration;
}

json PatchOf(const Migration& migration, const Wish& wish) {
  const auto change = Plan(migration, wish);
  return change ? json::parse(change->patch).at("spec") : json(change.error().message);
}

std::string Refusal(const Migration& migration, const Wish& wish) {
  const auto change = Plan(migration, wish);
  return change ? "not refused: " + change->patch : change.error().message;
}

TEST(Change, PauseAndResumeSetOneField) {
  Migration migration = At(Phase::kShift, 10);
  EXPECT_EQ(PatchOf(migration, {Verb::kPause}), (json{{"paused", true}}));
  EXPECT_NE(Refusal(migration, {Verb::kResume}).find("not paused"), std::string::npos);
  migration.parsed.spec.paused = true;
  EXPECT_EQ(PatchOf(migration, {Verb::kResume}), (json{{"paused", false}}));
  EXPECT_NE(Refusal(migration, {Verb::kPause}).find("`resume`"), std::string::npos);
}

TEST(Change, PromoteRaisesTheCeilingAndSkipsNothing) {
  Migration migration = At(Phase::kPending, 0);
  migration.parsed.spec.desired_phase = DesiredPhase::kPending;
  EXPECT_EQ(PatchOf(migration, {Verb::kPromote, DesiredPhase::kShift}), (json{{"desiredPhase", "Shift"}}));
  EXPECT_EQ(PatchOf(migration, {Verb::kPromote}), (json{{"desiredPhase", "Complete"}}));
  migration.parsed.spec.desired_phase = DesiredPhase::kComplete;
  EXPECT_NE(Refusal(migration, {Verb::kPromote}).find("never skipped"), std::string::npos);
  EXPECT_NE(Refusal(migration, {Verb::kPromote, DesiredPhase::kShift}).find("already"), std::string::npos) << "it would take users back";
}

TEST(Change, RollbackLowersTheCeilingInAnyPhase) {
  for (const Phase phase : {Phase::kShift, Phase::kComplete, Phase::kPaused, Phase::kRolledBack}) {
    EXPECT_EQ(PatchOf(At(phase, 10), {Verb::kRollback}), (json{{"desiredPhase", "Pending"}}));
  }
}

TEST(Change, RetryRaisesTheAttemptOnlyWhereSomethingWasRolledBack) {
  EXPECT_NE(Refusal(At(Phase::kShift, 10), {Verb::kRetry}).find("nothing was rolled back"), std::string::npos);
  EXPECT_NE(Refusal(At(Phase::kRollingBack, 0), {Verb::kRetry}).find("on their way back"), std::string::npos);
  Migration migration = At(Phase::kRolledBack, 0);
  EXPECT_EQ(PatchOf(migration, {Verb::kRetry}), (json{{"attempt", 2}}));
  migration.status.attempt = 7;
  EXPECT_EQ(PatchOf(migration, {Verb::kRetry}), (json{{"attempt", 8}})) << "above what the operator has seen";
}

TEST(Change, SetWeightMakesTheNextStepGoThere) {
  const auto steps = [](const Migration& migration, int weight) {
    return PatchOf(migration, {Verb::kSetWeight, {}, weight})["plan"]["shift"]["steps"];
  };
  EXPECT_EQ(steps(At(Phase::kShift, 10), 30),
            json::parse(R"([{"weight":10,"hold":"1m"},{"weight":30},{"weight":50,"hold":"1s"},{"weight":100}])"));
  EXPECT_EQ(steps(At(Phase::kShift, 10), 60), json::parse(R"([{"weight":10,"hold":"1m"},{"weight":60,"hold":"1s"},{"weight":100}])"))
      << "with the hold of the step that it takes the place of";
  EXPECT_EQ(steps(At(Phase::kPending, 0), 100), json::parse(R"([{"weight":100}])"));
}

TEST(Change, SetWeightRefusesWhatTheOperatorWouldNotDo) {
  const auto refusal = [](const Migration& migration, int weight) { return Refusal(migration, {Verb::kSetWeight, {}, weight}); };
  EXPECT_NE(refusal(At(Phase::kShift, 50), 10).find("`rollback`"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kShift, 50), 0).find("`rollback`"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kShift, 50), 50).find("`pause`"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kShift, 50), 101).find("1 to 100"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kShift, 10), 50).find("already"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kRolledBack, 0), 50).find("`retry`"), std::string::npos);
  EXPECT_NE(refusal(At(Phase::kComplete, 100), 50).find("`rollback`"), std::string::npos);
}

TEST(Change, EveryPlanIsAValidOneAgain) {
  for (int now : {0, 10, 50}) {
    for (int to = 1; to <= 100; ++to) {
      const auto change = Plan(At(Phase::kShift, now), {Verb::kSetWeight, {}, to});
      if (!change) continue;
      int last = 0;
      const json steps = json::parse(change->patch)["spec"]["plan"]["shift"]["steps"];
      for (const json& step : steps) {
        EXPECT_GT(step["weight"].get<int>(), last) << now << " to " << to;
        last = step["weight"];
      }
      EXPECT_EQ(last, 100) << now << " to " << to;
    }
  }
}

TEST(Change, AnInvalidOrDyingMigrationIsLeftAlone) {
  Migration migration = At(Phase::kShift, 10);
  migration.deleting = true;
  EXPECT_NE(Refusal(migration, {Verb::kPause}).find("deleted"), std::string::npos);
  migration.deleting = false;
  migration.parsed.errors = {{"spec.plan", "is missing"}};
  EXPECT_NE(Refusal(migration, {Verb::kPause}).find("spec.plan: is missing"), std::string::npos);
}

TEST(GitNote, NamesWhoKeepsTheObject) {
  const Change change{R"({"spec":{"paused":true}})", "", ""};
  Migration migration;
  EXPECT_NE(GitNote(migration, change).find("kept in Git"), std::string::npos);
  migration.owner = "Argo CD application shop";
  EXPECT_EQ(GitNote(migration, change).find("Argo CD application shop keeps this object"), 0U);
}

}  // namespace
}  // namespace softmig::view
