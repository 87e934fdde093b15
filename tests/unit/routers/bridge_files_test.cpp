#include "routers/bridge/bridge_files.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "../../conformance/router_objects.hpp"
#include "routers/bridge/bridge_objects.hpp"
#include "routers/bridge/bridge_router.hpp"

namespace softmig::routers::testing {
namespace {

const model::RouteRef& Entrance() {
  static const model::RouteRef kRoute{"web", "payments", {}, model::RouteKind::kBridge, 80, 2};
  return kRoute;
}

TEST(BridgeFiles, DoNotDependOnTheOrderOfEndpoints) {
  const model::Spec spec = SpecOf({Component("all")});
  EXPECT_EQ(BridgeFiles({spec, Entrance(), "", {{"10.0.0.1", 80}, {"10.0.0.2", 80}}, {}}),
            BridgeFiles({spec, Entrance(), "", {{"10.0.0.2", 80}, {"10.0.0.1", 80}}, {}}));
}

TEST(BridgeFiles, FallBackFromTheTargetToLegacyOnly) {
  const model::Spec spec = SpecOf({Component("all")});
  const auto files = BridgeFiles({spec, Entrance(), "", {{"10.0.0.1", 80}}, {{"10.0.0.9", 81}}});
  const json fallback = json::parse(files.at("eds-target-or-legacy.json"))["resources"][0];
  const auto address = [&](int priority) {
    const json& one = fallback["endpoints"][static_cast<std::size_t>(priority)];
    EXPECT_EQ(one["priority"], priority);
    return one["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["address"].get<std::string>();
  };
  EXPECT_EQ(address(0), "10.0.0.9");
  EXPECT_EQ(address(1), "10.0.0.1");
  EXPECT_EQ(json::parse(files.at("eds-target.json"))["resources"][0]["endpoints"].size(), 1U);
}

TEST(BridgeFiles, TellTheAgentAllRoutesOfAComponent) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("x-beta", "1")});
  const auto files = BridgeFiles({spec, Entrance(), R"({"headers": ["etag"]})", {}, {}});
  const json agent = json::parse(files.at("agent.json"));
  std::set<std::string> named;
  for (const json& route : agent["components"][0]["routes"]) named.insert(route.get<std::string>());
  json moved = json::object();
  moved["metadata"] = {{"uid", "u"}};
  moved["data"] = {{"rds.json", FirstRoutes(spec, Entrance())}};
  const TrafficIntent intent{
      "payments", Legacy(), Target(), "web", {{spec.components[0], base::WeightSplit(base::Percent::Of(10)), spec.flags}}};
  moved = Apply(moved, *BridgeRouter().Render(intent, moved));
  const json routes = json::parse(moved["data"]["rds.json"].get<std::string>())["resources"][0]["virtual_hosts"][0]["routes"];
  for (const json& route : routes) {
    if (route["name"] == "softmigration-rest") continue;
    EXPECT_TRUE(named.contains(route["name"].get<std::string>())) << route;
  }
  EXPECT_EQ(agent["compare"]["headers"][0], "etag");
}

TEST(BridgeFiles, CopySomeRequestsOnlyWhereTheSpecSaysSo) {
  const model::Spec spec = SpecOf({Component("all")});
  model::RouteRef route = Entrance();
  const auto filter_of = [&] {
    const auto files = BridgeFiles({spec, route, "", {}, {}});
    const json users = json::parse(files.at("lds.json"))["resources"][0];
    return std::pair(users["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][1], json::parse(files.at("agent.json")));
  };
  const auto [all, agent_of_all] = filter_of();
  EXPECT_FALSE(agent_of_all.contains("sampling"));
  route.sampling = 10;
  const auto [some, agent] = filter_of();
  EXPECT_EQ(agent["sampling"], 10);
  EXPECT_EQ(some["name"], all["name"]) << "routes switch it off by its name";
  const json& action = some["typed_config"]["xds_matcher"]["on_no_match"]["action"]["typed_config"];
  EXPECT_EQ(action["typed_config"], all);
  EXPECT_EQ(action["sample_percent"]["default_value"], json({{"numerator", 10}, {"denominator", "HUNDRED"}}));
}

TEST(BridgeRouter, RefusesExpressionsBeforeAnythingIsMoved) {
  model::ComponentSpec component;
  component.name = "refunds";
  component.rules.push_back({"web", std::nullopt, R"([{"path":{"type":"RegularExpression","value":"("}}])"});
  const model::Spec spec = SpecOf({component});
  json object{{"metadata", {{"uid", "u"}}}, {"data", {{"rds.json", FirstRoutes(spec, Entrance())}}}};
  const auto state = BridgeRouter().Observe(object, spec, Entrance());
  ASSERT_EQ(state.components.size(), 1U);
  EXPECT_EQ(state.components[0].problems.at(0).reason, "UnsupportedByRouter");
  EXPECT_EQ(object["data"]["rds.json"].get<std::string>().find('('), std::string::npos);
}

TEST(BridgeObjects, LetTheAgentReadItsConfigMapAndNothingElse) {
  const auto objects = BridgeObjects({"shop", "payments-migration", "uid-1"}, Entrance(), {"envoy:1", "softmigration:1"});
  ASSERT_EQ(objects.size(), 6U);
  const json rules = objects[1]["rules"];
  EXPECT_EQ(objects[1]["kind"], "Role");
  EXPECT_EQ(rules, json::parse(R"([{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["payments"],
                                    "verbs": ["get", "list", "watch"]}])"));
}

TEST(BridgeObjects, GoWithTheMigration) {
  const auto objects = BridgeObjects({"shop", "payments-migration", "uid-1"}, Entrance(), {"envoy:1", "softmigration:1"});
  for (const json& object : objects) {
    EXPECT_TRUE(BelongsTo(object, "uid-1")) << object;
    EXPECT_FALSE(BelongsTo(object, "uid-2")) << object;
    EXPECT_EQ(object["metadata"]["name"], "payments");
  }
  EXPECT_FALSE(BelongsTo(json::parse(R"({"metadata": {"ownerReferences": 7}})"), "uid-1"));
}

TEST(BridgeObjects, OtherImagesAreAnotherBridge) {
  const BridgeOwner owner{"shop", "payments", "uid-1"};
  EXPECT_NE(HashOfBridge(BridgeObjects(owner, Entrance(), {"envoy:1", "a:1"})),
            HashOfBridge(BridgeObjects(owner, Entrance(), {"envoy:2", "a:1"})));
}

}  // namespace
}  // namespace softmig::routers::testing
