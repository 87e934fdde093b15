// A bridge behind the user's HTTPRoute: what is seen of it, what is written, and when it goes.
#include <gmock/gmock.h>

#include "unit/reconcile/bridge_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kRoute = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/shop";

json MigrationBehindRoute() {
  json migration = BridgeMigrationJson();
  migration["spec"]["routes"][0]["bridge"]["behind"] = {{"gatewayAPI", {{"kind", "HTTPRoute"}, {"name", "shop"}}}};
  return migration;
}

/// The bridge is made and seen, and so is the route before it.
struct EntranceWorld : BridgeWorld {
  EntranceWorld() {
    cache.migrations().OnApplied(MigrationBehindRoute());
    api.objects[kRoute] = RouteJson();
    cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(api.objects[kRoute]);
    EXPECT_TRUE(Keep());
    SeeConfigMap();
    api.log.clear();
  }
  decide::Observation Seen() { return gatherer.Gather(migration()); }
  json Refs() { return api.objects[kRoute]["spec"]["rules"][0]["backendRefs"]; }
  void BeComplete(const json& finalizers) {
    json complete = MigrationBehindRoute();
    complete["metadata"]["finalizers"] = finalizers;
    complete["status"] = {{"phase", "Complete"},
                          {"routes", {{{"name", "web"}, {"uid", std::string("uid-") + kBridgeConfigMap}, {"saved", "{}"}}}}};
    cache.migrations().OnApplied(complete);
  }
};

TEST(BridgeEntrance, IsReadAsARouteAndTheBridgesEndpointsWithIt) {
  EntranceWorld world;
  EXPECT_TRUE(decide::KnownDead(world.Seen().bridge)) << "there is no Service yet";
  json service = ServiceJson("entrance");
  service["spec"]["ports"][0]["port"] = 80;
  world.cache.services().OnApplied(service);
  EXPECT_TRUE(decide::KnownDead(world.Seen().bridge)) << "no pod is ready";
  world.woken.clear();
  world.cache.slices().OnApplied(WholeSliceJson("entrance", {"10.0.5.1"}));
  EXPECT_THAT(world.woken, ElementsAre("shop/payments"));
  EXPECT_TRUE(decide::Serves(world.Seen().bridge));
  const decide::Observation seen = world.Seen();
  const auto& state = std::get<model::RouteState>(seen.routes.at(model::kEntrance).state);
  EXPECT_EQ(state.uid, "uid-route");
  EXPECT_TRUE(state.components.at(0).problems.empty());
  EXPECT_TRUE(seen.routes.at(model::kEntrance).snapshot);
}

TEST(BridgeEntrance, IsSentThroughTheBridgeAndPastIt) {
  using Bridge = model::BridgeUse;
  EntranceWorld world;
  const auto write = [&](base::Percent weight, bool name_target, Bridge bridge) {
    const auto done =
        world.executor.Do(world.migration(), decide::ApplyTraffic{model::kEntrance, {{"all", weight, false, name_target, bridge}}});
    ASSERT_TRUE(done) << done.error().ToString();
  };
  json bridge = Backend("entrance", 100);
  bridge["port"] = 80;
  write({}, true, Bridge::kAll);
  EXPECT_EQ(world.Refs(), json({Backend("old", 0), Backend("new", 0), bridge}));
  write({}, false, Bridge::kNamed);
  bridge["weight"] = 0;
  EXPECT_EQ(world.Refs(), json({Backend("old", 100), Backend("new", 0), bridge}));
  write(base::Percent::Of(100), false, Bridge::kNone);
  EXPECT_EQ(world.Refs(), json({Backend("old", 0), Backend("new", 100)}));
}

TEST(BridgeEntrance, ItsBridgeStaysUntilTheMigrationIsAtRest) {
  EntranceWorld world;
  world.BeComplete({kFinalizer});
  ASSERT_NE(BridgeOf(world.migration()), nullptr);
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), IsEmpty());
  world.BeComplete(json::array());
  EXPECT_EQ(BridgeOf(world.migration()), nullptr) << "it is not made again";
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
  EXPECT_THAT(world.api.objects.size(), 1U) << "the user's route";
}

TEST(BridgeEntrance, ABridgeWhereUsersEnterStaysAtRest) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  json complete = BridgeMigrationJson();
  complete["status"] = {{"phase", "Complete"}};
  world.cache.migrations().OnApplied(complete);
  ASSERT_NE(BridgeOf(world.migration()), nullptr);
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), IsEmpty());
}

}  // namespace
}  // namespace softmig::reconcile
