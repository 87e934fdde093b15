#include <gmock/gmock.h>

#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Cache, CountsReadyEndpointsOverAllSlicesOfAService) {
  World world;
  world.cache.slices().OnApplied(SliceJson("new", 3, 0, "new-2"));
  EXPECT_EQ(world.cache.ReadyEndpoints({"shop", "new"}), 4);
  world.cache.slices().OnDeleted(SliceJson("new", 0, 0, "new-1"));
  EXPECT_EQ(world.cache.ReadyEndpoints({"shop", "new"}), 3);
  EXPECT_EQ(world.cache.ReadyEndpoints({"other", "new"}), 0);
}

TEST(Cache, WakesTheMigrationsThatAChangeConcerns) {
  World world;
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(RouteJson(5, "21"));
  EXPECT_THAT(world.woken, ElementsAre("shop/payments"));
  world.woken.clear();
  world.cache.slices().OnApplied(SliceJson("new", 0));
  EXPECT_THAT(world.woken, Contains("shop/payments"));
  world.woken.clear();
  world.cache.slices().OnApplied(SliceJson("unrelated", 1));
  world.cache.services().OnApplied(ServiceJson("unrelated"));
  EXPECT_THAT(world.woken, IsEmpty());
}

TEST(Cache, WakesTheNeighboursOnARouteWhenAMigrationGoes) {
  World world;
  world.cache.migrations().OnApplied(MigrationJson("second"));
  EXPECT_THAT(world.woken, ElementsAre("shop/second", "shop/payments"));
}

TEST(Cache, AChangeOfStatusLeavesTheSpecTheSameObject) {
  World world;
  const auto spec = world.migration().spec;
  nlohmann::json object = MigrationJson();
  object["status"]["phase"] = "Shift";
  world.cache.migrations().OnApplied(object);
  EXPECT_EQ(world.migration().status.phase, model::Phase::kShift);
  EXPECT_EQ(world.migration().spec, spec);
  object["spec"]["paused"] = true;
  world.cache.migrations().OnApplied(object);
  EXPECT_NE(world.migration().spec, spec);
  EXPECT_TRUE(world.migration().spec->paused);
}

TEST(Cache, IsSyncedOnceEveryKindHadItsFirstSnapshot) {
  std::vector<std::string> woken;
  Cache cache([](const kube::ObjectKey&) {});
  Fill(cache.services(), {});
  Fill(cache.slices(), {});
  Fill(cache.StoreOf(model::RouteKind::kHttpRoute), {});
  EXPECT_FALSE(cache.synced());
  Fill(cache.migrations(), {});
  EXPECT_TRUE(cache.synced());
}

TEST(Cache, WaitsForTheKindsOfRoutesThatAreWatchedAndNoOthers) {
  Cache cache([](const kube::ObjectKey&) {}, {model::RouteKind::kBridge});
  Fill(cache.services(), {});
  Fill(cache.slices(), {});
  Fill(cache.migrations(), {});
  EXPECT_FALSE(cache.synced());
  Fill(cache.StoreOf(model::RouteKind::kBridge), {});
  EXPECT_TRUE(cache.synced());
  EXPECT_FALSE(cache.Watches(model::RouteRef())) << "an HTTPRoute";
}

TEST(Gatherer, SaysThatARouterIsOffRatherThanThatARouteIsMissing) {
  World world;
  Cache cache([](const kube::ObjectKey&) {}, {model::RouteKind::kBridge});
  Fill(cache.migrations(), {MigrationJson()});
  const Gatherer gatherer(cache, world.poller, world.router, kFinalizer);
  const decide::Observation seen = gatherer.Gather(*cache.migrations().Get({"shop", "payments"}));
  EXPECT_EQ(std::get<decide::Missing>(seen.routes.at("web").state).why, "the operator was started without the router httproute");
}

TEST(VersionTracker, AnOlderCopyOfTheSameObjectHasNotCaughtUp) {
  VersionTracker tracker;
  const kube::ObjectKey key{"shop", "payments"};
  EXPECT_TRUE(tracker.CaughtUp(key, "u", "1"));
  tracker.Wrote(key, "u", "100");
  EXPECT_FALSE(tracker.CaughtUp(key, "u", "99"));
  EXPECT_TRUE(tracker.CaughtUp(key, "u", "100"));
  tracker.Wrote(key, "u", "100");
  EXPECT_TRUE(tracker.CaughtUp(key, "u", "1000"));
}

TEST(VersionTracker, AnotherObjectOfTheSameNameIsNotHeldUp) {
  VersionTracker tracker;
  const kube::ObjectKey key{"shop", "payments"};
  tracker.Wrote(key, "u", "100");
  EXPECT_TRUE(tracker.CaughtUp(key, "made anew", "7"));
}

TEST(Gatherer, ReadsBackendsRoutesAndWhatIsMissing) {
  World world;
  auto seen = world.gatherer.Gather(world.migration());
  EXPECT_EQ(std::get<decide::BackendState>(seen.legacy).ready_endpoints, 2);
  EXPECT_EQ(std::get<decide::BackendState>(seen.target).ready_endpoints, 1);
  const auto& route = std::get<model::RouteState>(seen.routes.at("web").state);
  EXPECT_EQ(route.components.at(0).weight->value(), 0);
  EXPECT_TRUE(seen.routes.at("web").snapshot.has_value());

  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnDeleted(RouteJson());
  world.cache.services().OnDeleted(ServiceJson("new"));
  seen = world.gatherer.Gather(world.migration());
  EXPECT_TRUE(std::holds_alternative<decide::Missing>(seen.routes.at("web").state));
  EXPECT_TRUE(std::holds_alternative<decide::Missing>(seen.target));
}

TEST(Gatherer, SeesAChangedRouteAtOnce) {
  World world;
  (void)world.gatherer.Gather(world.migration());
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(RouteJson(35, "21"));
  const auto seen = world.gatherer.Gather(world.migration());
  EXPECT_EQ(std::get<model::RouteState>(seen.routes.at("web").state).components.at(0).weight->value(), 35);
}

TEST(Gatherer, NamesBothMigrationsThatClaimARule) {
  World world;
  world.cache.migrations().OnApplied(MigrationJson("second"));
  const auto seen = world.gatherer.Gather(world.migration("second"));
  ASSERT_EQ(seen.routes.at("web").claims.size(), 1U);
  EXPECT_THAT(seen.routes.at("web").claims[0].message, ::testing::AllOf(::testing::HasSubstr("payments"), ::testing::HasSubstr("second")));
}

TEST(Gatherer, WhoeverAdoptedFirstIsNotHeldUpByALaterClaim) {
  World world;
  json adopted = MigrationJson();
  adopted["status"]["routes"] = {{{"name", "web"}, {"uid", "uid-route"}, {"saved", "{}"}}};
  world.cache.migrations().OnApplied(adopted);
  world.cache.migrations().OnApplied(MigrationJson("second"));
  EXPECT_THAT(world.gatherer.Gather(world.migration()).routes.at("web").claims, IsEmpty());
  EXPECT_THAT(world.gatherer.Gather(world.migration("second")).routes.at("web").claims, ::testing::SizeIs(1));
}

}  // namespace
}  // namespace softmig::reconcile
