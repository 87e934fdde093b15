// An HTTPRoute with a bridge of the operator's behind it: its rules have three backends.
#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers::testing {
namespace {

const model::Side kBridge{"bridge", 8080};

model::RouteRef Entrance() {
  model::RouteRef route{model::kEntrance, "payments"};
  route.bridge = kBridge;
  return route;
}

json RefsOf(const json& route) { return route["spec"]["rules"][0]["backendRefs"]; }

json Rendered(const std::vector<json>& refs, int weight, model::BridgeUse use, bool name_target) {
  const json route = Route({Rule("pay", "/", json(refs))});
  TrafficIntent intent = IntentOf(SpecOf({Component("all")}), weight);
  intent.route = model::kEntrance;
  intent.bridge = kBridge;
  intent.components[0].bridge = use;
  intent.components[0].name_target = name_target;
  const auto patch = HttpRouteRouter().Render(intent, route);
  EXPECT_TRUE(patch) << patch.error().ToString();
  return patch ? RefsOf(Apply(route, *patch)) : json();
}

model::ComponentTraffic Observed(const std::vector<json>& rules, const model::RouteRef& route = Entrance()) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("x-beta", "1")});
  return HttpRouteRouter().Observe(Route(json(rules)), spec, route).components.at(0);
}

TEST(HttpRouteEntrance, AllThreeAreNamedBeforeAnybodyGoesThroughTheBridge) {
  EXPECT_EQ(Rendered(std::vector<json>{Ref("old", 8080, 1)}, 0, model::BridgeUse::kNamed, true),
            json({Ref("old", 8080, 100), Ref("new", 9090, 0), Ref("bridge", 8080, 0)}));
}

TEST(HttpRouteEntrance, EverybodyGoesThroughTheBridgeAndBack) {
  const json through = Rendered({Ref("old", 8080, 100), Ref("new", 9090, 0), Ref("bridge", 8080, 0)}, 25, model::BridgeUse::kAll, true);
  EXPECT_EQ(through, json({Ref("old", 8080, 0), Ref("new", 9090, 0), Ref("bridge", 8080, 100)}));
  EXPECT_EQ(Rendered(through.get<std::vector<json>>(), 0, model::BridgeUse::kNamed, false),
            json({Ref("old", 8080, 100), Ref("new", 9090, 0), Ref("bridge", 8080, 0)}));
}

TEST(HttpRouteEntrance, CompleteTakesTheBridgeOut) {
  EXPECT_EQ(Rendered({Ref("old", 8080, 0), Ref("bridge", 8080, 100), Ref("new", 9090, 0)}, 100, model::BridgeUse::kNone, false),
            json({Ref("old", 8080, 0), Ref("new", 9090, 100)}));
}

TEST(HttpRouteEntrance, ARollbackThatNamesNobodyNewAddsNoBridge) {
  EXPECT_EQ(Rendered({Ref("old", 8080, 30), Ref("new", 9090, 70)}, 0, model::BridgeUse::kNamed, false),
            json({Ref("old", 8080, 100), Ref("new", 9090, 0)}));
}

TEST(HttpRouteEntrance, WhatTheUserWroteAtHisBackendsStays) {
  json old = Ref("old", 8080, 1);
  old["filters"] = {{{"type", "ExtensionRef"}}};
  EXPECT_EQ(Rendered(std::vector<json>{old}, 0, model::BridgeUse::kAll, true)[0]["filters"], old["filters"]);
}

TEST(HttpRouteEntrance, ShowsWhetherEverybodyGoesThroughTheBridge) {
  const model::ComponentTraffic all = Observed({Rule("pay", "/", {Ref("old", 8080, 0), Ref("bridge", 8080, 1)})});
  EXPECT_TRUE(all.problems.empty());
  EXPECT_TRUE(all.all_bridge && all.names_bridge && all.any_bridge && all.any_target);
  EXPECT_FALSE(all.weight);
  const model::ComponentTraffic some = Observed({Rule("pay", "/", {Ref("old", 8080, 1), Ref("bridge", 8080, 1)})});
  EXPECT_FALSE(some.all_bridge);
  EXPECT_TRUE(some.any_target);
  EXPECT_FALSE(some.weight);
  const model::ComponentTraffic named = Observed({Rule("pay", "/", {Ref("old", 8080, 1), Ref("bridge", 8080, 0)})});
  EXPECT_TRUE(named.names_bridge);
  EXPECT_FALSE(named.any_target);
  EXPECT_EQ(named.weight, base::Percent());
}

TEST(HttpRouteEntrance, OneRuleOfTwoIsNotAll) {
  const model::ComponentTraffic traffic =
      Observed({Rule("pay", "/", {Ref("old", 8080, 0), Ref("bridge", 8080, 1)}), Rule("rest", "/x", {Ref("old", 8080, 1)})});
  EXPECT_TRUE(traffic.any_bridge && traffic.any_target);
  EXPECT_FALSE(traffic.all_bridge || traffic.names_bridge);
}

TEST(HttpRouteEntrance, FlagsAreTheBridges) {
  EXPECT_TRUE(Observed({Rule("pay", "/", json::array({Ref("old", 8080, 1)}))}).flags.empty());
  json many = json::array();
  for (int i = 0; i < 16; ++i) many.push_back(Rule("r" + std::to_string(i), "/" + std::to_string(i), {Ref("old", 8080, 1)}));
  EXPECT_TRUE(HttpRouteRouter().Observe(Route(many), SpecOf({Component("all")}, {Flag("x-beta", "1")}), Entrance()).problems.empty());
}

TEST(HttpRouteEntrance, ElsewhereABridgeIsAStranger) {
  const model::ComponentTraffic traffic = Observed({Rule("pay", "/", {Ref("old", 8080, 1), Ref("bridge", 8080, 0)})}, Web());
  ASSERT_EQ(traffic.problems.size(), 1U);
  EXPECT_EQ(traffic.problems[0].reason, "ThirdBackend");
  EXPECT_FALSE(traffic.any_bridge);
}

TEST(HttpRouteEntrance, IsPutBackWithoutTheBridge) {
  const json before = Route({Rule("pay", "/", json::array({Ref("old", 8080, 1)}))});
  const HttpRouteRouter router;
  const auto saved = router.Save(before, SpecOf({Component("all")}), Entrance());
  ASSERT_TRUE(saved);
  const json moved = Route({Rule("pay", "/", {Ref("old", 8080, 0), Ref("new", 9090, 0), Ref("bridge", 8080, 100)})});
  const auto patch = router.Restore(*saved, moved);
  ASSERT_TRUE(patch);
  EXPECT_EQ(Apply(moved, *patch).dump(), before.dump());
}

}  // namespace
}  // namespace softmig::routers::testing
