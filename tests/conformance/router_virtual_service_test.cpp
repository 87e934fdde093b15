#include "router_conformance.hpp"
#include "routers/istio/virtual_service_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<VirtualServiceRouter>(); }

constexpr const char* kFull = ".shop.svc.cluster.local";

json To(const std::string& host, std::optional<int> port, std::optional<int> weight = std::nullopt) {
  json entry = {{"destination", {{"host", host}}}};
  if (port) entry["destination"]["port"]["number"] = *port;
  if (weight) entry["weight"] = *weight;
  return entry;
}

json InSubset(json entry, const std::string& subset) {
  entry["destination"]["subset"] = subset;
  return entry;
}

json HttpRoute(const std::string& name, json match, json route) {
  json http = {{"route", std::move(route)}};
  if (!name.empty()) http["name"] = name;
  if (!match.is_null()) http["match"] = std::move(match);
  return http;
}

json VirtualService(json http) {
  json object{{"apiVersion", "networking.istio.io/v1"}, {"kind", "VirtualService"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  object["spec"] = {{"hosts", {"pay.example"}}, {"gateways", {"edge"}}, {"http", std::move(http)}};
  return object;
}

/// Hosts in both spellings, subsets, ports that are not given, a mirror, and rules that send to nobody.
json RichService() {
  json refunds = HttpRoute("refunds", json::array({{{"uri", {{"prefix", "/refunds"}}}, {"headers", {{"x-tenant", {{"exact", "<a&b>"}}}}}}}),
                           json::array({InSubset(To(std::string("old") + kFull, 8080), "v1")}));
  refunds["route"][0]["headers"] = {{"request", {{"set", {{"x-a", "1"}}}}}};
  refunds["timeout"] = "5s";
  json exact = HttpRoute("", json::array({{{"name", "x"}, {"uri", {{"exact", "/x"}}}, {"method", {{"exact", "GET"}}}}}),
                         json::array({To("old", std::nullopt, 100), InSubset(To("new", 9090, 0), "canary")}));
  exact["mirror"] = {{"host", "new"}};
  const json docs = HttpRoute("docs", json::array({{{"uri", {{"prefix", "/docs"}}}}}), json::array({To("docs", 80)}));
  const json team = {{"name", "team"}, {"match", json::array({{{"uri", {{"prefix", "/team"}}}}})}, {"delegate", {{"name", "team"}}}};
  const json moved = {{"match", json::array({{{"uri", {{"exact", "/moved"}}}}})}, {"redirect", {{"uri", "/x"}}}};
  const json odd = HttpRoute("odd", json::array({{{"withoutHeaders", {{"x-a", json::object()}}}}}), json::array({To("old", 8080)}));
  return VirtualService({docs, refunds, exact, team, moved, odd, HttpRoute("", nullptr, json::array({To("old", 8080)}))});
}

model::RouteRef Mesh() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kVirtualService;
  return route;
}

model::Spec TwoComponents() {
  model::ComponentSpec exact;
  exact.name = "exact";
  exact.rules.push_back(
      {"web", std::nullopt, model::CanonicalMatches(json::parse(R"([{"path": {"type": "Exact", "value": "/x"}, "method": "GET"}])"))});
  return SpecOf({Component("refunds", {"refunds", "odd"}), exact});
}

INSTANTIATE_TEST_SUITE_P(Istio, RouterConformance,
                         ::testing::Values(RouterCase{"VirtualServiceWhole", MakeRouter, RichService(), SpecOf({Component("all")}), Mesh()},
                                           RouterCase{"VirtualServiceByRule", MakeRouter, RichService(), TwoComponents(), Mesh()}),
                         [](const auto& test) { return test.param.name; });

const model::Spec& All() {
  static const model::Spec kSpec = SpecOf({Component("all")});
  return kSpec;
}

model::ComponentTraffic Seen(json route) {
  const json object = VirtualService(json::array({HttpRoute("", nullptr, std::move(route))}));
  return VirtualServiceRouter().Observe(object, All(), Mesh()).components.at(0);
}

json Steered(json route, int weight) {
  const json object = VirtualService(json::array({HttpRoute("", nullptr, std::move(route))}));
  const auto patch = VirtualServiceRouter().Render(IntentOf(All(), weight), object);
  return patch ? Apply(object, *patch)["spec"]["http"][0]["route"] : json(patch.error().message);
}

TEST(VirtualServiceRouter, ASingleDestinationHasEverythingWhateverItsWeight) {
  EXPECT_EQ(Seen(json::array({To("old", 8080)})).weight, base::Percent::Of(0));
  EXPECT_EQ(Seen(json::array({To("new", 9090)})).weight, base::Percent::Of(100));
  EXPECT_EQ(Seen(json::array({To("new", 9090, 0)})).weight, base::Percent::Of(100));
  EXPECT_EQ(Seen(json::array({To("new", 9090, 7)})).weight, base::Percent::Of(100));
}

TEST(VirtualServiceRouter, SeveralDestinationsOfWhichNoneHasAWeightAreNoShareAtAll) {
  EXPECT_EQ(Seen(json::array({To("old", 8080), To("new", 9090)})).weight, std::nullopt);
  EXPECT_EQ(Seen(json::array({To("old", 8080, 10), To("new", 9090)})).weight, base::Percent::Of(0));
}

TEST(VirtualServiceRouter, AHostIsTheServiceAsIstioReadsIt) {
  EXPECT_EQ(Seen(json::array({To(std::string("old") + kFull, 8080), To("new.shop.svc.k8s.example", 9090, 100)})).weight,
            base::Percent::Of(100));
  for (const char* host : {"new.shop", "new.shop.svc", "new.other.svc.cluster.local", "newer", "*"}) {
    EXPECT_EQ(Seen(json::array({To("old", 8080, 100), To(host, 9090, 0)})).problems.at(0).reason, "ThirdBackend") << host;
  }
  EXPECT_EQ(Seen(json::array({To("old", 8080, 100), To("new", 9091, 0)})).problems.at(0).reason, "ThirdBackend");
}

TEST(VirtualServiceRouter, TwoSubsetsOfOneSideHaveNoWeightEach) {
  const auto seen = Seen(json::array({InSubset(To("old", 8080, 90), "v1"), InSubset(To("old", 8080, 10), "v2")}));
  EXPECT_EQ(seen.problems.at(0).message, "rule 1 (no name) sends to host old, subset v2 too: each side has one weight");
}

TEST(VirtualServiceRouter, NamesTheTargetByItsServiceAndKeepsWhatLegacyIsCalled) {
  const json old = InSubset(To(std::string("old") + kFull, std::nullopt), "v1");
  json with_weight = old;
  with_weight["weight"] = 80;
  EXPECT_EQ(Steered(json::array({old}), 20), json::array({with_weight, To("new", 9090, 20)}));
}

TEST(VirtualServiceRouter, ARollbackTakesASingleDestinationItsUsers) {
  EXPECT_EQ(Steered(json::array({To("new", 9090)}), 0), json::array({To("new", 9090), To("old", 8080, 100)}));
}

TEST(VirtualServiceRouter, ARuleThatHandsOverIsLeftAloneAndSaysWhereTo) {
  json object = RichService();
  object["spec"]["http"][3]["delegate"]["namespace"] = "teams";
  const model::Spec spec = SpecOf({Component("team", {"team"})});
  const model::RouteState state = VirtualServiceRouter().Observe(object, spec, Mesh());
  EXPECT_EQ(state.components.at(0).problems.at(0).message,
            "rule team sends to no Service: it hands over to VirtualService teams/team, which a route of the migration may name");
  const auto patch = VirtualServiceRouter().Render(IntentOf(spec, 50), object);
  ASSERT_TRUE(patch);
  EXPECT_TRUE(patch->empty());
}

TEST(VirtualServiceRouter, WaitsForIstioOnlyWhereItSaysThatItIsNotReady) {
  json object = RichService();
  const auto seen = [&] { return VirtualServiceRouter().Observe(object, All(), Mesh()); };
  EXPECT_EQ(seen().acceptance, model::Acceptance::kAccepted);
  json condition = Condition("Reconciled", "False", 3);
  condition["message"] = "61/122 complete";
  object["status"]["conditions"] = json::array({condition});
  EXPECT_EQ(seen().acceptance, model::Acceptance::kWaiting);
  EXPECT_EQ(seen().acceptance_message, "Istio has not yet brought the VirtualService to all proxies: 61/122 complete");
  object["status"]["conditions"][0]["status"] = "True";
  EXPECT_EQ(seen().acceptance, model::Acceptance::kAccepted);
}

TEST(CanonicalIstioMatches, AreTheMatchesOfAnHttpRouteThatMeanTheSame) {
  const char* match =
      R"([{"uri": {"regex": "/p.*"}, "queryParams": {"q": {"exact": "1"}}, "name": "a"}, {"headers": {"X-A": {"regex": "b"}}}])";
  const char* matches = R"([{"headers": [{"type": "RegularExpression", "name": "x-a", "value": "b"}]},
                            {"path": {"type": "RegularExpression", "value": "/p.*"}, "queryParams": [{"name": "q", "value": "1"}]}])";
  EXPECT_EQ(CanonicalIstioMatches(json::parse(match)), model::CanonicalMatches(json::parse(matches)));
  EXPECT_EQ(CanonicalIstioMatches(json()), model::CanonicalMatches(json()));
}

TEST(CanonicalIstioMatches, AreNothingWhereAnHttpRouteHasNoWords) {
  for (const char* text :
       {R"([{"headers": {"a": {"prefix": "1"}}}])", R"([{"headers": {"a": {}}}])", R"([{"authority": {"exact": "a"}}])",
        R"([{"uri": {"prefix": "/a"}, "ignoreUriCase": true}])", R"([{"method": {"prefix": "G"}}])", R"([{"uri": 1}])", R"([1])",
        R"({"uri": {"prefix": "/"}})", R"([{"headers": [1]}])", R"([{"method": {"exact": "A", "regex": "B"}}])"}) {
    EXPECT_EQ(CanonicalIstioMatches(json::parse(text)), "") << text;
  }
}

}  // namespace
}  // namespace softmig::routers::testing
