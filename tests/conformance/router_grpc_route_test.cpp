#include "router_conformance.hpp"
#include "routers/gatewayapi/grpc_route_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<GrpcRouteRouter>(); }

json GrpcRule(const std::string& name, json matches, json refs) {
  json rule = {{"backendRefs", std::move(refs)}};
  if (!matches.is_null()) rule["matches"] = std::move(matches);
  if (!name.empty()) rule["name"] = name;
  return rule;
}

/// Methods, headers, a filter, a rule without matches, and one of nobody's concern.
json RichRoute() {
  const json refund = {{"method", {{"type", "Exact"}, {"service", "pay.Refunds"}, {"method", "Create"}}},
                       {"headers", json::array({{{"type", "Exact"}, {"name", "X-Tenant"}, {"value", "<a&b>"}}})}};
  json refunds = GrpcRule("refunds", json::array({refund, {{"method", {{"type", "Exact"}, {"service", "pay.Old"}}}}}),
                          json::array({Ref("old", 8080, 1)}));
  refunds["filters"] = {{{"type", "RequestHeaderModifier"}, {"requestHeaderModifier", {{"remove", {"x-b"}}}}}};
  const json docs =
      GrpcRule("docs", json::array({{{"method", {{"type", "Exact"}, {"service", "Docs"}}}}}), json::array({Ref("docs", 80, 1)}));
  json route = Route({docs, refunds, GrpcRule("rest", nullptr, json::array({Ref("old", 8080, 100), Ref("new", 9090, 0)}))});
  route["kind"] = "GRPCRoute";
  return route;
}

model::RouteRef Rpc() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kGrpcRoute;
  return route;
}

INSTANTIATE_TEST_SUITE_P(
    GrpcRoute, RouterConformance,
    ::testing::Values(RouterCase{"GrpcRouteWhole", MakeRouter, RichRoute(), SpecOf({Component("all")}, {Flag("x-beta", "1")}), Rpc()},
                      RouterCase{"GrpcRouteByName", MakeRouter, RichRoute(),
                                 SpecOf({Component("refunds", {"refunds"}), Component("rest", {"rest"})}, {Flag("X-Team", "a=<b>,c")}),
                                 Rpc()}),
    [](const auto& test) { return test.param.name; });

TEST(GrpcRouteRouter, AFlagOnARuleForAllMethodsAsksForItsHeaderAndNothingElse) {
  const model::Spec spec = SpecOf({Component("rest", {"rest"})}, {Flag("x-beta", "1")});
  const auto patch = GrpcRouteRouter().Render(IntentOf(spec, 0, Flags::kOn), RichRoute());
  ASSERT_TRUE(patch);
  const json rules = Apply(RichRoute(), *patch)["spec"]["rules"];
  ASSERT_EQ(rules.size(), 4U);
  EXPECT_EQ(rules[3]["matches"], json::parse(R"([{"headers": [{"name": "x-beta", "type": "Exact", "value": "1"}]}])"));
}

TEST(GrpcRouteRouter, MakesAGrpcRouteFromItsTemplate) {
  model::RouteRef route = Rpc();
  route.manifest = json{{"metadata", json::object()}, {"spec", RichRoute()["spec"]}}.dump();
  const model::Spec spec = SpecOf({Component("all")});
  const auto made = GrpcRouteRouter().Make(IntentOf(spec, 0), spec, route, "shop");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->at("kind"), "GRPCRoute");
  EXPECT_EQ(made->at("apiVersion"), "gateway.networking.k8s.io/v1");
}

}  // namespace
}  // namespace softmig::routers::testing
