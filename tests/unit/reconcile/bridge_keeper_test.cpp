#include <gmock/gmock.h>

#include "unit/reconcile/bridge_world.hpp"

namespace softmig::reconcile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json Data(const BridgeWorld& world) { return world.api.objects.at(kBridgeConfigMap).at("data"); }

TEST(BridgeKeeper, MakesTheConfigMapLastAndThenWritesNothingMore) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  ASSERT_EQ(world.api.log.size(), 6U);
  EXPECT_EQ(world.api.log.back(), kBridgeConfigMap);
  world.SeeConfigMap();
  world.api.log.clear();
  ASSERT_TRUE(world.Keep());
  EXPECT_THAT(world.api.log, IsEmpty());
}

TEST(BridgeKeeper, TellsOfTheReadyEndpointsByThePortsTheyHave) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  const std::string legacy = Data(world)["eds-legacy.json"];
  EXPECT_THAT(legacy, HasSubstr("10.0.0.1"));
  EXPECT_THAT(legacy, HasSubstr("10.0.0.2"));
  EXPECT_THAT(legacy, HasSubstr("\"port_value\":9000"));
  EXPECT_EQ(legacy.find("10.9.9.9"), std::string::npos) << "it is not ready";
}

TEST(BridgeKeeper, AnotherEndpointIsMergedAndNoWeightIsTouched) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  json& live = world.api.objects.at(kBridgeConfigMap);
  const std::string steered =
      routers::BridgeRouter()
          .Render({"payments", {"old", 8080}, {"new", 8080}, "web", {{{"all", {}, {}}, base::WeightSplit(base::Percent::Of(5)), {}}}}, live)
          ->json;
  live = live.patch(json::parse(steered));
  const json routes = live["data"]["rds.json"];
  world.SeeConfigMap();
  world.api.log.clear();
  world.cache.slices().OnApplied(WholeSliceJson("new", {"10.0.1.7"}));
  ASSERT_TRUE(world.Keep());
  EXPECT_THAT(world.api.log, ElementsAre(kBridgeConfigMap));
  EXPECT_EQ(Data(world)["rds.json"], routes);
  EXPECT_THAT(Data(world)["eds-target.json"].get<std::string>(), HasSubstr("10.0.1.7"));
  const json patch = json::parse(world.transport.requests().back().body);
  EXPECT_FALSE(patch["data"].contains("rds.json")) << "who wrote it last means something";
}

TEST(BridgeKeeper, GivesOtherComponentsTheirRoutesAsLongAsNobodyIsMoved) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  json edited = BridgeMigrationJson();
  edited["spec"]["components"] =
      json::parse(R"([{"name": "refunds", "rules": [{"route": "web", "matches": [{"path": {"value": "/refunds"}}]}]}])");
  world.cache.migrations().OnApplied(edited);
  ASSERT_TRUE(world.Keep());
  EXPECT_THAT(Data(world)["rds.json"].get<std::string>(), HasSubstr("/refunds"));
  world.SeeConfigMap();
  decide::ApplyTraffic apply{"web", {}};
  apply.components.push_back({"refunds", base::Percent::Of(10), false});
  ASSERT_TRUE(world.executor.Do(world.migration(), apply));
  world.SeeConfigMap();
  world.api.log.clear();
  world.cache.migrations().OnApplied(BridgeMigrationJson());
  ASSERT_TRUE(world.Keep());
  EXPECT_THAT(Data(world)["rds.json"].get<std::string>(), HasSubstr("/refunds")) << "somebody is on the target";
}

TEST(BridgeKeeper, LeavesAStrangersObjectAlone) {
  BridgeWorld world;
  const std::string service = "/api/v1/namespaces/shop/services/entrance";
  world.api.objects[service] = {{"kind", "Service"}, {"metadata", {{"name", "entrance"}, {"uid", "theirs"}}}};
  const auto kept = world.Keep();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message, "Service shop/entrance is there already and is not this migration's");
  EXPECT_FALSE(world.api.objects[service].contains("spec"));
  EXPECT_FALSE(world.api.objects.contains(kBridgeConfigMap));
}

TEST(BridgeKeeper, MakesNothingAnewForAMigrationThatGoes) {
  BridgeWorld world;
  json going = BridgeMigrationJson();
  going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  world.cache.migrations().OnApplied(going);
  EXPECT_TRUE(world.Keep());
  EXPECT_THAT(world.api.log, IsEmpty());
}

TEST(BridgeKeeper, WritesNothingOnceTheLeaseMayBeLost) {
  BridgeWorld world;
  world.clock.Advance(std::chrono::hours(2));
  EXPECT_FALSE(world.Keep());
  EXPECT_THAT(world.api.log, IsEmpty());
}

TEST(BridgeRoute, IsMovedByAPatchOfItsConfigMapAndPutBack) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  decide::ApplyTraffic apply{"web", {}};
  apply.components.push_back({"all", base::Percent::Of(10), false});
  ASSERT_TRUE(world.executor.Do(world.migration(), apply));
  const auto weight = [&] {
    const auto seen = world.gatherer.Gather(world.migration()).routes.at("web");
    return std::get<model::RouteState>(seen.state).components.at(0).weight;
  };
  EXPECT_EQ(weight(), base::Percent::Of(10)) << "the answer to the write is known without a watch";
}

TEST(BridgeRoute, IsAcceptedOnceEveryAgentHasHandedItOver) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  world.cache.slices().OnApplied(WholeSliceJson("entrance", {"10.0.5.1", "10.0.5.2"}));
  world.agents.Want({"shop", "payments"}, "entrance");
  const auto acceptance = [&] {
    return std::get<model::RouteState>(world.gatherer.Gather(world.migration()).routes.at("web").state).acceptance;
  };
  EXPECT_EQ(acceptance(), model::Acceptance::kWaiting);
  const std::string hash = routers::HashOfRoutes(Data(world)["rds.json"]);
  std::string second = "0000000000000000";
  world.agent = [&](const http::Request& request) {
    return Answer(200, {{"routes", request.url == "http://10.0.5.1:9902/v1/counts" ? hash : second}});
  };
  world.agents.AskAll();
  EXPECT_EQ(acceptance(), model::Acceptance::kWaiting) << "one of two has another weight still";
  second = hash;
  world.woken.clear();
  world.agents.AskAll();
  EXPECT_EQ(acceptance(), model::Acceptance::kAccepted);
  EXPECT_THAT(world.woken, ElementsAre("shop/payments"));
}

TEST(BridgeRoute, OfAnotherMigrationIsNotReadAsOurs) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.api.objects.at(kBridgeConfigMap)["metadata"]["ownerReferences"][0]["uid"] = "uid-other";
  world.SeeConfigMap();
  const auto seen = world.gatherer.Gather(world.migration()).routes.at("web");
  EXPECT_EQ(std::get<decide::Missing>(seen.state).why, "it belongs to another SoftMigration");
  EXPECT_FALSE(world.Keep());
}

TEST(BridgeRoute, AnOperatorWithoutImagesSaysSo) {
  World world;
  world.cache.migrations().OnApplied(BridgeMigrationJson());
  const auto seen = world.gatherer.Gather(world.migration()).routes.at("web");
  EXPECT_EQ(std::get<decide::Missing>(seen.state).why, "the operator was not started to make bridges");
}

TEST(BridgeAgents, ForgetWhatAnAgentSaidThatDoesNotAnswer) {
  BridgeWorld world;
  world.cache.slices().OnApplied(WholeSliceJson("entrance", {"fd00::1"}));
  world.agents.Want({"shop", "payments"}, "entrance");
  world.agent = [](const http::Request& request) {
    EXPECT_EQ(request.url, "http://[fd00::1]:9902/v1/counts");
    return Answer(200, {{"routes", "abc"}});
  };
  world.agents.AskAll();
  EXPECT_THAT(world.agents.RoutesOf({"shop", "payments"}), ElementsAre("abc"));
  for (const auto& answer : {Answer(503, {}), http::Response{200, {}, "no JSON"}}) {
    world.agent = [&](const http::Request&) { return answer; };
    world.agents.AskAll();
    EXPECT_THAT(world.agents.RoutesOf({"shop", "payments"}), ElementsAre(""));
  }
  world.agents.Forget({"shop", "payments"});
  EXPECT_THAT(world.agents.RoutesOf({"shop", "payments"}), IsEmpty());
}

}  // namespace
}  // namespace softmig::reconcile
