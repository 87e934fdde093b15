// Ownership Managed: routes that the operator makes from a template.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decide/decide.hpp"
#include "fakes/builders.hpp"
#include "scenario/world.hpp"

namespace softmig::decide {
namespace {

using fakes::MakeMigration;
using scenario::World;
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

/// The action that makes the route, where there is one.
const CreateRoute* Creation(const Decision& decision) {
  for (const Action& action : decision.actions) {
    if (const auto* create = std::get_if<CreateRoute>(&action)) return create;
  }
  return nullptr;
}

TEST(Decide, MakesAMissingRouteWhoseTemplateItHas) {
  World world(MakeMigration().Spec());
  world.routes.at("web").exists = false;
  world.Apply(world.Decide());
  EXPECT_EQ(Creation(world.Decide()), nullptr);
  world.spec.routes.front().manifest = "{}";
  const Decision decision = world.Decide();
  ASSERT_NE(Creation(decision), nullptr);
  EXPECT_TRUE(Creation(decision)->components.empty());  // the template says where users begin
  world.routes.at("web").exists = true;
  EXPECT_EQ(Creation(world.Decide()), nullptr);
}

TEST(Decide, MakesADeletedRouteAgainAtTheRecordedWeights) {
  model::Spec spec = MakeMigration().Spec();
  spec.routes.front().manifest = "{}";
  World world = Shifting(spec);
  world.routes.at("web").exists = false;
  world.Apply(world.Decide());
  const Decision decision = world.Decide();
  ASSERT_NE(Creation(decision), nullptr);
  ASSERT_EQ(Creation(decision)->components.size(), 1U);
  EXPECT_EQ(Creation(decision)->components[0].weight.value(), 10);
}

TEST(Decide, MakesNoRouteThatCannotBeReadOrOfAMigrationThatIsLeaving) {
  model::Spec spec = MakeMigration().Spec();
  spec.routes.front().manifest = "{}";
  World world = Shifting(spec);
  world.routes.at("web").readable = false;
  world.Apply(world.Decide());
  EXPECT_EQ(Creation(world.Decide()), nullptr);
  world.routes.at("web").readable = true;
  world.routes.at("web").exists = false;
  world.deleting = true;
  world.Apply(world.Decide());
  EXPECT_EQ(Creation(world.Decide()), nullptr);
}

}  // namespace
}  // namespace softmig::decide
