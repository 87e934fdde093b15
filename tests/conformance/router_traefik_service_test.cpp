#include "router_conformance.hpp"
#include "routers/traefik/traefik_service_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<TraefikServiceRouter>(); }

json To(const std::string& service, const json& port, std::optional<int> weight = std::nullopt) {
  json entry = {{"name", service}, {"port", port}};
  if (weight) entry["weight"] = *weight;
  return entry;
}

json Weighted(json services) {
  json object{{"apiVersion", "traefik.io/v1alpha1"}, {"kind", "TraefikService"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  object["spec"]["weighted"] = {{"sticky", {{"cookie", {{"name", "<a&b>"}, {"secure", true}}}}}, {"services", std::move(services)}};
  return object;
}

/// A port by its name, things of the user's beside the weight, and a Service in the namespace that is the object's anyway.
json RichService() {
  json old = To("old", "http");
  old["scheme"] = "h2c";
  old["passHostHeader"] = false;
  json next = To("new", 9090, 0);
  next["kind"] = "Service";
  next["namespace"] = "shop";
  return Weighted({old, next});
}

model::RouteRef Front() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kTraefikService;
  return route;
}

const model::Spec& All() {
  static const model::Spec kSpec = SpecOf({Component("all")});
  return kSpec;
}

INSTANTIATE_TEST_SUITE_P(Traefik, RouterConformance,
                         ::testing::Values(RouterCase{"TraefikService", MakeRouter, RichService(), All(), Front()},
                                           RouterCase{"TraefikServiceOfLegacyOnly", MakeRouter, Weighted(json::array({To("old", 8080, 3)})),
                                                      All(), Front()}),
                         [](const auto& test) { return test.param.name; });

model::RouteState Seen(const json& object) { return TraefikServiceRouter().Observe(object, All(), Front()); }

json Steered(const json& object, int weight) {
  const auto patch = TraefikServiceRouter().Render(IntentOf(All(), weight), object);
  return patch ? Apply(object, *patch)["spec"]["weighted"]["services"] : json(patch.error().message);
}

TEST(TraefikServiceRouter, AWeightThatIsNotGivenIsOne) {
  const model::RouteState state = Seen(Weighted({To("old", 8080), To("new", 9090)}));
  EXPECT_EQ(state.components.at(0).weight, base::Percent::Of(50));
  EXPECT_EQ(state.claimed_rules, std::vector<std::string>{"spec.weighted"});
}

TEST(TraefikServiceRouter, FindsTheServicesWhereverTheyStand) {
  EXPECT_EQ(Steered(Weighted({To("new", 9090, 0), To("old", 8080, 1)}), 30), json::array({To("new", 9090, 30), To("old", 8080, 70)}));
}

TEST(TraefikServiceRouter, NamesTheTargetByItsPortNumber) {
  EXPECT_EQ(Steered(Weighted(json::array({To("old", "http")})), 10), json::array({To("old", "http", 90), To("new", 9090, 10)}));
}

TEST(TraefikServiceRouter, AnotherTraefikServiceBehindItIsAStranger) {
  json nested = To("new", 9090, 0);
  nested["kind"] = "TraefikService";
  const auto problems = Seen(Weighted({To("old", 8080), nested})).components.at(0).problems;
  EXPECT_EQ(problems.at(0).reason, "ThirdBackend");
  EXPECT_EQ(problems.at(0).message, "spec.weighted sends to TraefikService new:9090 too");
}

TEST(TraefikServiceRouter, OneThatOnlyMirrorsHasNothingToSteer) {
  json object = Weighted(json::array());
  object["spec"] = {{"mirroring", {{"name", "old"}}}};
  EXPECT_EQ(Seen(object).problems.at(0).message, "route web has no spec.weighted");
  EXPECT_EQ(Steered(object, 0), "route web has no uid or no spec.weighted");
}

TEST(TraefikServiceRouter, ARollbackKeepsWhatBelongsToTheUser) {
  json object = RichService();
  object["spec"]["weighted"]["services"][1]["weight"] = 60;
  json expected = RichService()["spec"]["weighted"]["services"];
  expected[0]["weight"] = 100;
  EXPECT_EQ(Steered(object, 0), expected);
}

}  // namespace
}  // namespace softmig::routers::testing
