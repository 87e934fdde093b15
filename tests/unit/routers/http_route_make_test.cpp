#include <gtest/gtest.h>

#include "../../conformance/router_objects.hpp"
#include "routers/gatewayapi/http_route_router.hpp"

namespace softmig::routers::testing {
namespace {

model::RouteRef Managed(json rules) {
  const json manifest = {{"metadata", {{"labels", {{"team", "pay"}}}}},
                         {"spec", {{"parentRefs", json::array({{{"name", "edge"}}})}, {"rules", std::move(rules)}}}};
  return {"web", "payments", manifest.dump()};
}

json Made(const TrafficIntent& intent, const model::RouteRef& route) {
  const auto made = HttpRouteRouter().Make(intent, route, "shop");
  EXPECT_TRUE(made) << made.error().ToString();
  return made ? *made : json();
}

TEST(HttpRouteMake, GivesTheTemplateItsNameAndNothingElse) {
  const json rules = json::array({Rule("pay", "/", json::array({Ref("old", 8080)}))});
  TrafficIntent none = IntentOf(SpecOf({Component("a", {"pay"})}), 0);
  none.components.clear();
  const json made = Made(none, Managed(rules));
  EXPECT_EQ(made["apiVersion"], "gateway.networking.k8s.io/v1");
  EXPECT_EQ(made["kind"], "HTTPRoute");
  EXPECT_EQ(made["metadata"], json({{"name", "payments"}, {"namespace", "shop"}, {"labels", {{"team", "pay"}}}}));
  EXPECT_EQ(made["spec"]["rules"], rules);
}

TEST(HttpRouteMake, HasTheWeightsAndFlagsFromTheFirstMoment) {
  const model::Spec spec = SpecOf({Component("a", {"pay"})}, {Flag("x-beta", "1")});
  const model::RouteRef route = Managed(json::array({Rule("pay", "/a&b", json::array({Ref("old", 8080)}))}));
  json made = Made(IntentOf(spec, 40, Flags::kOn), route);
  EXPECT_EQ(made["spec"]["rules"][0]["backendRefs"], json({Ref("old", 8080, 60), Ref("new", 9090, 40)}));
  made["metadata"]["uid"] = "uid-1";
  const model::RouteState seen = HttpRouteRouter().Observe(made, spec, route);
  EXPECT_EQ(seen.components.at(0).weight, base::Percent::Of(40));
  EXPECT_EQ(seen.components.at(0).flags, std::vector<std::string>{"x-beta=1"});
}

TEST(HttpRouteMake, IsMadeAsItStandsWhereARuleToSteerIsMissing) {
  const json rules = json::array({Rule("other", "/", json::array({Ref("old", 8080)}))});
  EXPECT_EQ(Made(IntentOf(SpecOf({Component("a", {"pay"})}), 40), Managed(rules))["spec"]["rules"], rules);
}

TEST(HttpRouteMake, AManifestThatIsNoneIsAnError) {
  for (const char* manifest : {"", "{", "[]", "{}", R"({"metadata": 1})"}) {
    const auto made = HttpRouteRouter().Make(IntentOf(SpecOf({Component("a")}), 0), {"web", "payments", manifest}, "shop");
    ASSERT_FALSE(made) << manifest;
    EXPECT_EQ(made.error().code, base::ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace softmig::routers::testing
