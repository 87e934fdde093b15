#include "router_conformance.hpp"
#include "routers/nginx/canary_ingress_router.hpp"

namespace softmig::routers::testing {
namespace {

std::unique_ptr<TrafficRouter> MakeRouter() { return std::make_unique<CanaryIngressRouter>(); }

json To(const std::string& service, const json& port) { return {{"service", {{"name", service}, {"port", port}}}}; }
json ByNumber(int port) { return {{"number", port}}; }

json Path(const std::string& path, json backend) { return {{"path", path}, {"pathType", "Prefix"}, {"backend", std::move(backend)}}; }

json Canary(const json& annotations, json paths) {
  json object{{"apiVersion", "networking.k8s.io/v1"}, {"kind", "Ingress"}};
  object["metadata"] = {{"name", "payments"}, {"namespace", "shop"}, {"uid", "uid-1"}, {"resourceVersion", "7"}, {"generation", 3}};
  object["metadata"]["annotations"] = {{kCanary, "true"}, {"nginx.ingress.kubernetes.io/canary-by-header", "x-beta"}, {"note", "<a&b>"}};
  object["metadata"]["annotations"].update(annotations);
  object["spec"] = {{"ingressClassName", "nginx"},
                    {"rules", json::array({{{"host", "pay.example"}, {"http", {{"paths", std::move(paths)}}}}})}};
  object["status"] = {{"loadBalancer", {{"ingress", json::array({{{"ip", "10.0.0.1"}}})}}}};
  return object;
}

json WithWeight(const char* weight) { return Canary({{kCanaryWeight, weight}}, json::array({Path("/", To("new", ByNumber(9090)))})); }

/// Two paths, one with its port's name, and parts of a thousand.
json InThousands() {
  return Canary({{kCanaryWeight, "0"}, {kCanaryTotal, "1000"}},
                json::array({Path("/a", To("new", ByNumber(9090))), Path("/b", To("new", {{"name", "http"}}))}));
}

model::RouteRef Front() {
  model::RouteRef route = Web();
  route.kind = model::RouteKind::kCanaryIngress;
  return route;
}

const model::Spec& All() {
  static const model::Spec kSpec = SpecOf({Component("all")});
  return kSpec;
}

INSTANTIATE_TEST_SUITE_P(Nginx, RouterConformance,
                         ::testing::Values(RouterCase{"CanaryIngress", MakeRouter, WithWeight("0"), All(), Front(), "metadata", false},
                                           RouterCase{"CanaryIngressInThousands", MakeRouter, InThousands(), All(), Front(), "metadata",
                                                      false}),
                         [](const auto& test) { return test.param.name; });

model::ComponentTraffic Seen(const json& object) { return CanaryIngressRouter().Observe(object, All(), Front()).components.at(0); }

/// The weight after it was rendered; null where there is none, a sentence where that is refused.
json Steered(const json& object, int weight) {
  const auto patch = CanaryIngressRouter().Render(IntentOf(All(), weight), object);
  if (!patch) return patch.error().message;
  return Apply(object, *patch)["metadata"]["annotations"].value(kCanaryWeight, json());
}

json Without(json object, const char* annotation) {
  object["metadata"]["annotations"].erase(annotation);
  return object;
}

TEST(CanaryIngressRouter, AWeightThatIsNotThereIsNone) {
  const json object = Without(WithWeight("0"), kCanaryWeight);
  EXPECT_EQ(Seen(object).weight, base::Percent::Of(0));
  EXPECT_EQ(Steered(object, 0), json());
  EXPECT_EQ(Steered(object, 25), "25");
  const auto saved = CanaryIngressRouter().Save(object, All(), Front());
  ASSERT_TRUE(saved);
  EXPECT_EQ(Apply(WithWeight("25"), CanaryIngressRouter().Restore(*saved, WithWeight("25")).value()), object);
}

TEST(CanaryIngressRouter, IsOnlyAddedWhereNothingHasChangedMeanwhile) {
  json object = Without(WithWeight("0"), kCanaryWeight);
  const auto patch = CanaryIngressRouter().Render(IntentOf(All(), 25), object);
  ASSERT_TRUE(patch);
  object["metadata"]["resourceVersion"] = "8";
  EXPECT_THROW(Apply(object, *patch), json::exception);
}

TEST(CanaryIngressRouter, CountsInPartsOfItsTotal) {
  EXPECT_EQ(Steered(InThousands(), 25), "250");
  json object = InThousands();
  object["metadata"]["annotations"][kCanaryWeight] = "255";
  EXPECT_EQ(Seen(object).weight, std::nullopt);
  EXPECT_TRUE(Seen(object).any_target);
  EXPECT_TRUE(Seen(object).problems.empty());
}

TEST(CanaryIngressRouter, ATotalThatHasNoPercentagesStopsAllButTheWayBack) {
  for (const char* total : {"50", "0", "many", "-100", ""}) {
    json object = WithWeight("10");
    object["metadata"]["annotations"][kCanaryTotal] = total;
    EXPECT_EQ(Seen(object).problems.at(0).message, "nginx.ingress.kubernetes.io/canary-weight-total is no multiple of 100") << total;
    EXPECT_EQ(Steered(object, 20), "route web: nginx.ingress.kubernetes.io/canary-weight-total is no multiple of 100") << total;
    EXPECT_EQ(Steered(object, 0), "0") << total;
  }
}

TEST(CanaryIngressRouter, AWeightThatIsNoNumberIsWrittenOver) {
  for (const char* weight : {"ten", "-1", " 5", "101", ""}) {
    EXPECT_EQ(Seen(WithWeight(weight)).weight, std::nullopt) << weight;
    EXPECT_TRUE(Seen(WithWeight(weight)).any_target) << weight;
    EXPECT_EQ(Steered(WithWeight(weight), 5), "5");
  }
}

TEST(CanaryIngressRouter, AnIngressThatIsNoCanaryIsAProblem) {
  for (const json& object :
       {Without(WithWeight("0"), kCanary), Canary({{kCanary, "false"}}, json::array({Path("/", To("new", ByNumber(9090)))}))}) {
    EXPECT_EQ(Seen(object).problems.at(0).message,
              "the Ingress is no canary: its annotation nginx.ingress.kubernetes.io/canary is not true");
    EXPECT_FALSE(CanaryIngressRouter().Save(object, All(), Front()));
  }
}

TEST(CanaryIngressRouter, SendsToTheTargetAndNobodyElse) {
  const auto problem = [](json paths) {
    const auto problems = Seen(Canary(json::object(), std::move(paths))).problems;
    return problems.empty() ? std::string() : problems.front().message;
  };
  EXPECT_EQ(problem(json::array({Path("/", To("new", ByNumber(9090))), Path("/b", To("old", ByNumber(8080)))})),
            "the canary Ingress sends to Service old:8080, not to new:9090");
  EXPECT_EQ(problem(json::array({Path("/", To("new", ByNumber(9091)))})), "the canary Ingress sends to Service new:9091, not to new:9090");
  EXPECT_EQ(problem(json::array({Path("/", {{"resource", {{"kind", "Bucket"}}}})})),
            "the canary Ingress sends to something that is no Service, not to new:9090");
  EXPECT_EQ(problem(json::array()), "the canary Ingress has no backend, where Service new should be");
}

TEST(CanaryIngressRouter, KnowsWhoWroteTheWeightFromWhoWroteOtherAnnotations) {
  const auto entry = [](const char* manager, const char* time, const char* annotation) {
    const json annotations = {{annotation, json::object()}};
    return json{{"manager", manager}, {"time", time}, {"fieldsV1", {{"f:metadata", {{"f:annotations", annotations}}}}}};
  };
  json object = WithWeight("10");
  object["metadata"]["managedFields"] =
      json::array({entry("kubectl", "2026-01-01T00:00:00Z", "f:nginx.ingress.kubernetes.io/canary-weight"),
                   entry("cert-manager", "2026-01-02T00:00:00Z", "f:note")});
  EXPECT_EQ(CanaryIngressRouter().Observe(object, All(), Front()).last_writer, "kubectl");
}

}  // namespace
}  // namespace softmig::routers::testing
