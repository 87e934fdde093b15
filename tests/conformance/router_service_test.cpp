#include "router_conformance.hpp"
#include "routers/service/service_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<ServiceRouter>(); }

json Pods(const char* version) { return {{"app", "pay"}, {"example.com/version", version}}; }
json Side(const char* version, const json& port = "http") { return {{"selector", Pods(version)}, {"targetPort", port}}; }

/// With what both sides select beside it.
json Entrance(json selector) {
  json object{{"apiVersion", "v1"}, {"kind", "Service"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}};
  object["spec"] = {{"clusterIP", "10.0.0.1"},
                    {"ports", json::array({{{"name", "web"}, {"port", 80}, {"targetPort", "http"}}, {{"name", "plain"}, {"port", 8080}}})},
                    {"selector", std::move(selector)},
                    {"sessionAffinity", "None"}};
  object["status"]["sides"] = {{"legacy", Side("1")}, {"target", Side("<2>")}};
  return object;
}

model::RouteRef Inside() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kService;
  return route;
}

const model::Spec& All() {
  static const model::Spec kSpec = SpecOf({Component("all")});
  return kSpec;
}

/// Adopted, and legacy's Service is gone since.
json WithoutLegacy() {
  json object = Entrance(Pods("1"));
  object["status"]["sides"]["saved"] = ServiceRouter().Save(object, All(), Inside()).value();
  object["status"]["sides"]["legacy"] = nullptr;
  return object;
}

INSTANTIATE_TEST_SUITE_P(Service, RouterConformance,
                         ::testing::Values(RouterCase{"Service", MakeRouter, Entrance(Pods("1")), All(), Inside(), "spec", false, true},
                                           RouterCase{"ServiceWhoseLegacyIsGone", MakeRouter, WithoutLegacy(), All(), Inside(), "spec",
                                                      false, true}),
                         [](const auto& test) { return test.param.name; });

model::ComponentTraffic Seen(const json& object) { return ServiceRouter().Observe(object, All(), Inside()).components.at(0); }

std::string Problem(const json& object) {
  const auto problems = Seen(object).problems;
  return problems.empty() ? std::string() : problems.front().message;
}

json Steered(const json& object, int weight) {
  const auto patch = ServiceRouter().Render(IntentOf(All(), weight), object);
  return patch ? Apply(object, *patch)["spec"]["selector"] : json(patch.error().message);
}

json With(json object, const char* pointer, json value) {
  object[json::json_pointer(pointer)] = std::move(value);
  return object;
}

TEST(ServiceRouter, KnowsNoShares) {
  EXPECT_EQ(Steered(Entrance(Pods("1")), 50), "route web is a Service: it sends everybody to one side");
  EXPECT_EQ(Steered(Entrance(Pods("1")), 100), Pods("<2>"));
}

TEST(ServiceRouter, TakesEverybodyBackWhateverItSelects) {
  const json odd = Entrance({{"app", "pay"}});
  EXPECT_EQ(Seen(odd).weight, std::nullopt);
  EXPECT_TRUE(Seen(odd).any_target) << "the pods of both";
  EXPECT_EQ(Problem(odd), "the Service selects neither what old selects nor what new does");
  EXPECT_EQ(Steered(odd, 0), Pods("1"));
}

TEST(ServiceRouter, FollowsWhatASideSelectsOnceItIsAdopted) {
  json object = Entrance(Pods("<2>"));
  object["status"]["sides"]["target"] = Side("<2.1>");
  object["status"]["sides"]["saved"] = R"({"selector": {"app": "pay"}})";
  EXPECT_EQ(Problem(object), "");
  EXPECT_EQ(Seen(object).weight, std::nullopt);
  EXPECT_EQ(Steered(object, 100), Pods("<2.1>"));
}

TEST(ServiceRouter, ARollbackNeedsNoServiceOfLegacy) {
  EXPECT_EQ(Steered(With(WithoutLegacy(), "/spec/selector", Pods("<2>")), 0), Pods("1"));
  json unknown = Entrance(Pods("<2>"));
  unknown["status"]["sides"].erase("legacy");
  EXPECT_EQ(Steered(unknown, 0), "route web: nobody knows what Service old selects");
}

TEST(ServiceRouter, ASelectorThatSelectsNothingIsNobodysToSwitch) {
  for (const json& selector : {json(), json::object(), json{{"app", 1}}}) {
    const json object = Entrance(selector);
    EXPECT_EQ(Problem(object), "the Service has no selector: its endpoints are somebody's own");
    EXPECT_FALSE(ServiceRouter().Save(object, All(), Inside()));
    EXPECT_EQ(Steered(object, 0), "route web has no uid, no selector or no weights");
    EXPECT_TRUE(ServiceRouter().Restore(R"({"selector": {"app": "pay"}})", object).value().empty());
  }
}

TEST(ServiceRouter, BothSidesMustSelectAndDiffer) {
  const json object = Entrance(Pods("1"));
  EXPECT_EQ(Problem(With(object, "/status/sides/target/selector", json())), "Service new has no selector that could be taken over");
  EXPECT_EQ(Problem(With(object, "/status/sides/legacy/selector", json::object())), "Service old has no selector that could be taken over");
  EXPECT_EQ(Problem(With(object, "/status/sides/target", Side("1"))), "Services old and new select the same pods");
}

TEST(ServiceRouter, BothSidesMustListenWhereTheServiceSends) {
  const json object = Entrance(Pods("1"));
  const auto on_port = [&](const json& port) {
    return Problem(With(With(object, "/status/sides/legacy", Side("1", port)), "/status/sides/target", Side("<2>", port)));
  };
  EXPECT_EQ(on_port(8080), "") << "a port without targetPort sends to its own number";
  EXPECT_EQ(on_port(80), "the Service does not send to port 80, on which legacy's pods listen");
  EXPECT_EQ(on_port("grpc"), "the Service does not send to port grpc, on which legacy's pods listen");
  EXPECT_EQ(Problem(With(object, "/status/sides/target", Side("<2>", 8080))),
            "legacy's pods listen on port http and the target's on 8080: a selector changes no ports");
}

TEST(ServiceRouter, GivesBackWhatWasSavedAndNotWhatLegacySelectsNow) {
  const auto saved = ServiceRouter().Save(Entrance(Pods("1")), All(), Inside());
  ASSERT_TRUE(saved);
  const json moved = With(Entrance(Pods("<2>")), "/status/sides/legacy", Side("1.1"));
  EXPECT_EQ(Apply(moved, ServiceRouter().Restore(*saved, moved).value())["spec"]["selector"], Pods("1"));
}

}  // namespace
}  // namespace softmig::routers::testing
