#include "routers/gatewayapi/http_route_router.hpp"

#include "router_conformance.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<HttpRouteRouter>(); }

/// Filters, timeouts, characters that JSON encoders disagree about, and rules of nobody's concern.
json RichRoute() {
  json refunds = Rule("refunds", "/refunds", json::array({Ref("old", 8080, 1)}));
  refunds["timeouts"] = {{"request", "5s"}};
  refunds["filters"] = {{{"type", "RequestHeaderModifier"}, {"requestHeaderModifier", {{"set", {{{"name", "x-a"}, {"value", "<&>"}}}}}}}};
  refunds["backendRefs"][0]["filters"] = {{{"type", "RequestHeaderModifier"}, {"requestHeaderModifier", {{"remove", {"x-b"}}}}}};
  json plain = Rule("", "/a&b", json::array({Ref("old", 8080, 100), Ref("new", 9090, 0)}));
  plain["matches"].push_back({{"path", {{"type", "Exact"}, {"value", "/x"}}}, {"method", "GET"}});
  const json docs = Rule("docs", "/docs", json::array({Ref("docs", 80, 1)}));
  return Route({docs, refunds, plain, Rule("pay", "/pay", json::array({Ref("old", 8080)}))});
}

model::ComponentSpec ByMatches() {
  model::ComponentSpec component;
  component.name = "plain";
  component.rules.push_back(
      {"web", std::nullopt, R"([{"method":"GET","path":{"type":"Exact","value":"/x"}},{"path":{"type":"PathPrefix","value":"/a&b"}}])"});
  return component;
}

model::RouteRef Entrance() {
  model::RouteRef route{model::kEntrance, "payments"};
  route.bridge = model::Side{"payments-bridge", 8080};
  return route;
}

INSTANTIATE_TEST_SUITE_P(
    Routers, RouterConformance,
    ::testing::Values(
        RouterCase{"HttpRouteWhole", MakeRouter, RichRoute(), SpecOf({Component("all")}, {Flag("x-beta", "1")}), Web()},
        RouterCase{"HttpRouteByName", MakeRouter, RichRoute(),
                   SpecOf({Component("refunds", {"refunds"}), Component("pay", {"pay"})}, {Flag("X-Team", "a=<b>,c")}), Web()},
        RouterCase{"HttpRouteByMatches", MakeRouter, RichRoute(), SpecOf({ByMatches()}, {Flag("x-beta", "1")}), Web()},
        RouterCase{"HttpRouteBeforeABridge", MakeRouter, RichRoute(), SpecOf({Component("all")}, {Flag("x-beta", "1")}), Entrance()}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace softmig::routers::testing
