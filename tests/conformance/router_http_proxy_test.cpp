#include "router_conformance.hpp"
#include "routers/contour/http_proxy_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<HttpProxyRouter>(); }

json To(const std::string& service, int port, std::optional<int> weight = std::nullopt) {
  json entry = {{"name", service}, {"port", port}};
  if (weight) entry["weight"] = *weight;
  return entry;
}

json ProxyRoute(json conditions, json services) {
  json route = {{"services", std::move(services)}};
  if (!conditions.is_null()) route["conditions"] = std::move(conditions);
  return route;
}

json Proxy(json routes) {
  json object{{"apiVersion", "projectcontour.io/v1"}, {"kind", "HTTPProxy"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  object["spec"] = {{"virtualhost", {{"fqdn", "pay.example"}}}, {"routes", std::move(routes)}};
  object["status"] = {{"currentStatus", "valid"}, {"conditions", json::array({Condition("Valid", "True", 3)})}};
  return object;
}

/// Weights that are not given, a mirror, policies, and a route of nobody's concern.
json RichProxy() {
  json refunds = ProxyRoute(json::array({{{"prefix", "/refunds"}}, {{"header", {{"name", "X-Tenant"}, {"exact", "<a&b>"}}}}}),
                            json::array({To("old", 8080)}));
  refunds["services"][0]["requestHeadersPolicy"] = {{"set", {{{"name", "x-a"}, {"value", "1"}}}}};
  refunds["timeoutPolicy"] = {{"response", "5s"}};
  json mirrored = To("new", 9090, 50);
  mirrored["mirror"] = true;
  const json exact = ProxyRoute(json::array({{{"exact", "/x"}}}), json::array({To("old", 8080, 100), To("new", 9090, 0), mirrored}));
  const json docs = ProxyRoute(json::array({{{"prefix", "/docs"}}}), json::array({To("docs", 80)}));
  const json odd = ProxyRoute(json::array({{{"header", {{"name", "x-a"}, {"present", true}}}}}), json::array({To("old", 8080)}));
  return Proxy({docs, refunds, exact, odd, ProxyRoute(nullptr, json::array({To("old", 8080)}))});
}

model::RouteRef Front() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kHttpProxy;
  return route;
}

model::ComponentSpec ByMatches(const std::string& name, const char* matches) {
  model::ComponentSpec component;
  component.name = name;
  component.rules.push_back({"web", std::nullopt, model::CanonicalMatches(json::parse(matches))});
  return component;
}

model::Spec TwoComponents() {
  return SpecOf({ByMatches("refunds", R"([{"path": {"value": "/refunds"}, "headers": [{"name": "x-tenant", "value": "<a&b>"}]}])"),
                 ByMatches("rest", R"([{}])")});
}

INSTANTIATE_TEST_SUITE_P(Contour, RouterConformance,
                         ::testing::Values(RouterCase{"HttpProxyWhole", MakeRouter, RichProxy(), SpecOf({Component("all")}), Front()},
                                           RouterCase{"HttpProxyByMatches", MakeRouter, RichProxy(), TwoComponents(), Front()}),
                         [](const auto& test) { return test.param.name; });

model::ComponentTraffic Seen(json services) {
  const model::Spec spec = SpecOf({Component("all")});
  return HttpProxyRouter().Observe(Proxy(json::array({ProxyRoute(nullptr, std::move(services))})), spec, Front()).components.at(0);
}

TEST(HttpProxyRouter, WeightsThatAreAllZeroOrAbsentMeanEqualParts) {
  EXPECT_EQ(Seen(json::array({To("old", 8080), To("new", 9090)})).weight, base::Percent::Of(50));
  EXPECT_EQ(Seen(json::array({To("old", 8080, 0), To("new", 9090, 0)})).weight, base::Percent::Of(50));
  EXPECT_TRUE(Seen(json::array({To("old", 8080), To("new", 9090)})).any_target);
}

TEST(HttpProxyRouter, AWeightThatIsNotGivenBesideOneThatIsMeansNothing) {
  EXPECT_EQ(Seen(json::array({To("old", 8080, 10), To("new", 9090)})).weight, base::Percent::Of(0));
  EXPECT_EQ(Seen(json::array({To("old", 8080), To("new", 9090, 7)})).weight, base::Percent::Of(100));
}

TEST(HttpProxyRouter, AMirrorIsNoBackend) {
  json mirror = To("new", 9090, 50);
  mirror["mirror"] = true;
  const model::ComponentTraffic seen = Seen(json::array({To("old", 8080), mirror}));
  EXPECT_EQ(seen.weight, base::Percent::Of(0));
  EXPECT_FALSE(seen.any_target);
  EXPECT_TRUE(seen.problems.empty());
}

TEST(HttpProxyRouter, AThirdServiceIsAProblem) {
  EXPECT_EQ(Seen(json::array({To("old", 8080), To("docs", 80)})).problems.at(0).reason, "ThirdBackend");
}

TEST(HttpProxyRouter, ARollbackNeverLeavesAllWeightsAtZero) {
  const json object = Proxy(json::array({ProxyRoute(nullptr, json::array({To("new", 9090), To("docs", 80)}))}));
  const auto patch = HttpProxyRouter().Render(IntentOf(SpecOf({Component("all")}), 0), object);
  ASSERT_TRUE(patch);
  EXPECT_EQ(Apply(object, *patch)["spec"]["routes"][0]["services"], json::array({To("new", 9090), To("docs", 80), To("old", 8080, 100)}));
}

model::RouteState WithStatus(json status) {
  json object = RichProxy();
  object["status"] = std::move(status);
  return HttpProxyRouter().Observe(object, SpecOf({Component("all")}), Front());
}

TEST(HttpProxyRouter, IsAcceptedOnceContourHasSeenThisGeneration) {
  EXPECT_EQ(WithStatus({{"conditions", {Condition("Valid", "True", 2)}}}).acceptance, model::Acceptance::kWaiting);
  EXPECT_EQ(WithStatus(json::object()).acceptance, model::Acceptance::kWaiting);
  json invalid = Condition("Valid", "False", 3);
  invalid["errors"] = json::array({{{"type", "ServiceError"}, {"message", "service \"new\" not found"}}});
  const model::RouteState rejected = WithStatus({{"conditions", json::array({invalid})}});
  EXPECT_EQ(rejected.acceptance, model::Acceptance::kRejected);
  EXPECT_EQ(rejected.acceptance_message, "Contour says Valid=False, ValidReason: service \"new\" not found");
}

TEST(HttpProxyRouter, NamesWhoWroteItsRoutesLast) {
  json object = RichProxy();
  object["metadata"]["managedFields"] =
      json::array({{{"manager", "kubectl"}, {"time", "2026-01-01T00:00:00Z"}, {"fieldsV1", {{"f:spec", {{"f:routes", json::object()}}}}}},
                   {{"manager", "contour"}, {"time", "2026-01-02T00:00:00Z"}, {"fieldsV1", {{"f:status", json::object()}}}}});
  EXPECT_EQ(HttpProxyRouter().Observe(object, SpecOf({Component("all")}), Front()).last_writer, "kubectl");
}

TEST(CanonicalConditions, AreTheMatchesOfAnHttpRouteThatMeanTheSame) {
  const char* conditions =
      R"([{"header": {"name": "X-A", "regex": "b.*"}}, {"prefix": "/p"}, {"queryParameter": {"name": "q", "exact": "1"}}])";
  const char* matches = R"([{"path": {"value": "/p"}, "headers": [{"type": "RegularExpression", "name": "x-a", "value": "b.*"}],
                            "queryParams": [{"name": "q", "value": "1"}]}])";
  EXPECT_EQ(CanonicalConditions(json::parse(conditions)), model::CanonicalMatches(json::parse(matches)));
  EXPECT_EQ(CanonicalConditions(json()), model::CanonicalMatches(json()));
}

TEST(CanonicalConditions, AreNothingWhereAnHttpRouteHasNoWords) {
  for (const char* text :
       {R"([{"header": {"name": "a", "present": true}}])", R"([{"header": {"name": "a", "exact": "1", "ignoreCase": true}}])",
        R"([{"prefix": "/a"}, {"prefix": "/b"}])", R"([{"prefix": "/a", "exact": "/b"}])", R"([{"prefix": 1}])", R"([1])",
        R"({"prefix": "/"})", R"([{"queryParameter": {"name": "a", "suffix": "x"}}])"}) {
    EXPECT_EQ(CanonicalConditions(json::parse(text)), "") << text;
  }
}

}  // namespace
}  // namespace softmig::routers::testing
