#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"
#include "routers/gatewayapi/template_mark.hpp"

namespace softmig::routers::testing {
namespace {

/// As people write it, without what the API server fills in.
json PlainRef(const std::string& service, int port) { return {{"name", service}, {"port", port}}; }

json PayRule(const std::string& prefix = "/") { return Rule("pay", prefix, json::array({PlainRef("old", 8080)})); }

model::RouteRef Managed(json rules, const json& labels = {{"team", "pay"}}) {
  const json manifest = {{"metadata", {{"labels", labels}}},
                         {"spec", {{"parentRefs", json::array({{{"name", "edge"}}})}, {"rules", std::move(rules)}}}};
  return {"web", "payments", manifest.dump()};
}

TrafficIntent Nobody(const model::Spec& spec) { return {"move", spec.legacy, spec.target, "web", {}}; }

json Made(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route) {
  const auto made = HttpRouteRouter().Make(intent, spec, route, "shop");
  EXPECT_TRUE(made) << made.error().ToString();
  return made ? *made : json();
}

/// As the API server stores it: with its defaults, and what only it gives.
json Stored(json object) {
  for (json& rule : object["spec"]["rules"]) {
    for (json& ref : rule["backendRefs"]) {
      ref.emplace("group", "");
      ref.emplace("kind", "Service");
      ref.emplace("weight", 1);
    }
  }
  object["metadata"]["uid"] = "uid-1";
  object["metadata"]["resourceVersion"] = "7";
  return object;
}

json Remade(const TrafficIntent& intent, const model::Spec& spec, const model::RouteRef& route, json object) {
  const auto patch = HttpRouteRouter().Remake(intent, spec, route, object);
  EXPECT_TRUE(patch) << patch.error().ToString();
  if (!patch || patch->empty()) return object;
  EXPECT_EQ(patch->form, ObjectPatch::Form::kMerge);
  const json merge = json::parse(patch->json);
  EXPECT_EQ(merge["metadata"]["uid"], "uid-1");
  EXPECT_EQ(merge["metadata"]["resourceVersion"], "7");
  return Apply(object, *patch);
}

const model::Spec& One() {
  static const model::Spec kSpec = SpecOf({Component("a", {"pay"})}, {Flag("x-beta", "1")});
  return kSpec;
}

TEST(HttpRouteMake, GivesTheTemplateItsNameAndItsMark) {
  const json made = Made(Nobody(One()), One(), Managed(json::array({PayRule()})));
  EXPECT_EQ(made["apiVersion"], "gateway.networking.k8s.io/v1");
  EXPECT_EQ(made["kind"], "HTTPRoute");
  EXPECT_EQ(made["metadata"]["name"], "payments");
  EXPECT_EQ(made["metadata"]["namespace"], "shop");
  EXPECT_EQ(made["metadata"]["labels"], json({{"team", "pay"}}));
  EXPECT_FALSE(made["metadata"].contains("uid"));
  EXPECT_EQ(made["spec"]["rules"], json::array({PayRule()}));
  const model::RouteState seen = HttpRouteRouter().Observe(made, One(), Web());
  EXPECT_EQ(seen.made_for, "move");
  EXPECT_FALSE(seen.mark.empty());
}

TEST(HttpRouteMake, HasTheWeightsAndFlagsFromTheFirstMoment) {
  const model::RouteRef route = Managed(json::array({PayRule("/a&b")}));
  const json made = Made(IntentOf(One(), 40, Flags::kOn), One(), route);
  const model::RouteState seen = HttpRouteRouter().Observe(Stored(made), One(), route);
  EXPECT_EQ(seen.components.at(0).weight, base::Percent::Of(40));
  EXPECT_EQ(seen.components.at(0).flags, std::vector<std::string>{"x-beta=1"});
}

TEST(HttpRouteMake, IsMadeAsItStandsWhereARuleToSteerIsMissing) {
  const json rules = json::array({Rule("other", "/", json::array({Ref("old", 8080)}))});
  const json made = Made(IntentOf(One(), 40), One(), Managed(rules));
  EXPECT_EQ(made["spec"]["rules"], rules);
  EXPECT_EQ(HttpRouteRouter().Observe(made, One(), Web()).mark, "") << "there is nothing to put it back to";
}

TEST(HttpRouteMake, AManifestThatIsNoneIsAnError) {
  for (const char* manifest : {"", "{", "[]", "{}", R"({"metadata": 1})", R"({"metadata": {}, "spec": 1})"}) {
    const auto made = HttpRouteRouter().Make(IntentOf(One(), 0), One(), {"web", "payments", manifest}, "shop");
    ASSERT_FALSE(made) << manifest;
    EXPECT_EQ(made.error().code, base::ErrorCode::kInvalid);
  }
}

TEST(HttpRouteMake, AtWhateverWeightItIsMadeItIsPutBackToItsTemplate) {
  const HttpRouteRouter router;
  const model::RouteRef route = Managed(json::array({PayRule()}));
  const json live = Stored(Made(IntentOf(One(), 50, Flags::kOn), One(), route));
  const std::string mark = router.Observe(live, One(), route).mark;
  const auto patch = router.Restore(mark, live);
  ASSERT_TRUE(patch);
  const json back = Stored(Apply(live, *patch));
  EXPECT_EQ(back["spec"]["rules"], Stored(Made(Nobody(One()), One(), route))["spec"]["rules"]);
  EXPECT_TRUE(router.Restore(mark, back).value().empty()) << "what the API server filled in is no difference";
}

TEST(HttpRouteMake, AnotherWeightThanTheTemplatesIsADifference) {
  const HttpRouteRouter router;
  const model::RouteRef route = Managed(json::array({PayRule()}));
  json live = Stored(Made(Nobody(One()), One(), route));
  const std::string mark = router.Observe(live, One(), route).mark;
  live["spec"]["rules"][0]["backendRefs"][0]["weight"] = 0;
  EXPECT_FALSE(router.Restore(mark, live).value().empty());
}

TEST(HttpRouteRemake, WritesNothingWhereTheTemplateIsTheSame) {
  const model::RouteRef route = Managed(json::array({PayRule()}));
  json live = Stored(Made(IntentOf(One(), 30), One(), route));
  live["spec"]["hostnames"] = {"by-hand.example"};
  EXPECT_TRUE(HttpRouteRouter().Remake(Nobody(One()), One(), route, live).value().empty());
}

TEST(HttpRouteRemake, BringsTheRouteToTheTemplateAtTheWeightsAsked) {
  json live = Stored(Made(IntentOf(One(), 30, Flags::kOn), One(), Managed(json::array({PayRule("/old")}), {{"team", "pay"}})));
  live["spec"]["hostnames"] = {"gone.example"};
  live["metadata"]["labels"]["by"] = "somebody";
  live["metadata"]["annotations"]["other.io/a"] = "b";
  const model::RouteRef edited = Managed(json::array({PayRule("/new")}), {{"team", "two"}});
  const json remade = Remade(IntentOf(One(), 30, Flags::kOn), One(), edited, live);
  EXPECT_EQ(remade["spec"], Made(IntentOf(One(), 30, Flags::kOn), One(), edited)["spec"]);
  EXPECT_EQ(remade["metadata"]["labels"], json({{"team", "two"}, {"by", "somebody"}}));
  EXPECT_EQ(remade["metadata"]["annotations"]["other.io/a"], "b");
  const model::RouteState seen = HttpRouteRouter().Observe(Stored(remade), One(), edited);
  EXPECT_EQ(seen.components.at(0).weight, base::Percent::Of(30));
  EXPECT_EQ(seen.components.at(0).flags, std::vector<std::string>{"x-beta=1"});
  EXPECT_TRUE(HttpRouteRouter().Remake(Nobody(One()), One(), edited, Stored(remade)).value().empty());
}

TEST(HttpRouteRemake, WhatAnotherComponentIsMovedByIsAnotherTemplate) {
  const model::RouteRef route = Managed(json::array({PayRule(), Rule("refund", "/r", json::array({PlainRef("old", 8080)}))}));
  const json live = Stored(Made(Nobody(One()), One(), route));
  const model::Spec two = SpecOf({Component("a", {"pay"}), Component("b", {"refund"})});
  EXPECT_FALSE(HttpRouteRouter().Remake(Nobody(two), two, route, live).value().empty());
}

TEST(HttpRouteRemake, TakesOverARouteThatWasHandedToIt) {
  json live = Stored(Route(json::array({PayRule()})));
  live["metadata"]["annotations"] = {{kTemplateMark, R"({"for":"move"})"}};
  EXPECT_EQ(HttpRouteRouter().Observe(live, One(), Web()).made_for, "move");
  const model::RouteRef route = Managed(json::array({PayRule("/new")}));
  EXPECT_EQ(Remade(Nobody(One()), One(), route, live)["spec"]["rules"], json::array({PayRule("/new")}));
}

TEST(TemplateMark, OneThatCannotBeReadIsNone) {
  for (const json& mark : {json("{"), json("[]"), json(1), json("{}"), json(R"({"for":1})"), json(std::string(20'000, ' '))}) {
    json object = Route(json::array({PayRule()}));
    object["metadata"]["annotations"] = {{kTemplateMark, mark}};
    EXPECT_EQ(ReadMark(object).made_for, "") << mark;
    EXPECT_FALSE(ReadMark(object).restorable) << mark;
  }
}

}  // namespace
}  // namespace softmig::routers::testing
