#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/flag_rules.hpp"
#include "routers/gatewayapi/http_route_router.hpp"
#include "routers/gatewayapi/patch_builder.hpp"

namespace softmig::routers::testing {
namespace {

const json& RulesOf(const json& object) { return object["spec"]["rules"]; }

json Rendered(const json& object, const TrafficIntent& intent) {
  const auto patch = HttpRouteRouter().Render(intent, object);
  EXPECT_TRUE(patch) << patch.error().ToString();
  return patch ? Apply(object, *patch) : object;
}

/// The backends that one rule with `refs` has at `weight`.
json Steered(json refs, int weight) {
  return RulesOf(
      Rendered(Route({Rule("pay", "/", std::move(refs))}), IntentOf(SpecOf({Component("a", {"pay"})}), weight)))[0]["backendRefs"];
}

TEST(HttpRouteRender, SetsBothWeightsInPlaceAndAddsWhatIsMissing) {
  EXPECT_EQ(Steered({Ref("old", 8080, 1)}, 10), json({Ref("old", 8080, 90), Ref("new", 9090, 10)}));
  EXPECT_EQ(Steered({Ref("new", 9090, 0), Ref("old", 8080, 1)}, 10), json({Ref("new", 9090, 10), Ref("old", 8080, 90)}));
  EXPECT_EQ(Steered({Ref("new", 9090, 5)}, 0), json({Ref("new", 9090, 0), Ref("old", 8080, 100)}));
}

TEST(HttpRouteRender, NamesNoServiceThatGetsNothing) { EXPECT_EQ(Steered({Ref("old", 8080, 1)}, 0), json::array({Ref("old", 8080, 100)})); }

TEST(HttpRouteRender, NamesTheTargetWithoutUsersWhereTheGatewayIsToKnowIt) {
  const model::Spec spec = SpecOf({Component("a", {"pay"})});
  TrafficIntent intent = IntentOf(spec, 0);
  intent.components[0].name_target = true;
  const json before = Route({Rule("pay", "/", {Ref("old", 8080, 1)})});
  const json after = Rendered(before, intent);
  EXPECT_EQ(RulesOf(after)[0]["backendRefs"], json({Ref("old", 8080, 100), Ref("new", 9090, 0)}));
  const HttpRouteRouter router;
  EXPECT_FALSE(router.Observe(before, spec, spec.routes[0]).components.at(0).names_target);
  EXPECT_TRUE(router.Observe(after, spec, spec.routes[0]).components.at(0).names_target);
  EXPECT_TRUE(router.Render(intent, after)->empty());
}

TEST(HttpRouteRender, KeepsOtherFieldsOfABackend) {
  json ref = Ref("old", 8080, 1);
  ref["filters"] = {{{"type", "ExtensionRef"}}};
  EXPECT_EQ(Steered(json::array({ref}), 30)[0]["filters"], ref["filters"]);
}

TEST(HttpRouteRender, SideNamedTwiceGetsItsWeightOnce) {
  EXPECT_EQ(Steered({Ref("old", 8080, 1), Ref("new", 9090, 1), Ref("new", 9090, 1)}, 0),
            json({Ref("old", 8080, 100), Ref("new", 9090, 0), Ref("new", 9090, 0)}));
}

TEST(HttpRouteRender, DefaultWeightCountsAsOne) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080, 99), Ref("new", 9090)})});
  const auto patch = HttpRouteRouter().Render(IntentOf(SpecOf({Component("all")}), 1), route);
  ASSERT_TRUE(patch);
  EXPECT_TRUE(patch->empty());
}

TEST(HttpRouteRender, RollbackLeavesStrangersAlone) {
  EXPECT_EQ(Steered({Ref("new", 9090, 40), Ref("mine", 80, 10)}, 0),
            json({Ref("new", 9090, 0), Ref("mine", 80, 10), Ref("old", 8080, 100)}));
  EXPECT_EQ(Steered({Ref("mine", 80, 10)}, 0), json::array({Ref("mine", 80, 10)}));
}

TEST(HttpRouteRender, RollbackRepairsAWeightThatIsNoNumber) {
  json bad = Ref("new", 9090);
  bad["weight"] = "all";
  EXPECT_EQ(Steered({Ref("old", 8080, 1), bad}, 0), json({Ref("old", 8080, 100), Ref("new", 9090, 0)}));
}

TEST(HttpRouteRender, RuleWhoseBackendsWereEmptiedSendsToLegacyAgain) {
  EXPECT_EQ(Steered(json::array(), 0), json::array({Ref("old", 8080, 100)}));
}

TEST(HttpRouteRender, RedirectIsNotGivenBackends) {
  json rule = Rule("pay", "/", json::array());
  rule["filters"] = {{{"type", "RequestRedirect"}}};
  const json route = Route({rule});
  EXPECT_EQ(Rendered(route, IntentOf(SpecOf({Component("a", {"pay"})}), 10)), route);
}

TEST(HttpRouteRender, SkipsAMissingRuleAndRefusesOnlyWhereNothingIsLeft) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080, 1)})});
  const json after = Rendered(route, IntentOf(SpecOf({Component("a", {"gone", "pay"})}), 20));
  EXPECT_EQ(RulesOf(after)[0]["backendRefs"][1]["weight"], 20);
  const auto none = HttpRouteRouter().Render(IntentOf(SpecOf({Component("a", {"gone"})}), 0), route);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, base::ErrorCode::kInvalid);
}

TEST(HttpRouteRender, RuleClaimedTwiceGoesWithTheSmallerShareOfTheTarget) {
  TrafficIntent intent = IntentOf(SpecOf({Component("a", {"pay"}), Component("b", {"pay"})}), 80);
  intent.components[1].split = base::WeightSplit(base::Percent::Of(0));
  const json after = Rendered(Route({Rule("pay", "/", {Ref("old", 8080, 1)})}), intent);
  EXPECT_EQ(RulesOf(after)[0]["backendRefs"], json::array({Ref("old", 8080, 100)}));
}

// Header flags.

TEST(HttpRouteFlags, AddARuleWithTheFlagsHeadersForTheTargetAlone) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("X-Beta", "1")});
  json pay = Rule("pay", "/", {Ref("old", 8080, 1)});
  pay["timeouts"] = {{"request", "5s"}};
  const json after = Rendered(Route({pay}), IntentOf(spec, 1, Flags::kOn));
  ASSERT_EQ(RulesOf(after).size(), 2U);
  const json& added = RulesOf(after)[1];
  EXPECT_TRUE(added["name"].get<std::string>().starts_with("softmig-move-"));
  EXPECT_EQ(added["matches"][0]["headers"], json({{{"name", "X-Beta"}, {"type", "Exact"}, {"value", "1"}}}));
  EXPECT_EQ(added["backendRefs"], json::array({Ref("new", 9090, 1)}));
  EXPECT_EQ(added["timeouts"], pay["timeouts"]);
}

TEST(HttpRouteFlags, AreRemovedWhereTheIntentHasNone) {
  const model::Spec spec = SpecOf({Component("a", {"pay"}), Component("b", {"docs"})}, {Flag("x", "1"), Flag("y", "2")});
  const json route = Route({Rule("pay", "/", {Ref("old", 8080, 100)}), Rule("docs", "/d", {Ref("old", 8080, 100)})});
  const json flagged = Rendered(route, IntentOf(spec, 0, Flags::kOn));
  EXPECT_EQ(RulesOf(flagged).size(), 6U);
  TrafficIntent only_a = IntentOf(spec, 0, Flags::kOn);
  only_a.components[0].flags.clear();
  EXPECT_EQ(RulesOf(Rendered(flagged, only_a)).size(), 4U);
  EXPECT_EQ(Rendered(flagged, IntentOf(spec, 0)), route);
}

TEST(HttpRouteFlags, ARuleOfOursThatSomebodyChangedIsNotInPlaceAndIsPutBack) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("x", "1")});
  const json flagged = Rendered(Route({Rule("pay", "/", {Ref("old", 8080, 100)})}), IntentOf(spec, 0, Flags::kOn));
  json edited = flagged;
  edited["spec"]["rules"][1]["backendRefs"][0]["name"] = "old";
  const HttpRouteRouter router;
  EXPECT_EQ(router.Observe(flagged, spec, Web()).components.at(0).flags, std::vector<std::string>{"x=1"});
  EXPECT_EQ(router.Observe(edited, spec, Web()).components.at(0).flags,
            std::vector<std::string>{"?" + flagged["spec"]["rules"][1]["name"].get<std::string>()});
  EXPECT_EQ(Rendered(edited, IntentOf(spec, 0, Flags::kOn)), flagged);
}

TEST(HttpRouteFlags, DefaultsOfTheApiServerAreNoChange) {
  const model::Spec spec = SpecOf({Component("all")}, {Flag("x", "1")});
  json rule = Rule("pay", "/", {Ref("old", 8080, 100)});
  rule.erase("matches");
  json flagged = Rendered(Route({rule}), IntentOf(spec, 0, Flags::kOn));
  flagged["spec"]["rules"][0]["matches"] = {PathMatch("/")};
  flagged["spec"]["rules"][1]["backendRefs"][0].erase("group");
  EXPECT_EQ(Rendered(flagged, IntentOf(spec, 0, Flags::kOn)), flagged);
}

TEST(HttpRouteFlags, OfAnotherMigrationStay) {
  const json route =
      Route({Rule("pay", "/", {Ref("old", 8080, 100)}), Rule("softmig-other-0123abcd-0123abcd", "/x", {Ref("new", 9090, 1)})});
  EXPECT_EQ(Rendered(route, IntentOf(SpecOf({Component("all")}), 0)), route);
}

TEST(HttpRouteFlags, ThatDoNotFitAreLeftOutAndTheWeightsStillMove) {
  json rules = json::array();
  for (int i = 0; i < 15; ++i) rules.push_back(Rule("r" + std::to_string(i), "/" + std::to_string(i), {Ref("old", 8080, 1)}));
  const json after = Rendered(Route(rules), IntentOf(SpecOf({Component("all")}, {Flag("x", "1")}), 10, Flags::kOn));
  EXPECT_EQ(RulesOf(after).size(), 16U);
  EXPECT_EQ(RulesOf(after)[14]["backendRefs"][1]["weight"], 10);
}

TEST(HttpRouteFlags, NamesTellWhatTheyAreFor) {
  const OwnTag tag{ComponentKey("all", Legacy()), "0123abcd"};
  EXPECT_EQ(ReadOwnTag(OwnName("a.b", tag)), tag);
  EXPECT_LE(OwnName(std::string(253, 'm'), tag).size(), 253U);
  EXPECT_NE(ComponentKey("all", Legacy()), ComponentKey("all", Target()));
  for (const char* name :
       {"softmig-", "softmig-x", "pay-01234567-01234567", "softmig-m-0123456X-01234567", "softmig-m_01234567-01234567"}) {
    EXPECT_FALSE(ReadOwnTag(name)) << name;
  }
}

TEST(HttpRouteFlags, LongNamesAreCutAtACharacterThatMayEndAPart) {
  const std::string name = OwnName(std::string(226, 'm') + "..x", {"01234567", "01234567"});
  EXPECT_EQ(name.find(".-"), std::string::npos);
}

// Guards.

TEST(HttpRoutePatch, FailsWhereAnotherRuleStandsAtTheIndex) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080, 1)}), Rule("docs", "/d", {Ref("old", 8080, 1)})});
  const auto patch = HttpRouteRouter().Render(IntentOf(SpecOf({Component("a", {"pay"})}), 10), route);
  ASSERT_TRUE(patch);
  json swapped = route;
  std::swap(swapped["spec"]["rules"][0], swapped["spec"]["rules"][1]);
  EXPECT_THROW(Apply(swapped, *patch), json::exception);
}

TEST(HttpRoutePatch, ChangesOfTheStatusDoNotDisturbIt) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080, 1)})});
  const auto patch = HttpRouteRouter().Render(IntentOf(SpecOf({Component("all")}), 10), route);
  ASSERT_TRUE(patch);
  json touched = route;
  touched["metadata"]["resourceVersion"] = "8";
  touched["status"] = json::object();
  EXPECT_NO_THROW(Apply(touched, *patch));
}

TEST(HttpRoutePatch, SpellsStringsAsTheApiServerDoes) {
  EXPECT_EQ(ServerText({{"v", "<a>&\xE2\x80\xA8\xE2\x80\xA9\xC3\xBC"}}), "{\"v\":\"\\u003ca\\u003e\\u0026\\u2028\\u2029\xC3\xBC\"}");
  EXPECT_EQ(json::parse(ServerText("a<b")), json("a<b"));
}

}  // namespace
}  // namespace softmig::routers::testing
