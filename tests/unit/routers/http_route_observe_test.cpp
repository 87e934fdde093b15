#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

model::RouteState Observe(const json& object, const model::Spec& spec) { return HttpRouteRouter().Observe(object, spec, Web()); }

/// The implied component of a route with one rule whose backends are `refs`.
model::ComponentTraffic ObserveRefs(json refs) {
  const model::RouteState state = Observe(Route({Rule("pay", "/", std::move(refs))}), SpecOf({Component("all")}));
  return state.components.at(0);
}

std::optional<int> WeightOfRefs(json refs) {
  const auto weight = ObserveRefs(std::move(refs)).weight;
  return weight ? std::optional<int>(weight->value()) : std::nullopt;
}

std::vector<std::string> Reasons(const std::vector<model::RouteProblem>& problems) {
  std::vector<std::string> reasons;
  for (const auto& problem : problems) reasons.push_back(problem.reason);
  return reasons;
}

TEST(HttpRouteObserve, ReadsTheTargetsShareAsWholePercentage) {
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080)}), 0);
  EXPECT_EQ(WeightOfRefs({Ref("new", 9090, 7)}), 100);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080), Ref("new", 9090)}), 50);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 90), Ref("new", 9090, 10)}), 10);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 3000), Ref("new", 9090, 1000)}), 25);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 50), Ref("old", 8080, 25), Ref("new", 9090, 25)}), 25);
}

TEST(HttpRouteObserve, GivesNoWeightWhereThereIsNoWholePercentage) {
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 2), Ref("new", 9090, 1)}), std::nullopt);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 0), Ref("new", 9090, 0)}), std::nullopt);
  EXPECT_EQ(WeightOfRefs({Ref("old", 8080, 999), Ref("new", 9090, 1)}), std::nullopt);
}

TEST(HttpRouteObserve, RulesThatDisagreeGiveNoWeight) {
  const json route = Route({Rule("a", "/a", {Ref("old", 8080)}), Rule("b", "/b", {Ref("new", 9090)})});
  const model::ComponentTraffic all = Observe(route, SpecOf({Component("all")})).components.at(0);
  EXPECT_FALSE(all.weight);
  EXPECT_TRUE(all.any_target);
}

TEST(HttpRouteObserve, ImpliedComponentClaimsOnlyRulesOfTheTwoServices) {
  json elsewhere = Ref("old", 8080);
  elsewhere["namespace"] = "other";
  json not_a_service = Ref("old", 8080);
  not_a_service["kind"] = "TraefikService";
  const json route =
      Route({Rule("pay", "/", {Ref("old", 8080)}), Rule("docs", "/docs", {Ref("docs", 80)}), Rule("ns", "/ns", json::array({elsewhere})),
             Rule("port", "/port", {Ref("old", 9999)}), Rule("kind", "/kind", json::array({not_a_service})),
             Rule("softmig-x", "/", {Ref("new", 9090)}), Rule("", "/t", {Ref("new", 9090)})});
  EXPECT_THAT(Observe(route, SpecOf({Component("all")})).claimed_rules,
              ElementsAre("rule:pay", R"(matches:[{"path":{"type":"PathPrefix","value":"/t"}}])"));
}

TEST(HttpRouteObserve, OwnNamespaceWrittenOutIsTheSameService) {
  json ref = Ref("old", 8080);
  ref["namespace"] = "shop";
  EXPECT_EQ(WeightOfRefs(json::array({ref})), 0);
}

TEST(HttpRouteObserve, ThirdBackendIsNamed) {
  const model::ComponentTraffic all = ObserveRefs({Ref("old", 8080), Ref("mine", 80)});
  EXPECT_FALSE(all.weight);
  ASSERT_THAT(Reasons(all.problems), ElementsAre("ThirdBackend"));
  EXPECT_THAT(all.problems[0].message, HasSubstr("Service mine:80"));
}

TEST(HttpRouteObserve, RuleThatSendsToNeitherSideIsForeign) {
  for (const json& refs : {json::array({Ref("mine", 80)}), json::array()}) {
    const json route = Route({Rule("pay", "/", refs)});
    EXPECT_THAT(Reasons(Observe(route, SpecOf({Component("a", {"pay"})})).components.at(0).problems), ElementsAre("ForeignBackend"));
  }
}

TEST(HttpRouteObserve, MissingRuleIsToldAndTheOthersAreStillRead) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080)})});
  const model::ComponentTraffic a = Observe(route, SpecOf({Component("a", {"gone", "pay"})})).components.at(0);
  EXPECT_THAT(Reasons(a.problems), ElementsAre("RuleNotFound"));
  EXPECT_EQ(a.weight, base::Percent::Of(0));
}

TEST(HttpRouteObserve, MatchesThatFitTwoRulesAreAmbiguous) {
  model::ComponentSpec component = Component("a");
  component.rules.push_back({"web", std::nullopt, R"([{"path":{"type":"PathPrefix","value":"/"}}])"});
  const json route = Route({Rule("", "/", {Ref("old", 8080)}), Rule("x", "/", {Ref("old", 8080)})});
  EXPECT_THAT(Reasons(Observe(route, SpecOf({component})).components.at(0).problems), ElementsAre("RuleAmbiguous"));
}

TEST(HttpRouteObserve, RulesOfOursCannotBeClaimedByName) {
  const json route = Route({Rule("softmig-x", "/", {Ref("old", 8080)})});
  EXPECT_THAT(Reasons(Observe(route, SpecOf({Component("a", {"softmig-x"})})).components.at(0).problems), ElementsAre("RuleNotFound"));
}

TEST(HttpRouteObserve, ComponentsOfOtherRoutesAreNotListed) {
  model::ComponentSpec elsewhere = Component("b");
  elsewhere.rules.push_back({"other", "pay", std::nullopt});
  const json route = Route({Rule("pay", "/", {Ref("old", 8080)})});
  EXPECT_EQ(Observe(route, SpecOf({Component("a", {"pay"}), elsewhere})).components.size(), 1U);
}

TEST(HttpRouteObserve, RuleOfTwoComponentsIsListedTwice) {
  const json route = Route({Rule("pay", "/", {Ref("old", 8080)})});
  EXPECT_THAT(Observe(route, SpecOf({Component("a", {"pay"}), Component("b", {"pay"})})).claimed_rules,
              ElementsAre("rule:pay", "rule:pay"));
}

TEST(HttpRouteObserve, TellsWhereFlagsDoNotFit) {
  json rules = json::array();
  for (int i = 0; i < 9; ++i) rules.push_back(Rule("r" + std::to_string(i), "/" + std::to_string(i), {Ref("old", 8080)}));
  EXPECT_THAT(Reasons(Observe(Route(rules), SpecOf({Component("all")}, {Flag("x", "1")})).problems), ElementsAre("TooManyRules"));
  rules.erase(8);
  EXPECT_THAT(Observe(Route(rules), SpecOf({Component("all")}, {Flag("x", "1")})).problems, IsEmpty());
}

TEST(HttpRouteObserve, CountsTheMatchesOfAllRules) {
  json rule = Rule("pay", "/", {Ref("old", 8080)});
  for (int i = 0; i < 64; ++i) rule["matches"].push_back(PathMatch("/" + std::to_string(i)));
  EXPECT_THAT(Reasons(Observe(Route({rule}), SpecOf({Component("all")}, {Flag("x", "1")})).problems), ElementsAre("TooManyRules"));
}

TEST(HttpRouteObserve, HeaderOfAMatchConflictsWithAFlagOfOtherValue) {
  json rule = Rule("pay", "/", {Ref("old", 8080)});
  rule["matches"][0]["headers"] = {{{"name", "X-Beta"}, {"type", "Exact"}, {"value", "2"}}};
  const auto reasons = [&](const std::string& value) {
    return Reasons(Observe(Route({rule}), SpecOf({Component("all")}, {Flag("x-beta", value)})).components.at(0).problems);
  };
  EXPECT_THAT(reasons("1"), ElementsAre("HeaderConflict"));
  EXPECT_THAT(reasons("2"), IsEmpty());
}

TEST(HttpRouteObserve, ObjectWithoutRulesIsMalformed) {
  EXPECT_THAT(Reasons(Observe(json::object(), SpecOf({Component("all")})).problems), ElementsAre("RouteMalformed"));
  EXPECT_THAT(Reasons(ObserveRefs({json{{"name", "old"}, {"port", 8080}, {"weight", -1}}}).problems), ElementsAre("RouteMalformed"));
}

TEST(HttpRouteObserve, LatestManagerOfTheRulesIsTheLastWriter) {
  const auto entry = [](const std::string& manager, const std::string& time, const std::string& field) {
    return json{{"manager", manager}, {"time", time}, {"fieldsV1", {{"f:spec", {{field, json::object()}}}}}};
  };
  json route = Route({Rule("pay", "/", {Ref("old", 8080)})});
  route["metadata"]["managedFields"] = {entry("argocd", "2026-01-02T00:00:00Z", "f:rules"),
                                        entry("softmigration", "2026-01-01T00:00:00Z", "f:rules"),
                                        entry("other", "2026-01-03T00:00:00Z", "f:hostnames")};
  EXPECT_EQ(Observe(route, SpecOf({Component("all")})).last_writer, "argocd");
}

// Acceptance.

model::RouteState WithParents(json parents) {
  json route = Route({Rule("pay", "/", {Ref("old", 8080)})});
  route["status"]["parents"] = std::move(parents);
  return Observe(route, SpecOf({Component("all")}));
}

TEST(HttpRouteAcceptance, NeedsEveryParentToHaveAcceptedThisGeneration) {
  const json good = Parent("edge", {Condition("Accepted", "True", 3), Condition("ResolvedRefs", "True", 3)});
  const json old = Parent("inner", {Condition("Accepted", "True", 2), Condition("ResolvedRefs", "True", 2)});
  EXPECT_EQ(WithParents(json::array({good})).acceptance, model::Acceptance::kAccepted);
  EXPECT_EQ(WithParents({good, old}).acceptance, model::Acceptance::kWaiting);
  EXPECT_THAT(WithParents({good, old}).acceptance_message, HasSubstr("inner"));
  EXPECT_EQ(WithParents(json::array()).acceptance, model::Acceptance::kWaiting);
}

TEST(HttpRouteAcceptance, SilenceAboutReferencesIsNoRefusal) {
  EXPECT_EQ(WithParents(json::array({Parent("edge", json::array({Condition("Accepted", "True", 3)}))})).acceptance,
            model::Acceptance::kAccepted);
}

TEST(HttpRouteAcceptance, OneRefusalOfThisGenerationRejects) {
  const json waiting = Parent("inner", json::array({Condition("Accepted", "True", 2)}));
  const json refused = Parent("edge", {Condition("Accepted", "True", 3), Condition("ResolvedRefs", "False", 3)});
  const model::RouteState state = WithParents({waiting, refused});
  EXPECT_EQ(state.acceptance, model::Acceptance::kRejected);
  EXPECT_THAT(state.acceptance_message, HasSubstr("ResolvedRefsReason: because"));
}

TEST(HttpRouteAcceptance, RefusalOfAnOlderGenerationMeansWaiting) {
  EXPECT_EQ(WithParents(json::array({Parent("edge", json::array({Condition("Accepted", "False", 2)}))})).acceptance,
            model::Acceptance::kWaiting);
}

TEST(HttpRouteAcceptance, UnknownMeansWaiting) {
  EXPECT_EQ(WithParents(json::array({Parent("edge", json::array({Condition("Accepted", "Unknown", 3)}))})).acceptance,
            model::Acceptance::kWaiting);
}

}  // namespace
}  // namespace softmig::routers::testing
