#include <gmock/gmock.h>

#include "routers/router_set.hpp"
#include "unit/reconcile/world.hpp"

namespace softmig::reconcile {
namespace {

using model::RouteKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json ProxyJson(int target = 0, const std::string& version = "20") {
  const json services = {{{"name", "old"}, {"port", 8080}, {"weight", 100 - target}},
                         {{"name", "new"}, {"port", 8080}, {"weight", target}}};
  return {{"apiVersion", "projectcontour.io/v1"},
          {"kind", "HTTPProxy"},
          {"metadata", {{"namespace", "shop"}, {"name", "shop"}, {"uid", "uid-proxy"}, {"resourceVersion", version}, {"generation", 3}}},
          {"spec", {{"routes", json::array({{{"services", services}}})}}}};
}

json ProxyMigrationJson() {
  json migration = MigrationJson("proxied");
  migration["spec"]["routes"] = json::array({{{"name", "web"}, {"contour", {{"httpProxy", "shop"}}}}});
  return migration;
}

/// A migration on the HTTPProxy `shop`, beside one on the HTTPRoute of the same name.
struct ProxyWorld {
  ProxyWorld() {
    Fill(world.cache.StoreOf(RouteKind::kHttpProxy), {ProxyJson()});
    Fill(world.cache.migrations(), {MigrationJson(), ProxyMigrationJson()});
    world.woken.clear();
  }
  [[nodiscard]] const Migration& migration() { return world.migration("proxied"); }

  World world{[](const http::Request&) { return Answer(200, ProxyJson(10, "21")); }};
  routers::RouterSet router;
  Executor executor{{world.client, router, world.cache, world.fence, world.migrations, world.routes}};
  Gatherer gatherer{world.cache, world.poller, router, kFinalizer};
};

TEST(RouteKinds, AnHttpProxyIsPatchedWhereItIsServed) {
  ProxyWorld proxy;
  const decide::ApplyTraffic to_ten{"web", {{"all", base::Percent::Of(10), false}}};
  ASSERT_TRUE(proxy.executor.Do(proxy.migration(), to_ten).has_value());
  const auto requests = proxy.world.transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0].url, HasSubstr("/apis/projectcontour.io/v1/namespaces/shop/httpproxies/shop?"));
  EXPECT_EQ(ProxyJson().patch(json::parse(requests[0].body))["spec"], ProxyJson(10)["spec"]);
  EXPECT_EQ(proxy.world.cache.StoreOf(RouteKind::kHttpProxy).Get({"shop", "shop"})->meta.resource_version, "21");
}

TEST(RouteKinds, TwoKindsOfOneNameAreTwoRoutes) {
  ProxyWorld proxy;
  proxy.world.cache.StoreOf(RouteKind::kHttpProxy).OnApplied(ProxyJson(5, "21"));
  EXPECT_THAT(proxy.world.woken, ElementsAre("shop/proxied"));
  proxy.world.woken.clear();
  proxy.world.cache.StoreOf(RouteKind::kHttpRoute).OnApplied(RouteJson(5, "21"));
  EXPECT_THAT(proxy.world.woken, ElementsAre("shop/payments"));
  const auto seen = proxy.gatherer.Gather(proxy.migration()).routes.at("web");
  EXPECT_TRUE(seen.claims.empty()) << "the HTTPRoute is another migration's, and another object";
}

TEST(RouteKinds, WhatIsKeptOfAnObjectIsWhatItsRouterReads) {
  ProxyWorld proxy;
  json object = ProxyJson();
  object["metadata"]["labels"] = {{"team", "payments"}};
  object["metadata"]["managedFields"] = json::array(
      {{{"manager", "kubectl"},
        {"operation", "Update"},
        {"time", "2026-01-01T00:00:00Z"},
        {"fieldsV1", {{"f:spec", {{"f:routes", {{".", 1}}}}}}}},
       {{"manager", "contour"}, {"operation", "Update"}, {"time", "2026-01-01T00:00:00Z"}, {"fieldsV1", {{"f:status", {{".", 1}}}}}}});
  const RouteObject kept = ProjectRoute(routers::RowOf(RouteKind::kHttpProxy), object);
  EXPECT_EQ(kept.object["kind"], "HTTPProxy");
  EXPECT_EQ(kept.object["spec"], object["spec"]);
  EXPECT_FALSE(kept.object["metadata"].contains("labels"));
  ASSERT_EQ(kept.object["metadata"]["managedFields"].size(), 1U);
  EXPECT_EQ(kept.object["metadata"]["managedFields"][0]["fieldsV1"], json::parse(R"({"f:spec": {"f:routes": {}}})"));
}

TEST(RouteKinds, ARouteLeadsToTheServicesThatItNames) {
  const kube::ObjectKey service{"shop", "new"};
  EXPECT_TRUE(routers::MayLeadTo(RouteJson(), service)) << "with weight 0";
  EXPECT_TRUE(routers::MayLeadTo(ProxyJson(), service));
  EXPECT_FALSE(routers::MayLeadTo(RouteJson(), {"other", "new"}));
  EXPECT_FALSE(routers::MayLeadTo(RouteJson(), {"shop", "all"})) << "a rule's name";
  json route = RouteJson();
  json& backend = route["spec"]["rules"][0]["backendRefs"][1];
  backend["namespace"] = "other";
  EXPECT_FALSE(routers::MayLeadTo(route, service));
  EXPECT_TRUE(routers::MayLeadTo(route, {"other", "new"}));
  backend["kind"] = "ServiceImport";
  EXPECT_FALSE(routers::MayLeadTo(route, {"other", "new"}));
  route["spec"]["parentRefs"] = {{{"kind", "Gateway"}, {"name", "edge"}, {"port", 80}}};
  EXPECT_FALSE(routers::MayLeadTo(route, {"shop", "edge"}));
  EXPECT_FALSE(routers::MayLeadTo(json("no object"), service));
  const auto to_host = [](const std::string& host) {
    return json{{"metadata", {{"namespace", "shop"}}}, {"spec", {{"http", {{{"route", {{{"destination", {{"host", host}}}}}}}}}}}};
  };
  EXPECT_TRUE(routers::MayLeadTo(to_host("new"), service));
  EXPECT_TRUE(routers::MayLeadTo(to_host("new.shop.svc.cluster.local"), service));
  EXPECT_FALSE(routers::MayLeadTo(to_host("new.other.svc.cluster.local"), service));
  EXPECT_FALSE(routers::MayLeadTo(to_host("newer"), service));
}

TEST(RouteKinds, OfAnIngressTheCanarysAnnotationsAreKept) {
  const std::string prefix = "nginx.ingress.kubernetes.io/";
  json object = {{"metadata", {{"namespace", "shop"}, {"name", "shop"}}}, {"spec", {{"rules", json::array()}}}};
  object["metadata"]["annotations"] = {{prefix + "canary", "true"},
                                       {prefix + "canary-weight", "5"},
                                       {prefix + "canary-weight-total", "1000"},
                                       {"note", std::string(100, 'x')}};
  const json fields = {{"f:annotations", {{"f:note", json::object()}, {"f:" + prefix + "canary-weight", json::object()}}}};
  object["metadata"]["managedFields"] =
      json::array({{{"manager", "a"}, {"fieldsV1", {{"f:metadata", fields}}}},
                   {{"manager", "b"}, {"fieldsV1", {{"f:metadata", {{"f:annotations", {{"f:note", 1}}}}}}}}});
  json kept = ProjectRoute(routers::RowOf(RouteKind::kCanaryIngress), object).object;
  object["metadata"]["annotations"].erase("note");
  EXPECT_EQ(kept["metadata"]["annotations"], object["metadata"]["annotations"]);
  ASSERT_EQ(kept["metadata"]["managedFields"].size(), 1U);
  const json canary_only = {{"f:" + prefix + "canary-weight", json::object()}};
  EXPECT_EQ(kept["metadata"]["managedFields"][0]["fieldsV1"], (json{{"f:metadata", {{"f:annotations", canary_only}}}}));
}

TEST(RouteKinds, HeaderFlagsAreSupportedWhereAllRoutesHaveThem) {
  ProxyWorld proxy;
  EXPECT_FALSE(proxy.gatherer.Gather(proxy.migration()).header_flags_supported);
  EXPECT_TRUE(proxy.gatherer.Gather(proxy.world.migration()).header_flags_supported);
}

}  // namespace
}  // namespace softmig::reconcile
