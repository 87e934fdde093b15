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
  ASSERT_EQ(world.api.log.size(), 7U);
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

TEST(BridgeKeeper, WaitsForAnEndpointWhereUsersWouldBeSentNowhere) {
  BridgeWorld world;
  EXPECT_THAT(world.WaitsFor(), IsEmpty());
  world.cache.slices().OnApplied(WholeSliceJson("old", {}));
  EXPECT_THAT(world.WaitsFor(), HasSubstr("port 8080 of Service old has a ready endpoint"));
  world.cache.slices().OnApplied(WholeSliceJson("old", {"10.0.0.1"}));
  EXPECT_THAT(world.WaitsFor(), IsEmpty());
}

TEST(BridgeKeeper, WaitsForNothingOnceItIsThereOrUsersAreOnTheTarget) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.cache.slices().OnApplied(WholeSliceJson("old", {}));
  EXPECT_THAT(world.WaitsFor(), HasSubstr("entrance"));
  world.SeeConfigMap();
  EXPECT_THAT(world.WaitsFor(), IsEmpty()) << "it is there";
  world.cache.StoreOf(model::RouteKind::kBridge).OnDeleted(world.api.objects.at(kBridgeConfigMap));
  json completed = BridgeMigrationJson();
  completed["status"]["currentWeight"] = 100;
  world.cache.migrations().OnApplied(completed);
  EXPECT_THAT(world.WaitsFor(), IsEmpty()) << "nobody is on legacy";
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
  EXPECT_THAT(world.api.log, IsEmpty()) << "half a bridge is none, and nobody would find it again";
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

/// The migration with an HTTPRoute instead of the bridge.
json WithoutBridge() { return MigrationJson(); }

/// A bridge that was made and seen, and then left the spec.
void TakeOut(BridgeWorld& world, const json& migration) {
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  world.cache.migrations().OnApplied(migration);
  world.api.log.clear();
}

TEST(BridgeRemoval, TakesAllObjectsAndTheConfigMapLast) {
  BridgeWorld world;
  TakeOut(world, WithoutBridge());
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
  EXPECT_THAT(world.api.objects, IsEmpty());
  ASSERT_EQ(world.api.log.size(), 8U);
  EXPECT_EQ(world.api.log[1], "DELETE /api/v1/namespaces/shop/services/entrance");
  EXPECT_EQ(world.api.log.back(), std::string("DELETE ") + kBridgeConfigMap);
}

TEST(BridgeRemoval, LeavesTheBridgeOfTheSpecAndOtherMigrationsAlone) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.SeeConfigMap();
  json theirs = world.api.objects.at(kBridgeConfigMap);
  theirs["metadata"]["name"] = "theirs";
  theirs["metadata"]["ownerReferences"][0]["uid"] = "uid-of-one-before";
  world.cache.StoreOf(model::RouteKind::kBridge).OnApplied(theirs);
  world.api.log.clear();
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), IsEmpty());
  EXPECT_THAT(world.api.log, IsEmpty());
}

TEST(BridgeRemoval, AnotherNameIsAnotherBridge) {
  BridgeWorld world;
  json renamed = BridgeMigrationJson();
  renamed["spec"]["routes"][0]["bridge"]["name"] = "gate";
  TakeOut(world, renamed);
  ASSERT_TRUE(world.Keep());
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
  EXPECT_FALSE(world.api.objects.contains(kBridgeConfigMap));
  EXPECT_TRUE(world.api.objects.contains("/api/v1/namespaces/shop/configmaps/gate"));
  EXPECT_TRUE(world.api.objects.contains("/apis/apps/v1/namespaces/shop/deployments/gate"));
}

TEST(BridgeRemoval, WaitsUntilTheBridgeIsGivenBack) {
  BridgeWorld world;
  json adopted = WithoutBridge();
  adopted["status"]["routes"] = json::array({{{"name", "web"}, {"uid", std::string("uid-") + kBridgeConfigMap}, {"saved", "{}"}}});
  TakeOut(world, adopted);
  ASSERT_FALSE(world.migration().status.routes.empty());
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), IsEmpty());
  EXPECT_THAT(world.api.log, IsEmpty());
  adopted["status"]["routes"][0]["uid"] = "uid-route";
  world.cache.migrations().OnApplied(adopted);
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance")) << "users are steered by another route";
}

TEST(BridgeRemoval, WaitsUntilNoRouteLeadsToIt) {
  BridgeWorld world;
  TakeOut(world, WithoutBridge());
  json route = RouteJson();
  route["spec"]["rules"][0]["backendRefs"] = {Backend("entrance", 1)};
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(route);
  const auto held = world.keeper.RemoveOthers(world.migration());
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, base::ErrorCode::kConflict);
  EXPECT_EQ(held.error().message, "HTTPRoute shop/shop still leads to bridge entrance, which stays until no route does");
  EXPECT_THAT(world.api.log, IsEmpty());
  world.cache.StoreOf(model::RouteKind::kHttpRoute).OnApplied(RouteJson(0, "21"));
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
}

TEST(BridgeRemoval, LeavesWhatSomebodyElseHasMadeMeanwhile) {
  BridgeWorld world;
  TakeOut(world, WithoutBridge());
  const std::string service = "/api/v1/namespaces/shop/services/entrance";
  world.api.objects[service] = {{"kind", "Service"}, {"metadata", {{"name", "entrance"}, {"uid", "theirs"}}}};
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
  ASSERT_EQ(world.api.objects.size(), 1U);
  EXPECT_TRUE(world.api.objects.contains(service));
}

TEST(BridgeRemoval, ThatStoppedHalfWayIsGoneOnWithOrMadeWholeAgain) {
  BridgeWorld world;
  TakeOut(world, WithoutBridge());
  world.api.refuses = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/entrance";
  const auto failed = world.keeper.RemoveOthers(world.migration());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, base::ErrorCode::kForbidden);
  EXPECT_TRUE(world.api.objects.contains(kBridgeConfigMap));
  world.cache.migrations().OnApplied(BridgeMigrationJson());
  ASSERT_TRUE(world.Keep());
  EXPECT_EQ(world.api.objects.size(), 7U) << "the same bridge is wanted again";
  world.SeeConfigMap();
  world.cache.migrations().OnApplied(WithoutBridge());
  world.api.refuses.clear();
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), ElementsAre("entrance"));
  EXPECT_THAT(world.api.objects, IsEmpty());
}

TEST(BridgeRemoval, IsNoBusinessOfOursWhereTheMigrationGoes) {
  BridgeWorld world;
  json going = WithoutBridge();
  going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  TakeOut(world, going);
  EXPECT_THAT(*world.keeper.RemoveOthers(world.migration()), IsEmpty());
  EXPECT_THAT(world.api.log, IsEmpty());
}

TEST(BridgeRemoval, WakesTheOwnerOfABridgeThatAppears) {
  BridgeWorld world;
  ASSERT_TRUE(world.Keep());
  world.cache.migrations().OnApplied(WithoutBridge());
  world.woken.clear();
  world.SeeConfigMap();
  EXPECT_THAT(world.woken, ElementsAre("shop/payments"));
  EXPECT_THAT(world.cache.BridgesOf({"shop", "payments"}), ElementsAre(kube::ObjectKey{"shop", "entrance"}));
  world.cache.StoreOf(model::RouteKind::kBridge).OnDeleted(world.api.objects.at(kBridgeConfigMap));
  EXPECT_THAT(world.cache.BridgesOf({"shop", "payments"}), IsEmpty());
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
