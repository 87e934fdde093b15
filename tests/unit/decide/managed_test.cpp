// Ownership Managed: routes that the operator makes from a template.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decide/decide.hpp"
#include "decide/reasons.hpp"
#include "fakes/builders.hpp"
#include "scenario/world.hpp"

namespace softmig::decide {
namespace {

using fakes::MakeMigration;
using model::Phase;
using scenario::World;
using std::chrono::seconds;

constexpr const char* kTemplate = R"({"spec":{"hostnames":["a.example"]}})";
constexpr const char* kEdited = R"({"spec":{"hostnames":["b.example"]}})";

void Settle(World& world) {
  for (int i = 0; i < 40 && world.Apply(world.Decide()); ++i) {
  }
}

/// A migration with a template, whose route is not there yet.
World Unmade() {
  model::Spec spec = MakeMigration().Spec();
  spec.routes.front().manifest = kTemplate;
  World world(spec);
  world.routes.at("web").exists = false;
  return world;
}

/// The same at its first step, 10 %.
World Shifting() {
  World world = Unmade();
  Settle(world);
  world.now += seconds(2);  // the gateway got to know the target
  Settle(world);
  world.now += seconds(10);
  return world;
}

void Edit(World& world, const char* to = kEdited) {
  world.spec.routes.front().manifest = to;
  world.routes.at("web").refused = false;  // an answer is about one spec
  ++world.generation;
}

template <typename T>
const T* Find(const Decision& decision) {
  for (const Action& action : decision.actions) {
    if (const T* one = std::get_if<T>(&action)) return one;
  }
  return nullptr;
}

/// What is to be done once everything that is to be recorded first is.
Decision Planned(World& world) {
  for (int i = 0; i < 10; ++i) {
    Decision decision = world.Decide();
    if (decision.next == world.status) return decision;
    world.Apply(decision);
  }
  ADD_FAILURE() << "something is recorded again and again";
  return world.Decide();
}

model::Condition Stalled(const model::Status& status) { return *std::ranges::find(status.conditions, "Stalled", &model::Condition::type); }

std::vector<std::string> Told(const Decision& decision) {
  std::vector<std::string> reasons;
  for (const Note& note : decision.notes) reasons.push_back(note.reason);
  return reasons;
}

int WeightOf(const World& world) { return world.routes.at("web").weights.at("all"); }

TEST(Managed, AMissingRouteIsMadeAsItsTemplateSays) {
  World world = Unmade();
  const Decision decision = Planned(world);
  ASSERT_NE(Find<CreateRoute>(decision), nullptr);
  EXPECT_TRUE(Find<CreateRoute>(decision)->components.empty());
}

TEST(Managed, WithoutATemplateNothingIsMade) {
  World world = Unmade();
  world.spec.routes.front().manifest.clear();
  EXPECT_EQ(Find<CreateRoute>(Planned(world)), nullptr);
}

TEST(Managed, ItIsMadeBeforeAnythingBeginsAndWhilePaused) {
  World world = Unmade();
  world.spec.desired_phase = model::DesiredPhase::kPending;
  EXPECT_NE(Find<CreateRoute>(Planned(world)), nullptr);
  World paused = Unmade();
  paused.spec.paused = true;
  EXPECT_NE(Find<CreateRoute>(Planned(paused)), nullptr);
}

TEST(Managed, ADeletedRouteIsMadeAgainAtTheRecordedWeights) {
  World world = Shifting();
  ASSERT_EQ(WeightOf(world), 10);
  world.routes.at("web").exists = false;
  const Decision decision = Planned(world);
  ASSERT_NE(Find<CreateRoute>(decision), nullptr);
  ASSERT_EQ(Find<CreateRoute>(decision)->components.size(), 1U);
  EXPECT_EQ(Find<CreateRoute>(decision)->components[0].weight.value(), 10);
}

TEST(Managed, ThatItWasDeletedIsTold) {
  World world = Shifting();
  world.routes.at("web").exists = false;
  world.Apply(Planned(world));
  const Decision seen = world.Decide();
  EXPECT_THAT(Told(seen), testing::Contains(std::string(reason::kRouteMadeAgain)));
  EXPECT_EQ(seen.next.routes.front().uid, world.routes.at("web").uid);
  EXPECT_EQ(seen.next.routes.front().saved, world.routes.at("web").Rest()) << "not the weights that it was made with";
}

TEST(Managed, ARollbackOfAMissingRouteIsMadeAtZero) {
  World world = Shifting();
  world.routes.at("web").exists = false;
  for (auto& [key, metric] : world.metrics) metric.verdict = model::Verdict::kBreach;
  Settle(world);
  EXPECT_TRUE(world.routes.at("web").exists);
  EXPECT_EQ(WeightOf(world), 0);
  EXPECT_EQ(world.status.phase, Phase::kRolledBack);
}

TEST(Managed, NothingIsMadeWhereNobodyCanSayOrAMigrationLeaves) {
  World world = Shifting();
  world.routes.at("web").readable = false;
  EXPECT_EQ(Find<CreateRoute>(Planned(world)), nullptr);
  world.routes.at("web").readable = true;
  world.routes.at("web").exists = false;
  world.deleting = true;
  EXPECT_EQ(Find<CreateRoute>(Planned(world)), nullptr);
}

TEST(Managed, OfTwoThatMakeOneRouteTheOtherWaits) {
  World world = Unmade();
  Observation seen = world.Observe();
  seen.routes.at("web").claims = {{std::string(reason::kRouteMadeTwice), "route has a template in a and in b"}};
  const Decision first = Decide(world.spec, world.status, seen, world.now);
  EXPECT_EQ(Stalled(first.next).reason, reason::kRouteMadeTwice);
  EXPECT_EQ(Find<CreateRoute>(Decide(world.spec, first.next, seen, world.now)), nullptr);
}

TEST(Managed, ARefusalIsAConditionAndAnEventAndIsTriedAgain) {
  World world = Unmade();
  world.routes.at("web").refusal = "spec.hostnames[0]: Invalid value";
  world.Apply(Planned(world));
  const Decision told = world.Decide();
  EXPECT_THAT(Told(told), testing::ElementsAre(std::string(reason::kTemplateRefused)));
  world.Apply(told);
  EXPECT_EQ(Stalled(world.status).status, model::ConditionStatus::kTrue);
  EXPECT_THAT(Stalled(world.status).message, testing::HasSubstr("spec.hostnames[0]: Invalid value"));
  EXPECT_NE(Find<CreateRoute>(Planned(world)), nullptr);
  world.routes.at("web").refusal.clear();
  Settle(world);
  EXPECT_EQ(Stalled(world.status).status, model::ConditionStatus::kFalse);
  EXPECT_EQ(world.status.phase, Phase::kShift);
}

TEST(Managed, ARefusalIsToldOnce) {
  World world = Unmade();
  world.routes.at("web").refusal = "no";
  world.Apply(Planned(world));
  world.Apply(world.Decide());
  ++world.generation;  // something else is recorded
  EXPECT_TRUE(Told(world.Decide()).empty());
}

TEST(Managed, AnEditReachesTheRouteWithoutMovingAnybody) {
  World world = Shifting();
  Edit(world);
  const Decision decision = Planned(world);
  ASSERT_NE(Find<ApplyTemplate>(decision), nullptr);
  ASSERT_EQ(Find<ApplyTemplate>(decision)->components.size(), 1U);
  EXPECT_EQ(Find<ApplyTemplate>(decision)->components[0].weight.value(), 10);
  Settle(world);
  EXPECT_EQ(world.routes.at("web").made_from, kEdited);
  EXPECT_EQ(WeightOf(world), 10);
}

TEST(Managed, TheStepIsNotReachedBeforeTheEditIs) {
  World world = Shifting();
  world.routes.at("web").writable = false;
  Edit(world);
  EXPECT_FALSE(Planned(world).next.components[0].since);
  world.now += std::chrono::hours(1);
  Settle(world);
  EXPECT_EQ(world.status.components[0].weight.value(), 10);
  world.routes.at("web").writable = true;
  Settle(world);
  EXPECT_TRUE(world.status.components[0].since);
}

TEST(Managed, BeforeItBeginsAnEditLeavesWhomTheTargetHas) {
  World world = Unmade();
  world.spec.desired_phase = model::DesiredPhase::kPending;
  Settle(world);
  world.routes.at("web").weights["all"] = 100;  // of an earlier migration, say
  Edit(world);
  const Decision decision = Planned(world);
  ASSERT_NE(Find<ApplyTemplate>(decision), nullptr);
  EXPECT_EQ(Find<ApplyTemplate>(decision)->components.at(0).weight.value(), 100);
}

TEST(Managed, WithWeightsThatCannotBeKeptAnEditIsNotWritten) {
  World world = Unmade();
  world.spec.desired_phase = model::DesiredPhase::kPending;
  Settle(world);
  Edit(world);
  Observation seen = world.Observe();
  auto& traffic = std::get<model::RouteState>(seen.routes.at("web").state).components.at(0);
  traffic.any_target = true;
  traffic.weight.reset();
  const Decision first = Decide(world.spec, world.status, seen, world.now);
  EXPECT_EQ(Stalled(first.next).reason, reason::kTemplateNotApplied);
  EXPECT_EQ(Find<ApplyTemplate>(Decide(world.spec, first.next, seen, world.now)), nullptr);
}

TEST(Managed, AnEditThatTakesTheRuleAwayIsNotWrittenAndNothingGoesOn) {
  World world = Shifting();
  world.routes.at("web").template_problem = "route web has no rule payments";
  Edit(world);
  EXPECT_EQ(Find<ApplyTemplate>(Planned(world)), nullptr);
  EXPECT_EQ(Stalled(world.status).reason, reason::kTemplateNotApplied);
  world.now += std::chrono::hours(1);
  Settle(world);
  EXPECT_EQ(WeightOf(world), 10);
  for (auto& [key, metric] : world.metrics) metric.verdict = model::Verdict::kBreach;
  Settle(world);
  EXPECT_EQ(WeightOf(world), 0);
}

TEST(Managed, WhileUsersGoBackNoTemplateIsWritten) {
  World world = Shifting();
  world.routes.at("web").gateway = scenario::WorldRoute::Gateway::kSilent;
  for (auto& [key, metric] : world.metrics) metric.verdict = model::Verdict::kBreach;
  Settle(world);
  ASSERT_EQ(world.status.phase, Phase::kRollingBack);
  Edit(world);
  EXPECT_EQ(Find<ApplyTemplate>(Planned(world)), nullptr);
}

TEST(Managed, ARouteOfSomebodyElseIsNotWrittenOver) {
  World world = Shifting();
  world.Recreate("web");  // by hand
  Edit(world);
  const Decision first = world.Decide();
  EXPECT_THAT(Told(first), testing::Contains(std::string(reason::kTemplateUnused)));
  Settle(world);
  EXPECT_FALSE(world.routes.at("web").made_from);
  EXPECT_EQ(WeightOf(world), 10) << "it is steered as any other";
}

TEST(Managed, DeletionPutsARouteBackThatWasMadeAgainAndNotRecorded) {
  World world = Shifting();
  world.routes.at("web").exists = false;
  world.Apply(Planned(world));  // the operator dies here
  ASSERT_EQ(WeightOf(world), 10);
  world.deleting = true;
  Settle(world);
  EXPECT_EQ(WeightOf(world), 0);
  world.now += std::chrono::seconds(2);
  Settle(world);
  EXPECT_TRUE(world.Gone());
}

TEST(Managed, AfterCompletionItIsStillMadeAndStillFollowsItsTemplate) {
  World world = Unmade();
  world.spec.steps = MakeMigration().Steps({{100, base::Millis(0)}}).Spec().steps;
  for (int i = 0; i < 20; ++i) {
    Settle(world);
    world.now += seconds(30);
  }
  ASSERT_EQ(world.status.phase, Phase::kComplete);
  ASSERT_FALSE(world.finalizer);
  world.routes.at("web").exists = false;
  Settle(world);
  EXPECT_EQ(WeightOf(world), 100);
  Edit(world);
  Settle(world);
  EXPECT_EQ(world.routes.at("web").made_from, kEdited);
  EXPECT_EQ(WeightOf(world), 100);
  EXPECT_EQ(world.status.phase, Phase::kComplete);
}

}  // namespace
}  // namespace softmig::decide
